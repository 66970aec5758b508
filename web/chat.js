// The chat page: connects pollster.js with the document. Everything shown is computed from the client's
// state, so an event only has to say "look again".

import { Pollster } from './pollster.js';
import { Backoff } from './pollster/backoff.js';
import { byId } from './page/dom.js';
import { realTimers } from './pollster/defaults.js';
import { Drafts } from './pollster/drafts.js';
import { Editing } from './page/editing.js';
import { beginning } from './pollster/fold.js';
import { hue, initials, plural } from './page/format.js';
import { sends, whenPointerChanges } from './pollster/keys.js';
import { named } from './page/named.js';
import { isolated, shown, twinsAmong } from './pollster/names.js';
import { MessageList } from './page/message_list.js';
import { firstUnread, rowsOf } from './page/rows.js';
import { Search } from './page/search.js';
import { nameOf, ownStorage } from './pollster/own_storage.js';
import { keepsCookies, missing, openStorage } from './page/storage.js';
import { Tabs } from './page/tabs.js';
import { showUnsent, unsentOf } from './page/unsent.js';
import { showWalls, wallHref, wallOfHref } from './page/wall_list.js';

const base = document.querySelector('meta[name="pollster-api"]').content;
const storage = ownStorage(openStorage('localStorage'), base);
const cookies = keepsCookies();
const chat = new Pollster({
  base,
  auth: cookies ? 'cookie' : 'bearer',
  storage,
}, {
  onState: showState,
  onWalls: wallsChanged,
  onPosts: postsArrived,
  onChanged: postsChanged,
  onOutbox: (wallId) => {
    if (wallId === current.id) showPosts();
    else showLost();
  },
  onGap: (wall, { expected, got }) => console.error(`wall ${wall.id}: entry ${expected} is missing, got ${got}`),
});

// The wall on the screen. `placed`: its posts are loaded and the reader is at the first unread one; before
// that nothing counts as read. `missed`: posts that arrived below the window.
const current = { id: 0, placed: false, unreadFrom: null, missed: 0 };
const loading = new Set();  // ids of the walls of which a page is on its way
const tabs = new Tabs(chat, nameOf(base));
const drafts = new Drafts(storage, ownStorage(openStorage('sessionStorage'), base));
const backoff = new Backoff({ timers: realTimers, random: Math.random });  // of pages that were refused for now
let later = 0;  // the timer until one is asked for again
const AWAY = 60_000;  // ms; after this long in the background the list of walls is read again
const narrow = window.matchMedia('(max-width: 720px)');

const messages = new MessageList(byId('messages'), byId('posts'), {
  nearTop: loadOlder,
  endReached,
  retry: (key) => chat.retryPost(key),
  takeBack,
  edit: (post) => editing.open(post),
  remove: (post) => editing.ask(post),
  editor: () => editing.element,
});

const editing = new Editing({
  begun: (post) => drafts.get(chat.user, `edit ${post.post_id}`),
  keep: (post, text) => { if (chat.user) drafts.set(chat.user, `edit ${post.post_id}`, text); },
  edit: (post, body, signal) => chat.edit(current.id, post.post_id, body, signal),
  remove: (post, signal) => chat.remove(current.id, post.post_id, signal),
  shown: () => showPosts(),
  ended: (post, words) => {
    showPosts();
    messages.focus(post.post_id, 'Edit');
    byId('announce').textContent = words;
  },
});

const search = new Search({
  search: (words, before) => chat.search(current.id, words, before),
  closed: readIfSeen,
});

// ---- session ---------------------------------------------------------------------------------

async function startPage() {
  try {
    await chat.resume();  // ends in one of the states
  } catch (error) {
    showSignIn(`${error.message} Please try again.`);
  }
}

function showSignIn(message = '') {
  byId('app').hidden = byId('starting').hidden = true;
  byId('sign-in').hidden = false;
  byId('sign-in-error').textContent = message;
  byId(byId('name').value ? 'password' : 'name').focus();
}

