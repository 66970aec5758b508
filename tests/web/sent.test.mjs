// The promise of a post: what it says, and when, also after a reload.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, FakeStorage, settle, wall } from './fakes.mjs';
import { client, signedIn } from './signed_in.mjs';

const POSTS = ['POST', '/walls/1/posts'];
const mine = (id, body) => ({ post: entry(id, { user_id: 3, user_name: 'ann', body }) });
const ann = { id: 3, name: 'ann' };

// The page is loaded anew, with what is left in the storage.
async function reloaded(storage, options = {}) {
  const all = client({ storage, ...options });
  const resumed = all.chat.resume();
  await settle();
  await all.network.call('GET', '/session').answer(200, { user: ann });
  await resumed;
  return all;
}

async function pending(promise) {
  const nothing = {};
  await settle();
  return await Promise.race([promise, nothing]) === nothing;
}

test('a post resolves with its entry, when wall.posts shows it', async () => {
  const { chat, network } = await signedIn();
  const sent = chat.post(1, 'hi');
  assert.equal(sent.key, 'key-1');
  assert.ok(await pending(sent));
  await network.call(...POSTS).answer(201, mine(57, 'hi'));
  assert.equal((await sent).id, 57);
  assert.equal(chat.walls.get(1).posts.at(-1).id, 57);
});

test('it waits through failures, and rejects with the refusal', async () => {
  const { chat, network, timers } = await signedIn();
  const sent = chat.post(1, 'hi');
  await network.call(...POSTS).fail();
  assert.ok(await pending(sent));
  await timers.pass(1_000);
  await network.call(...POSTS).answer(422, { errors: ['No.'] });
  await assert.rejects(sent, { kind: 'refused', status: 422, message: 'No.' });
  await assert.rejects(chat.posted('key-1'), { kind: 'refused', message: 'No.' });
  const again = chat.retryPost('key-1');
  await network.call(...POSTS).answer(201, mine(57, 'hi'));
  assert.equal((await again).id, 57);
});

test('nobody has to look: a refusal without a listener is no error of the program', async () => {
  const unheard = [];
  const hear = (error) => unheard.push(error);
  process.on('unhandledRejection', hear);
  try {
    const { chat, network } = await signedIn();
    chat.post(1, 'hi');
    chat.post(9, 'on no wall of mine');
    chat.posted('unknown');
    await network.call(...POSTS).answer(422, { errors: ['No.'] });
    await settle();
    assert.deepEqual(unheard, []);
  } finally {
    process.off('unhandledRejection', hear);
  }
});

test('after a reload posted(key) is the promise of a post that was not acknowledged before', async () => {
  const storage = new FakeStorage();
  const before = await signedIn(undefined, { storage });
  before.chat.post(1, 'hi');
  before.chat.stop();
  const { chat, network } = await reloaded(storage);
  const [{ key }] = chat.outbox(1);
  const sent = chat.posted(key);
  await network.call(...POSTS).answer(201, mine(57, 'hi'));
  assert.equal((await sent).id, 57);
});

test('with a key of its own a page posts the same once, however often it is loaded', async () => {
  const storage = new FakeStorage();
  const before = await signedIn(undefined, { storage });
  before.chat.post(1, 'hi', { key: 'order-17' });
  assert.equal(before.chat.outbox(1).length, 1);
  before.chat.post(1, 'hi', { key: 'order-17' });
  assert.equal(before.chat.outbox(1).length, 1);
  before.chat.stop();

  const after = await reloaded(storage);
  const sent = after.chat.post(1, 'hi', { key: 'order-17' });
  assert.equal(after.chat.outbox(1).length, 1);
  assert.equal(after.network.call(...POSTS).body.client_key, 'order-17');
  await after.network.call(...POSTS).answer(201, mine(57, 'hi'));
  assert.equal((await sent).id, 57);
  after.chat.stop();

  const last = await reloaded(storage);  // it was acknowledged: the server says the same again
  const known = last.chat.post(1, 'hi', { key: 'order-17' });
  assert.equal(last.network.call(...POSTS).body.client_key, 'order-17');
  await last.network.call(...POSTS).answer(200, mine(57, 'hi'));
  assert.equal((await known).id, 57);
});

test('a post may be written before the walls are known', async () => {
  const storage = new FakeStorage();
  const { chat, network } = await reloaded(storage);
  const sent = chat.post(1, 'early');
  assert.equal(storage.data.size, 1);
  assert.deepEqual(chat.outbox(1).map(({ body }) => body), ['early']);
  await network.call(...POSTS).answer(201, mine(57, 'early'));
  assert.equal((await sent).body, 'early');
});

test('on a wall that is not ours, or without a user, it rejects, and nothing is kept', async () => {
  const { chat, network, storage } = await signedIn();
  await assert.rejects(chat.post(2, 'hi'), { kind: 'forbidden' });
  const out = chat.signOut();
  await network.call('DELETE', '/session').answer(200, { signed_out: true });
  await out;
  await assert.rejects(chat.post(1, 'hi'), { kind: 'signed_out' });
  assert.equal(storage.data.size, 0);
});

test('signing out ends it; an expired session does not, and the same user goes on', async () => {
  const { chat, network } = await signedIn();
  const sent = chat.post(1, 'hi');
  await network.poll.answer(400, { errors: ['Invalid user!'] });
  assert.ok(await pending(sent));
  assert.equal(chat.posted('key-1').key, 'key-1');
  const again = chat.signIn('ann', 'secret');
  await network.call('POST', '/session').answer(201, { session_id: 'x', user: ann });
  await again;
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  await network.call(...POSTS).answer(201, mine(57, 'hi'));
  assert.equal((await sent).id, 57);

  const lost = chat.post(1, 'never');
  const out = chat.signOut();
  await network.call('DELETE', '/session').answer(200, { signed_out: true });
  await out;
  await assert.rejects(lost, { kind: 'aborted' });
});

test('one that another tab of the same user took over resolves with null', async () => {
  const storage = new FakeStorage();
  const a = await signedIn(undefined, { storage });
  a.chat.post(1, 'first');
  const sent = a.chat.post(1, 'second');
  for (const key of [...storage.data.keys()]) if (key.endsWith('key-2')) storage.data.delete(key);
  await a.network.call(...POSTS).answer(201, mine(57, 'first'));
  assert.equal(await sent, null);
});
