// What is unread: whatever comes first, the list of walls, news or a page of history, however old it is by then, each
// post of others above the read mark counts once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTabs } from './fake_browser.mjs';
import { entry, settle, wall } from './fakes.mjs';
import { signedIn } from './signed_in.mjs';

const me = 3;
const unread = (chat) => chat.walls.get(1).unread;
const news = (...entries) => ({ walls: { 1: { posts: entries } } });

test('a list that is ahead of the news, and news of what it has counted', async () => {
  const { chat, network } = await signedIn([wall(1, 56)]);
  chat.refreshWalls();
  await settle();
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 58, { unread: 2 })] });
  assert.equal(unread(chat), 2);
  await network.poll.answer(200, news(entry(57), entry(58), entry(59)));
  assert.equal(unread(chat), 3);
});

test('a list of before our read mark, ahead of the news', async () => {
  const { chat, network } = await signedIn([wall(1, 56, { unread: 5 })]);
  chat.markRead(1);
  chat.refreshWalls();
  await settle();
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 58, { read: 51, unread: 7 })] });
  assert.equal(unread(chat), 0);
  await network.poll.answer(200, news(entry(57), entry(58)));
  assert.equal(unread(chat), 2);
});

test('what was read elsewhere is read', async () => {
  const { chat, network } = await signedIn([wall(1, 56)]);
  chat.markRead(1);
  await network.poll.answer(200, news(entry(57), entry(58)));
  chat.refreshWalls();
  await settle();
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 58, { read: 58, unread: 0 })] });
  assert.equal(unread(chat), 0);
});

test('news that a page of history brings, and a page that is older than the news', async () => {
  const { chat, network } = await signedIn([wall(1, 56)]);
  const opened = chat.open(1);
  await network.history.answer(200, { posts: [entry(56), entry(57)], more: true, newest: 57 });
  await opened;
  await network.poll.answer(200, news(entry(57), entry(58)));
  assert.equal(unread(chat), 2);
  const other = await signedIn([wall(1, 56)]);
  const late = other.chat.open(1);
  await other.network.poll.answer(200, news(entry(57), entry(58)));
  await other.network.history.answer(200, { posts: [entry(55)], more: true, newest: 55 });
  await late;
  await other.network.poll.answer(200, news(entry(56), entry(57), entry(58)));
  assert.equal(unread(other.chat), 2);  // 56 was read before
});

test('an unread post that its author deletes is none any more, and that is told', async () => {
  const { chat, network, events } = await signedIn([wall(1, 56)]);
  await network.poll.answer(200, news(entry(57), entry(58)));
  const told = events.filter(([name]) => name === 'walls').length;
  await network.poll.answer(200, news(entry(59, { kind: 'delete', post_id: 9057, body: null })));
  assert.equal(unread(chat), 1);
  assert.equal(events.filter(([name]) => name === 'walls').length, told + 1);
});

test('an unread post that was deleted before its wall is opened is counted until all that is unread is held', async () => {
  const { chat, network, events } = await signedIn([wall(1, 56, { read: 53, unread: 3 })]);
  await network.poll.answer(200, news(entry(57, { kind: 'delete', post_id: 9055, body: null })));
  assert.equal(unread(chat), 3);
  const opened = chat.open(1);
  await network.history.answer(200, { posts: [entry(56)], more: true, newest: 57 });
  assert.equal((await opened).unread, 3);
  const told = events.filter(([name]) => name === 'walls').length;
  const older = chat.loadOlder(1);
  await network.history.answer(200, { posts: [entry(52), entry(53), entry(54)], more: true, newest: 57 });
  assert.equal((await older).unread, 2);
  assert.equal(events.filter(([name]) => name === 'walls').length, told + 1);
  await network.poll.answer(200, news(entry(58), entry(59, { kind: 'delete', post_id: 9054, body: null })));
  assert.equal(unread(chat), 2);
});

test('of two tabs with one connection, each counts once, whichever reads its list first', async () => {
  const { tabs, network } = await openTabs(2, [wall(1, 56)]);
  for (const { chat } of tabs) {
    const newest = chat.walls.get(1).newest;
    chat.refreshWalls();
    await settle();
    await network.call('GET', '/walls').answer(200, { walls: [wall(1, newest + 1, { unread: newest - 55 })] });
    await network.poll.answer(200, news(entry(newest + 1)));
    await settle();
    assert.deepEqual(tabs.map((tab) => unread(tab.chat)), [newest - 55, newest - 55]);
  }
});