async function signIn(event) {
  event.preventDefault();
  byId('sign-in-button').disabled = true;
  byId('sign-in-error').textContent = '';
  try {
    await chat.signIn(byId('name').value.trim(), byId('password').value);
  } catch (error) {
    showSignIn(error.message);
  } finally {
    byId('password').value = '';
    byId('sign-in-button').disabled = false;
  }
}

async function signOut() {
  // In all tabs, and also of walls that were taken away. What is written while this is asked stays.
  const unsent = unsentOf(storage, chat);
  if (unsent.length && !window.confirm('Some of your posts were not sent yet. Sign out and throw them away?')) return;
  try {
    const out = chat.signOut();
    for (const slot of unsent) storage?.removeItem(slot);
    await out;
    showSignIn();
  } catch {
    showSignIn('The server could not be told that you signed out. Sign in and out again when it is reachable.');
  }
}

const ENDED = {
  expired: 'Your session has ended. Please sign in again.',
  other_user: 'Another user has signed in in this browser, so this page has stopped. What you have not sent is kept for ' +
    'you. Sign in again, or reload the page to go on as that user.',
};

// Nothing of a user stays in the document.
function clearPage() {
  leaveWall();
  Object.assign(current, { id: 0, placed: false, unreadFrom: null, missed: 0 });
  byId('draft').value = '';
  byId('draft').placeholder = '';
  messages.show([]);
  showLost();
  for (const id of ['wall-name', 'my-name', 'my-avatar', 'announce', 'history-state', 'delete-text', 'offline-text', 'to-end-text']) {
    byId(id).textContent = '';
  }
  byId('room').hidden = true;
  history.replaceState(null, '', location.pathname);
}

function showState({ state, retryAt, reason }) {
  if (state === 'signed_out') {
    clearPage();
    return showSignIn(ENDED[reason] ?? '');
  }
  if (!chat.user) return showStart(state, retryAt, reason);
  byId('sign-in').hidden = byId('starting').hidden = true;
  byId('app').hidden = false;
  showMe();
  byId('state').textContent = { connecting: 'Connecting…', online: 'Connected', offline: 'Not connected' }[state];
  byId('state').dataset.state = state;
  byId('offline').hidden = state !== 'offline';
  if (state === 'online') loadMissing();
  if (state === 'offline') {
    byId('offline-text').textContent = tryingAgain(retryAt, reason);
  }
}

function showMe() {
  const { id, name } = chat.user;
  byId('my-name').replaceChildren(named('span', id, name));
  byId('my-avatar').textContent = initials(name);
  byId('my-avatar').className = `avatar ${hue(name)}`;
}

function tryingAgain(retryAt, reason) {
  const seconds = Math.max(1, Math.round((retryAt - Date.now()) / 1_000));
  return `${reason} Trying again in ${plural(seconds, 'a second', '% seconds')}.`;
}

// Before it is known who is signed in.
function showStart(state, retryAt, reason) {
  byId('starting').hidden = false;
  byId('start-text').textContent = state === 'offline' ? tryingAgain(retryAt, reason) : 'Connecting…';
  byId('start-now').hidden = state !== 'offline';
}

// ---- walls -----------------------------------------------------------------------------------

function wallsChanged() {
  showWalls(byId('walls'), chat.walls, current.id);
  byId('no-walls').hidden = chat.walls.size > 0;
  showTitle();
  showLost();
  if (!chat.user) return;
  showMe();
  if (!chat.walls.has(current.id)) chooseWall();
  else showName(chat.walls.get(current.id));
}

function showTitle() {
  const unread = [...chat.walls.values()].reduce((sum, wall) => sum + wall.unread, 0);
  const name = chat.walls.get(current.id)?.name;
  document.title = (unread ? `(${unread}) ` : '') + (name ? `${isolated(name)} · Pollster` : 'Pollster');
}

// Shows the wall that the address names. A wide screen always shows one, a phone starts with the list.
function chooseWall() {
  const wanted = wallOfHref(location.hash);
  if (!chat.walls.has(wanted) && !narrow.matches && chat.walls.size > 0) {
    history.replaceState(null, '', wallHref(chat.walls.keys().next().value));
    return chooseWall();
  }
  leaveWall();
  current.id = chat.walls.has(wanted) ? wanted : 0;
  byId('app').classList.toggle('in-room', current.id !== 0);
  byId('room').hidden = current.id === 0;
  byId('no-room').hidden = current.id !== 0;
  showWalls(byId('walls'), chat.walls, current.id);
  showTitle();
  if (current.id) openWall(chat.walls.get(current.id));
}

