// Whatever somebody waits for ends when the client is stopped, or its user is gone; and nothing begins after that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, FakeStorage, settle, wall } from './fakes.mjs';
import { client, signedIn } from './signed_in.mjs';

const ann = { id: 3, name: 'ann' };
const please = [401, { errors: ['Please sign in.'] }];

// ann is known, her walls are not yet.
async function resumed(options) {
  const all = client(options);
  const done = all.chat.resume();
  await settle();
  await all.network.call('GET', '/session').answer(200, { user: ann });
  await done;
  return all;
}

// All that returns a promise, by its name.
const waits = {
  open: (chat) => chat.open(1),
  loadOlder: (chat) => chat.loadOlder(1),
  search: (chat) => chat.search(1, 'words'),
  post: (chat) => chat.post(1, 'hi'),
  posted: (chat) => chat.posted(chat.post(1, 'hi').key),
  retryPost: (chat) => chat.retryPost(chat.post(1, 'hi').key),
  edit: (chat) => chat.edit(1, 9, 'x'),
  remove: (chat) => chat.remove(1, 9),
};

// 'pending', or how it has ended.
async function endOf(promise) {
  let end = 'pending';
  promise.then(() => { end = 'resolved'; }, ({ kind }) => { end = kind; });
  await settle();
  return end;
}

test('what was asked for before the list of walls has come ends with stop(), and so does what is asked for later', async () => {
  for (const [name, wait] of Object.entries(waits)) {
    const { chat, network, timers } = await resumed();
    const waiting = wait(chat);
    assert.equal(await endOf(waiting), 'pending', name);
    chat.stop();
    assert.equal(await endOf(waiting), 'aborted', name);
    assert.equal(await endOf(wait(chat)), 'aborted', name);
    await timers.pass(600_000);
    assert.equal(network.calls.length, 0, name);
  }
});

test('and with signOut()', async () => {
  for (const [name, wait] of Object.entries(waits)) {
    const { chat, network } = await resumed();
    const waiting = wait(chat);
    const out = chat.signOut();
    assert.match(await endOf(waiting), /aborted|signed_out/, name);
    await network.call('DELETE', '/session').answer(200, { signed_out: true });
    await out;
  }
});

test('what is on its way when stop() is called ends, too', async () => {
  for (const [name, wait] of Object.entries(waits)) {
    const { chat, network, timers } = await signedIn([wall(1, 56)]);
    const waiting = wait(chat);
    waiting.catch(() => {});
    await settle();
    chat.stop();
    await timers.pass(30_000);
    assert.notEqual(await endOf(waiting), 'pending', name);
    assert.equal(network.calls.length, 0, name);
  }
});

test('resume() that was stopped, or that another one has replaced, says so: nobody becomes a guest then', async () => {
  for (const end of [(chat) => chat.stop(), (chat) => { chat.resume(); }]) {
    const { chat } = client();
    const first = chat.resume();
    await settle();
    end(chat);
    await assert.rejects(first, { kind: 'aborted' });
  }
  const { chat, network } = client();
  const guest = chat.resume({ guest: true });  // nothing is open: that is no end by somebody else
  await settle();
  await network.call('GET', '/session').answer(...please);
  assert.equal(await guest, null);
});

test('nobody has to look: a stopped resume() is no error of the program', async () => {
  const unheard = [];
  const hear = (error) => unheard.push(error);
  process.on('unhandledRejection', hear);
  try {
    const { chat } = client();
    chat.resume();
    await settle();
    chat.stop();
    await settle();
    assert.deepEqual(unheard, []);
  } finally {
    process.off('unhandledRejection', hear);
  }
});

test('a post whose promise stop() has ended is in the outbox, and sent after the next resume()', async () => {
  const { chat, network } = await resumed();
  const sent = chat.post(1, 'hi', { key: 'order-17' });
  chat.stop();
  await assert.rejects(sent, { kind: 'aborted' });
  assert.equal(chat.outbox(1).length, 1);
  const again = chat.resume();
  await settle();
  await network.call('GET', '/session').answer(200, { user: ann });
  await again;
  const later = chat.posted('order-17');
  await network.call('POST', '/walls/1/posts').answer(201, { post: entry(57, { user_id: 3, body: 'hi' }) });
  assert.equal((await later).id, 57);
});

test('a promise of one user is not that of a post of the next, also under the same key', async () => {
  const storage = new FakeStorage();
  const { chat, network } = await signedIn(undefined, { storage });
  const sent = chat.post(1, 'of ann', { key: 'order-17' });
  await network.poll.answer(400, { errors: ['Invalid user!'] });
  assert.equal(await endOf(sent), 'pending');  // ann may come back
  const done = chat.signIn('bob', 'secret');
  await network.call('POST', '/session').answer(201, { session_id: 'x', user: { id: 4, name: 'bob' } });
  await done;
  await assert.rejects(sent, { kind: 'aborted' });
  assert.equal(storage.data.size, 1);
});

// Two tabs with one storage; that of B has a post that the server was too busy for.
async function twoTabs() {
  const storage = new FakeStorage();
  const [a, b] = [await signedIn(undefined, { storage }), await signedIn(undefined, { storage, newKey: () => 'of-b' })];
  const sent = b.chat.post(1, 'of b');
  await b.network.call('POST', '/walls/1/posts').answer(503, { errors: ['Not now.'] }, { 'Retry-After': '60' });
  return { storage, a, b, sent };
}

test('signing out in one tab leaves what another one has not sent', async () => {
  const { storage, a, b, sent } = await twoTabs();
  a.chat.post(1, 'of a');
  const out = a.chat.signOut();
  await a.network.call('DELETE', '/session').answer(200, { signed_out: true });
  await out;
  assert.deepEqual([...storage.data.keys()], ['pollster.outbox.3.of-b']);
  await b.network.poll.answer(400, { errors: ['Invalid user!'] });
  const again = b.chat.signIn('ann', 'secret');
  await b.network.call('POST', '/session').answer(201, { session_id: 'x', user: ann });
  await again;
  await b.network.call('POST', '/walls/1/posts').answer(201, { post: entry(57, { user_id: 3, body: 'of b' }) });
  assert.equal((await sent).id, 57);
});

test('what another tab has thrown away meanwhile is waited for by nobody', async () => {
  const { storage, b, sent } = await twoTabs();
  await b.network.poll.answer(400, { errors: ['Invalid user!'] });
  storage.data.clear();
  const again = b.chat.signIn('ann', 'secret');
  await b.network.call('POST', '/session').answer(201, { session_id: 'x', user: ann });
  await again;
  assert.equal(await sent, null);
});