// ---- the same at random ------------------------------------------------------------------------

// Numbers in [0, 1), the same ones for the same seed.
function randomBy(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Server {
  entries = [];
  read = 0;

  add(user_id) { this.entries.push(entry(this.entries.length + 1, { user_id })); }
  remove(at) {
    const { post_id, user_id } = this.entries[at];
    if (this.deleted(post_id)) return;
    this.entries.push(entry(this.entries.length + 1, { post_id, user_id, kind: 'delete', body: null }));
  }
  deleted(post) { return this.entries.some(({ post_id, kind }) => kind === 'delete' && post_id === post); }
  posts() { return this.entries.filter(({ kind, post_id }) => kind === 'post' && !this.deleted(post_id)); }
  get unread() { return this.posts().filter(({ id, user_id }) => id > this.read && user_id !== me).length; }

  list() { return { walls: [wall(1, this.entries.length, { read: this.read, unread: this.unread })] }; }
  after(cursor) {
    return news(...this.entries.slice(cursor).map((one) => (this.deleted(one.post_id) ? { ...one, body: null } : one)));
  }
  page(path) {
    const query = new URLSearchParams(path.split('?')[1]);
    const below = this.posts().filter(({ id }) => id < Number(query.get('before') ?? Infinity));
    const posts = below.slice(-Number(query.get('limit') ?? 50));
    return { posts, more: posts.length < below.length, before: posts[0]?.id, newest: this.entries.length };
  }
  answer({ method, path, form, body }) {
    if (path === '/') return this.after(Number(form['last_post_id[1]']));
    if (path === '/walls') return this.list();
    if (method === 'GET') return this.page(path);
    this.read = Math.max(this.read, Math.min(body.id, this.entries.length));
    return { read: this.read };
  }
}

// deletes: then the count may be too high until the list is read again, or all that is unread is held, because a client
// does not know all that the server has counted.
async function play(seed, deletes) {
  const random = randomBy(seed);
  const below = (most) => Math.floor(random() * most);
  const server = new Server();
  for (let n = below(9); n >= 0; n--) server.add(3 + below(2));
  server.read = below(server.entries.length + 1);
  const { chat, network, timers } = await signedIn(server.list().walls);
  chat.watched = false;  // no pings
  const written = new Map();  // call -> the server's answer, on its way
  const hangs = (call) => call.path === '/' && Number(call.form['last_post_id[1]']) >= server.entries.length;
  const steps = [
    () => server.add(4), () => server.add(4), () => server.add(me),
    () => { if (deletes) server.remove(below(server.entries.length)); },
    () => chat.markRead(1),
    () => chat.refreshWalls(),
    () => { chat.loadOlder(1, 1 + below(4)); },
    () => timers.pass(1_000),
  ];
  // The server answers a call, and the answer arrives later, if at all in another order.
  const write = (call) => { if (!written.has(call) && !hangs(call)) written.set(call, server.answer(call)); };
  const deliver = async (call) => {
    await call.answer(200, written.get(call));
    written.delete(call);
  };
  for (let step = 0; step < 60; step++) {
    const call = network.calls[below(network.calls.length)];
    const what = below(steps.length + 6);
    if (what < steps.length) await steps[what]();
    else if (call && written.has(call)) await deliver(call);
    else if (call) write(call);
    await settle();
  }
  const due = () => network.calls.find((one) => written.has(one) || !hangs(one));
  const all = async () => {
    for (let quiet = 0; quiet < 3; quiet++) {
      await timers.pass(1_000);  // when a read mark goes out
      for (let call = due(); call; call = due()) {
        write(call);
        await deliver(call);
        quiet = 0;
      }
    }
  };
  await all();
  if (deletes && !chat.walls.get(1).complete) {
    chat.refreshWalls();
    await all();
  }
  assert.equal(chat.walls.get(1).newest, server.entries.length, `seed ${seed}`);
  assert.equal(unread(chat), server.unread, `seed ${seed}`);
  chat.stop();
}

test('at random: when all has come, as many are unread as the server counts', async () => {
  for (let seed = 1; seed <= 300; seed++) await play(seed, seed % 2 === 0);
});