// Everything that belongs to the wall on the screen closes with it.
function leaveWall() {
  editing.close();
  search.close();
}

// Wherever the wall on the screen is named; it may be renamed meanwhile.
function showName(wall) {
  byId('wall-name').replaceChildren(named('span', wall.id, wall.name, { twin: twinsAmong(chat.walls.values()).has(wall.id) }));
  byId('draft').placeholder = `Post to ${isolated(wall.name)}`;
  if (wall.complete) byId('history-state').textContent = historyText(wall);
}

const historyText = (wall) => (wall.complete ? `This is the beginning of ${isolated(wall.name)}.` : '');

async function openWall(wall) {
  Object.assign(current, { placed: false, unreadFrom: null, missed: 0 });
  showName(wall);
  byId('draft').value = drafts.get(chat.user, `wall ${wall.id}`);
  draftChanged();
  showPosts('end');
  if (!narrow.matches) byId('draft').focus();
  await fillWall(wall);
}

async function fillWall(wall) {
  if (!await loadPage(wall, () => chat.open(wall.id)) || current.id !== wall.id) return;
  // The line stands above the first unread post, however many pages back that is.
  const held = () => chat.walls.get(wall.id);
  const first = () => firstUnread(held().posts, held(), chat.user);
  while (first() === undefined && await loadPage(wall, () => chat.loadOlder(wall.id, 200))) {
    if (current.id !== wall.id) return;
  }
  if (current.id !== wall.id) return;
  current.unreadFrom = first() === undefined ? held().posts[0].id : first();  // undefined: a page could not be loaded
  current.placed = true;
  showPosts(current.unreadFrom === null ? 'end' : 'new');
}

// ---- posts -----------------------------------------------------------------------------------

// Posts that no wall on the list shows: theirs was taken away.
function showLost() {
  showUnsent(chat.walls.size || chat.state === 'online' ? chat.getSnapshot().outbox.filter(({ wall }) => !chat.walls.has(wall)) : [],
             (key) => chat.discardPost(key));
}

function showPosts(jump) {
  const wall = chat.walls.get(current.id);
  if (!wall) return;
  const view = { me: chat.user, unreadFrom: current.unreadFrom, now: Date.now(), editing: editing.postId };
  messages.show(rowsOf(wall.posts, chat.outbox(wall.id), view), jump);
  if (wall.loaded) byId('history-state').textContent = historyText(wall);
}

function postsArrived(wall, posts) {
  const others = posts.filter((post) => post.user_id !== chat.user.id && post.body !== null);
  tabs.arrived(wall);
  if (wall.id !== current.id) return;
  if (!messages.atEnd) current.missed += others.length;
  showPosts();
  // Our own post must not silence the one before it.
  if (others.length) byId('announce').textContent = others.slice(-3).map((post) => `${shown(post.user_name)}: ${beginning(post.body)}`).join('\n');
  readIfSeen();
}

function postsChanged(wall, changes) {
  if (wall.id !== current.id) return;
  if (changes.some((entry) => entry.kind === 'delete' && entry.post_id === editing.postId)) editing.close();
  showPosts();
  search.changed(changes);
  readIfSeen();
}

// Loads what could not be loaded while the connection was lost, or was refused for now.
function loadMissing() {
  const wall = chat.walls.get(current.id);
  if (wall && !wall.loaded && !loading.has(wall.id)) fillWall(wall);
  else if (messages.nearTop) loadOlder();
}

function loadOlder() {
  const wall = chat.walls.get(current.id);
  if (wall?.loaded && !wall.complete && !loading.has(wall.id)) loadPage(wall, () => chat.loadOlder(wall.id));
}

