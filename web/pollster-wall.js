// <pollster-wall wall="3">: one wall on any page, with what is written there now, older posts, and a field to write. In
// this file is all of it but the library; docs/EMBED.md has examples and the CSS variables. It works under a content
// policy without 'unsafe-inline' and with require-trusted-types-for: styles are a constructed sheet, and nothing is
// parsed as HTML.
//
// Attributes: wall, its id; base, where the application is mounted ('/api/'); token, a session; readonly, no field to
// write. Properties: token, which may also be a function as Pollster takes it; chat, a Pollster of yours, or the one in
// use. Elements with the same base and token share a Pollster. A visitor who is not signed in reads a wall that is open
// to all, and writes nothing; until somebody is signed in the slot "signed-out" is shown, and resume() asks again. The
// event "pollster-state" (bubbles, detail: a snapshot of the library) tells of each change of the state.

import { Pollster } from './pollster.js';
import { Backoff } from './pollster/backoff.js';
import { realTimers } from './pollster/defaults.js';
import { Drafts } from './pollster/drafts.js';
import { foldAt } from './pollster/fold.js';
import { sends } from './pollster/keys.js';
import { authorsOf, shown, twinsAmong } from './pollster/names.js';
import { nameOf, ownStorage } from './pollster/own_storage.js';

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { display: flex; flex-direction: column; box-sizing: border-box; height: var(--pollster-height, 24rem);
    font: var(--pollster-font, 1rem/1.4 system-ui, sans-serif); color: var(--pollster-color, CanvasText);
    background: var(--pollster-background, Canvas); border: 1px solid var(--pollster-border, GrayText);
    border-radius: var(--pollster-radius, .5rem); overflow: hidden }
  :host([hidden]), [hidden] { display: none !important }
  header, p, form { margin: 0; padding: .5rem .75rem; display: flex; gap: .5rem; align-items: baseline }
  header { border-bottom: 1px solid var(--pollster-border, GrayText); font-weight: 600 }
  .posts { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: .5rem .75rem }
  ol { list-style: none; margin: 0; padding: 0 }
  li { margin-block: .25rem; padding: .25rem .5rem; border-radius: var(--pollster-radius, .5rem); overflow-wrap: anywhere }
  .own { background: var(--pollster-own, color-mix(in srgb, currentColor 8%, transparent)) }
  .name { font-weight: 600; margin-inline-end: .5rem }
  time, .quiet { color: var(--pollster-muted, GrayText); font-size: .85em; font-weight: 400 }
  .text { white-space: pre-wrap; display: block }
  .pending { opacity: .6 }
  .failed { color: var(--pollster-error, #b00020) }
  form { border-top: 1px solid var(--pollster-border, GrayText) }
  textarea { flex: 1; font: inherit; color: inherit; background: transparent; resize: none;
    border: 1px solid var(--pollster-border, GrayText); border-radius: var(--pollster-radius, .5rem); padding: .35rem .5rem }
  button { font: inherit; border: 0; border-radius: var(--pollster-radius, .5rem); padding: .35rem .75rem; cursor: pointer;
    background: var(--pollster-accent, LinkText); color: var(--pollster-accent-text, Canvas) }
`);

const STATES = { connecting: 'Connecting…', offline: 'Not connected', online: '' };
const SIGNED_OUT = { expired: 'Your session has ended.', other_user: 'Another user has signed in.' };

// {base, token, chat, count}: the Pollsters that elements of this page share.
const shared = [];

function take(base, token) {
  let found = shared.find((one) => one.base === base && one.token === token);
  if (!found) {
    const foreign = new URL(base, document.baseURI).origin !== location.origin;
    const chat = new Pollster({ base, token, storage: ownStorage(openStorage('localStorage'), base), credentials: foreign ? 'include' : 'same-origin' });
    found = { base, token, chat, count: 0, returned: () => { chat.watched = !document.hidden; if (!document.hidden) chat.retryNow(); } };
    shared.push(found);
    for (const event of ['online', 'offline', 'pageshow']) window.addEventListener(event, found.returned);
    document.addEventListener('visibilitychange', found.returned);
    chat.watched = !document.hidden;
    begin(chat, token, () => shared.includes(found));
  }
  found.count += 1;
  return found;
}

// The session that there is, or else a guest of what is open to all. wanted(): whether anybody still shows this chat;
// what begins after that nobody would end.
async function begin(chat, token, wanted) {
  try {
    const user = await chat.resume();
    if (!user && !token && wanted() && chat.getSnapshot().reason !== 'other_user') await chat.resume({ guest: true });
  } catch { /* the state tells */ }
}

function giveBack(one) {
  one.count -= 1;
  if (one.count > 0) return;
  shared.splice(shared.indexOf(one), 1);
  for (const event of ['online', 'offline', 'pageshow']) window.removeEventListener(event, one.returned);
  document.removeEventListener('visibilitychange', one.returned);
  one.chat.stop();
}

function openStorage(name) {
  try {
    return window[name];
  } catch {
    return null;  // forbidden
  }
}

// Of each chat its own: users and walls of all have the same numbers.
const draftsOf = new Map();
function drafts(base) {
  const name = nameOf(base);
  if (!draftsOf.has(name)) draftsOf.set(name, new Drafts(...['localStorage', 'sessionStorage'].map((kind) => ownStorage(openStorage(kind), base))));
  return draftsOf.get(name);
}

// An element with properties, and children that are elements or texts.
const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

// A long text as its beginning, with a button for the rest.
function folded(body) {
  const end = foldAt(body);
  if (end === body.length) return [body];
  const button = make('button', { type: 'button', textContent: 'Show the rest' });
  button.addEventListener('click', () => { button.parentNode.replaceChildren(body); });
  return [`${body.slice(0, end)}… `, button];
}

// Beside a name that looks like another one.
const mark = (id, twins) => (twins.has(id) ? ` #${id}` : '');

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' });

export class PollsterWall extends HTMLElement {
  static observedAttributes = ['wall', 'base', 'token', 'readonly'];
  #token = null;
  #given = null;      // the Pollster that was handed in
  #used = null;       // of `shared`, unless one was handed in
  #chat = null;
  #leave = null;      // ends the subscription
  #due = false;       // to be connected, or drawn, in a moment
  #rows = new Map();  // key -> {of, row}: what is on the screen, and what it shows
  #wall = null;       // what was drawn last
  #shown = null;      // whose wall that is: [chat, wall's id]
  #reading = null;    // an object of the reading under way
  #backoff = new Backoff({ timers: realTimers, random: Math.random });
  #again = 0;         // the timer until what was refused for now is read again
  #error = '';
  #writer = null;     // whose draft is in the field, and where it is kept: {user, place, kept}
  #seen = false;
  #part = {};
  #returned = () => this.#markRead();

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    const p = this.#part;
    p.name = make('bdi');
    p.state = make('span', { className: 'quiet', role: 'status' });
    p.older = make('button', { textContent: 'Older posts', type: 'button' });
    p.list = make('ol', { role: 'log' });
    p.scroll = make('div', { className: 'posts', tabIndex: 0 }, p.older, p.list);
    p.text = make('textarea', { rows: 1, dir: 'auto', ariaLabel: 'Your post', maxLength: 16_000 });
    p.form = make('form', {}, p.text, make('button', { textContent: 'Send' }));
    p.signedOut = make('p', {}, make('slot', { name: 'signed-out' }, 'Please sign in.'));
    p.notice = make('p', { className: 'failed', role: 'alert' });
    root.append(make('header', {}, p.name, p.state), p.notice, p.signedOut, p.scroll, p.form);
    for (const [name, part] of Object.entries({ header: root.firstChild, posts: p.scroll, form: p.form })) part.part = name;

    p.older.addEventListener('click', () => this.#read((chat) => chat.loadOlder(this.wall)));
    p.form.addEventListener('submit', (event) => { event.preventDefault(); this.#send(); });
    p.text.addEventListener('keydown', (event) => {
      if (!sends(event)) return;
      event.preventDefault();
      this.#send();
    });
    p.text.addEventListener('input', () => this.#written());
    p.scroll.addEventListener('scroll', () => this.#markRead());
    new IntersectionObserver((entries) => { this.#seen = entries.at(-1).isIntersecting; this.#markRead(); }).observe(this);
  }

  get wall() {
    const id = this.getAttribute('wall');
    return Number.isSafeInteger(+id) ? +id : id;
  }
  set wall(id) { this.setAttribute('wall', id); }
  get token() { return this.#token ?? this.getAttribute('token'); }
  set token(token) { this.#token = token; this.#soon(); }
  get chat() { return this.#given ?? this.#chat; }
  set chat(chat) { this.#given = chat; this.#soon(); }

  async resume() {
    const [chat, used] = [this.#chat, this.#used];
    if (chat) await begin(chat, this.token, () => (used ? shared.includes(used) : this.#chat === chat));
  }

  connectedCallback() {
    // Set before this file was loaded, and so beside the accessors of the class.
    for (const name of ['wall', 'token', 'chat']) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    document.addEventListener('visibilitychange', this.#returned);
    this.#soon();
  }

  disconnectedCallback() {
    document.removeEventListener('visibilitychange', this.#returned);
    this.#soon();
  }

  attributeChangedCallback() { this.#soon(); }

  // After all that is set, or moved, in this moment.
  #soon() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#connect();
    });
  }

  #connect() {
    const base = this.getAttribute('base') ?? '/api/';
    const wanted = this.isConnected && !this.#given ? { base, token: this.token ?? undefined } : null;
    const before = this.#used;
    if (!wanted || wanted.base !== before?.base || wanted.token !== before?.token) {
      this.#used = wanted && take(wanted.base, wanted.token);
      if (before) giveBack(before);
    }
    const chat = this.isConnected ? this.#given ?? this.#used?.chat : null;
    if (chat !== this.#chat) {
      this.#leave?.();
      this.#chat = chat;
      this.#leave = chat?.subscribe(() => this.#show());
    }
    if (chat) this.#show();
    else this.#forget();
  }

  // Nothing is being read, or to be read again, of another chat or wall.
  #forget() {
    clearTimeout(this.#again);
    this.#reading = null;
    this.#error = '';
    this.#backoff.reset();
  }

  #show() {
    const now = this.#chat.getSnapshot();
    const wall = now.walls.get(this.wall);
    const p = this.#part;
    if (this.#shown?.chat !== this.#chat || this.#shown.id !== this.wall) {
      this.#shown = { chat: this.#chat, id: this.wall };
      this.#forget();
    }
    if (p.state.dataset.state !== now.state) {
      p.state.dataset.state = now.state;
      this.#error = '';
      this.dispatchEvent(new CustomEvent('pollster-state', { bubbles: true, composed: true, detail: now }));
    }
    if (wall && !this.#wall) this.#error = '';  // it was granted
    const out = now.state === 'signed_out';
    const guest = now.user?.id === 0;
    p.name.textContent = wall ? shown(wall.name) + mark(wall.id, twinsAmong(now.walls.values())) : '';
    p.state.textContent = STATES[now.state] ?? '';
    p.state.title = now.reason ?? '';
    p.signedOut.hidden = !(out || (guest && this.querySelector('[slot=signed-out]')));
    p.notice.textContent = out ? SIGNED_OUT[now.reason] ?? '' : this.#error;
    p.notice.hidden = p.notice.textContent === '';
    p.form.hidden = out || guest || !wall || this.hasAttribute('readonly');
    p.older.hidden = !wall?.loaded || wall.complete;
    this.#showDraft(wall ? now.user : null);
    this.#draw(wall, out ? [] : now.outbox.filter(({ wall: id }) => id === this.wall), now.user);
    if (now.user && !wall?.loaded && !this.#error && !this.#reading) this.#read((chat) => chat.open(this.wall));
    this.#markRead();
  }

  // A text belongs to the user who has begun it, on this wall; it outlives a reload, and the end of a session.
  #showDraft(user) {
    const kept = drafts(this.getAttribute('base') ?? '/api/');
    const place = `element ${this.wall}`;
    if (user?.id === this.#writer?.user.id && (!user || (place === this.#writer.place && kept === this.#writer.kept))) return;
    this.#writer = user && { user, place, kept };
    this.#part.text.value = user ? kept.get(user, place) : '';
  }

  #written() {
    if (this.#writer) this.#writer.kept.set(this.#writer.user, this.#writer.place, this.#part.text.value);
  }

  // Keeps each row that shows what it is to show, and the place of the reader.
  #draw(wall, outbox, user) {
    const { scroll, list } = this.#part;
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 8;
    const fromEnd = scroll.scrollHeight - scroll.scrollTop;
    const older = this.#wall?.id === wall?.id && this.#wall?.posts[0] !== wall?.posts[0];
    const rows = new Map();
    const posts = wall?.loaded ? wall.posts : [];
    const { names, twins } = authorsOf(posts, user);
    for (const post of posts) {
      if (post.body === null) continue;
      const name = shown(names.get(post.user_id)) + mark(post.user_id, twins);
      this.#keep(rows, `post ${post.post_id}`, [post, name], () => this.#row(post, name, user));
    }
    for (const item of outbox) this.#keep(rows, `sent ${item.key}`, [item], () => this.#pending(item));
    for (const [key, { row }] of this.#rows) if (rows.get(key)?.row !== row) row.remove();
    let at = list.firstChild;
    for (const { row } of rows.values()) {
      if (row === at) at = at.nextSibling;
      else list.insertBefore(row, at);
    }
    this.#rows = rows;
    this.#wall = wall;
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
    else if (older) scroll.scrollTop = scroll.scrollHeight - fromEnd;
  }

  #keep(rows, key, of, make_) {
    const held = this.#rows.get(key);
    rows.set(key, held?.of.every((part, n) => part === of[n]) ? held : { of, row: make_() });
  }

  #row({ user_id, created_at, edited_at, body }, name, user) {
    // Any writer may have written any date, and any name.
    const when = Date.parse(created_at);
    const time = Number.isNaN(when) ? 'unknown time' : clock.format(when);
    return make('li', { className: user_id === user?.id ? 'own' : '' },
                make('bdi', { className: 'name', title: `#${user_id}`, textContent: name }),
                make('time', { dateTime: created_at, textContent: time + (edited_at ? ' (edited)' : '') }),
                make('span', { className: 'text', dir: 'auto' }, ...folded(String(body))));
  }

  #pending({ key, body, state, reason }) {
    const row = make('li', { className: 'own pending' }, make('span', { className: 'text', dir: 'auto', textContent: body }));
    if (state !== 'failed') return row;
    const act = (textContent, act_) => {
      const button = make('button', { textContent, type: 'button' });
      button.addEventListener('click', act_);
      return button;
    };
    row.className = 'own';
    row.append(make('span', { className: 'failed', textContent: `Not sent: ${reason} ` }),
               act('Try again', () => this.#chat.retryPost(key)), ' ', act('Discard', () => this.#chat.discardPost(key)));
    return row;
  }

  async #read(load) {
    const reading = this.#reading = {};
    let error = null;
    try {
      await load(this.#chat);
    } catch (thrown) {
      error = thrown;
    }
    if (this.#reading !== reading) return;  // of another wall, or another chat, by now
    this.#reading = null;
    if (!error) this.#backoff.reset();
    else if (!['signed_out', 'aborted'].includes(error.kind)) this.#error = error.message;
    // What passes is tried again in a while, or when the state changes.
    clearTimeout(this.#again);
    if (error?.passing) {
      this.#again = setTimeout(() => {
        this.#error = '';
        if (this.#chat) this.#show();
      }, this.#backoff.next(error.retryAfter));
    }
    if (this.#chat && error?.kind !== 'aborted') this.#show();  // a chat that was stopped would be asked without an end
  }

  #send() {
    const { text, scroll } = this.#part;
    const body = text.value.trim();
    if (!body) return;
    text.value = '';
    this.#written();
    scroll.scrollTop = scroll.scrollHeight;
    this.#chat.post(this.wall, body);
  }

  #markRead() {
    const { scroll } = this.#part;
    if (!this.#seen || document.hidden || !this.#wall?.loaded || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight >= 8) return;
    this.#chat?.markRead(this.wall);
  }
}

if (!customElements.get('pollster-wall')) customElements.define('pollster-wall', PollsterWall);