// Runs one page load with its words at the top of the list. False if it failed; coming back online, scrolling on, and
// while online a while later, tries again.
async function loadPage(wall, load) {
  byId('history-state').textContent = 'Loading…';
  loading.add(wall.id);
  try {
    await load();
    backoff.reset();
    return true;
  } catch (error) {
    clearTimeout(later);
    if (error.passing) later = setTimeout(() => { if (chat.state === 'online') loadMissing(); }, backoff.next(error.retryAfter));
    if (current.id === wall.id) byId('history-state').textContent = `Older posts could not be loaded: ${error.message}`;
    return false;
  } finally {
    loading.delete(wall.id);
  }
}

function endReached(atEnd) {
  if (atEnd) current.missed = 0;
  byId('to-end').hidden = atEnd;
  byId('to-end-text').textContent = current.missed ? plural(current.missed, '1 new post', '% new posts') : '';
  byId('to-end').setAttribute('aria-label', current.missed ? plural(current.missed, 'To 1 new post', 'To % new posts') : 'To the newest post');
  if (atEnd) readIfSeen();
}

function readIfSeen() {
  const wall = chat.walls.get(current.id);
  if (!wall || !current.placed || !messages.atEnd || search.open || document.visibilityState !== 'visible') return;
  chat.markRead(wall.id);
  tabs.tell(wall);
}

// ---- composer --------------------------------------------------------------------------------

function send(event) {
  event?.preventDefault();
  const body = byId('draft').value.trim();
  if (!body || !current.id) return;
  byId('draft').value = '';
  draftChanged();
  current.unreadFrom = null;
  search.close();
  chat.post(current.id, body);
  messages.toEnd();
}

// A post that was refused becomes a draft again: its text may be all that is wrong with it.
function takeBack(key) {
  const { body } = chat.outbox(current.id).find((item) => item.key === key);
  byId('draft').value = [byId('draft').value, body].filter(Boolean).join('\n');
  draftChanged();
  chat.discardPost(key);
  byId('draft').focus();
}

function draftChanged() {
  const draft = byId('draft');
  if (chat.user && current.id) drafts.set(chat.user, `wall ${current.id}`, draft.value);
  byId('send').disabled = draft.value.trim() === '';
  draft.style.height = 'auto';
  draft.style.height = `${draft.scrollHeight + draft.offsetHeight - draft.clientHeight}px`;  // and its borders
}

// ---- events ----------------------------------------------------------------------------------

byId('late').remove();  // all parts of the page are there
byId('sign-in-form').addEventListener('submit', signIn);
byId('sign-out').addEventListener('click', signOut);
for (const id of ['try-now', 'start-now']) byId(id).addEventListener('click', () => chat.retryNow());
byId('back').addEventListener('click', () => { location.hash = ''; });
byId('to-end').addEventListener('click', () => messages.toEnd());
byId('composer').addEventListener('submit', send);
byId('draft').addEventListener('input', draftChanged);
byId('draft').addEventListener('keydown', (event) => { if (sends(event)) send(event); });
byId('send').addEventListener('mousedown', (event) => event.preventDefault());  // a phone's keyboard stays open
whenPointerChanges((coarse) => {
  byId('draft').enterKeyHint = coarse ? 'enter' : 'send';
  byId('send').title = coarse ? 'Send' : 'Send (Enter)';
});
window.addEventListener('hashchange', () => { if (chat.user) chooseWall(); });
// `resume` is of a page that was frozen, `pageshow` of one that comes back with the back button.
document.addEventListener('freeze', () => chat.rest());
for (const event of ['online', 'offline', 'pageshow']) window.addEventListener(event, () => chat.retryNow());
document.addEventListener('resume', () => chat.retryNow());
let hiddenAt = 0;
document.addEventListener('visibilitychange', () => {
  const visible = document.visibilityState === 'visible';
  chat.watched = visible;
  if (!visible) {
    hiddenAt = Date.now();
    return;
  }
  chat.retryNow();
  if (!chat.user) return;
  if (Date.now() - hiddenAt > AWAY) chat.refreshWalls();  // walls given, posts read on another device
  showPosts();  // "Today" may be yesterday by now
  readIfSeen();
});

for (const place of document.querySelectorAll('.not-kept')) place.textContent = missing(storage, cookies);
chat.watched = document.visibilityState === 'visible';
startPage();
