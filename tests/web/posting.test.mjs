import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, FakeStorage, settle, wall } from './fakes.mjs';
import { client, signedIn } from './signed_in.mjs';

const POSTS = ['POST', '/walls/1/posts'];
const mine = (id, body) => ({ post: entry(id, { user_id: 3, user_name: 'ann', body }) });
const shown = (chat) => chat.walls.get(1).posts.map(({ id }) => id);
const states = (chat) => chat.outbox(1).map(({ state }) => state);

test('a post is sent at once, with a key and the proof that it comes from the page', async () => {
  const { chat, network } = await signedIn();
  chat.post(1, 'hi');
  assert.deepEqual(states(chat), ['sending']);
  const call = network.call(...POSTS);
  assert.deepEqual(call.body, { body: 'hi', client_key: 'key-1' });
  assert.equal(call.headers['X-CSRF-Token'], '1');
  await call.answer(201, mine(57, 'hi'));
  assert.deepEqual(states(chat), []);
  assert.deepEqual(shown(chat), [57]);
});

test('posts go out one at a time, in the order written', async () => {
  const { chat, network } = await signedIn();
  chat.post(1, 'one');
  chat.post(1, 'two');
  await network.call(...POSTS).answer(201, mine(57, 'one'));
  assert.equal(network.call(...POSTS).body.body, 'two');
});

test('a post without an answer is sent again with the same key', async () => {
  const { chat, network, timers } = await signedIn();
  chat.post(1, 'hi');
  await network.call(...POSTS).fail();
  assert.deepEqual(states(chat), ['waiting']);
  await timers.pass(1_000);
  assert.equal(network.call(...POSTS).body.client_key, 'key-1');
  await network.call(...POSTS).answer(200, mine(57, 'hi'));
  assert.deepEqual(states(chat), []);
});

test('a post that hangs for 30 s is sent again with the same key', async () => {
  const { chat, network, timers } = await signedIn();
  chat.post(1, 'hi');
  await timers.pass(30_000 + 1_000);
  assert.equal(network.call(...POSTS).body.client_key, 'key-1');
});

test('a busy server gets the post again after Retry-After', async () => {
  const { chat, network, timers } = await signedIn();
  chat.post(1, 'hi');
  await network.call(...POSTS).answer(429, { errors: ['Slow down.'] }, { 'Retry-After': '5' });
  await timers.pass(5_999);
  assert.equal(network.calls.length, 1);  // the poll
  await timers.pass(1);
  network.call(...POSTS);
});

test('a refused post fails with the reason and holds up nothing', async () => {
  for (const status of [403, 409, 413, 422]) {
    const { chat, network } = await signedIn();
    chat.post(1, 'bad');
    chat.post(1, 'good');
    await network.call(...POSTS).answer(status, { errors: ['No.'] });
    assert.deepEqual(states(chat), ['failed', 'sending']);
    assert.equal(chat.outbox(1)[0].reason, 'No.');
  }
});

test('a failed post can be sent again, with the same key, or discarded', async () => {
  const { chat, network } = await signedIn();
  const { key } = chat.post(1, 'hi');
  await network.call(...POSTS).answer(403, { errors: ['No.'] });
  chat.retryPost(key);
  assert.equal(network.call(...POSTS).body.client_key, key);
  await network.call(...POSTS).answer(403, { errors: ['No.'] });
  chat.discardPost(key);
  assert.deepEqual(chat.outbox(1), []);
});

test('a post that waited longer than the server keeps keys is not sent without asking', async () => {
  const { chat, timers, storage } = await signedIn();
  chat.post(1, 'hi');
  chat.stop();
  await timers.pass(24 * 3_600_000);
  const later = await signedIn(undefined, { storage, timers, newKey: () => 'fresh' });
  assert.deepEqual(states(later.chat), ['failed']);
  later.chat.retryPost('key-1');
  assert.equal(later.network.call(...POSTS).body.client_key, 'fresh');
});

test('an unacknowledged post survives a reload and keeps its key', async () => {
  const storage = new FakeStorage();
  const before = await signedIn(undefined, { storage });
  before.chat.post(1, 'hi');
  before.chat.stop();
  const after = client({ storage });
  const resumed = after.chat.resume();
  await settle();
  await after.network.call('GET', '/session').answer(200, { user: { id: 3, name: 'ann' } });
  await resumed;
  assert.deepEqual(after.network.call(...POSTS).body, { body: 'hi', client_key: 'key-1' });
});

test('a full storage does not stop a post', async () => {
  const storage = new FakeStorage();
  storage.setItem = () => { throw new Error('QuotaExceededError'); };
  const { chat, network } = await signedIn(undefined, { storage });
  chat.post(1, 'hi');
  network.call(...POSTS);
});

test('an expired session keeps the post for the same user, signing out forgets it', async () => {
  const { chat, network, storage } = await signedIn();
  chat.post(1, 'hi');
  await network.poll.answer(400, { errors: ['Invalid user!'] });
  assert.deepEqual(chat.outbox(1), []);
  const again = await signedIn(undefined, { storage });
  assert.equal(again.network.call(...POSTS).body.client_key, 'key-1');
  const out = again.chat.signOut();
  await again.network.call('DELETE', '/session').answer(200, { signed_out: true });
  await out;
  assert.equal(storage.data.size, 0);
  assert.deepEqual(chat.outbox(1), []);
});

test('what one user has not sent is neither shown nor sent while another is there', async () => {
  for (const storage of [new FakeStorage(), null]) {
    const { chat, network } = await signedIn(undefined, { storage });
    chat.post(1, 'of ann');
    await network.poll.answer(400, { errors: ['Invalid user!'] });
    for (const [user, pending] of [[{ id: 4, name: 'bob' }, []], [{ id: 3, name: 'ann' }, ['of ann']]]) {
      const done = chat.signIn(user.name, 'secret');
      await network.call('POST', '/session').answer(201, { session_id: 'x', user });
      await done;
      await network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
      assert.deepEqual(chat.outbox(1).map(({ body }) => body), pending);
      assert.equal(network.calls.filter(({ path }) => path === POSTS[1]).length, pending.length);
      if (pending.length === 0) await network.poll.answer(400, { errors: ['Invalid user!'] });
    }
  }
});

test('what a closed tab had not sent is sent by another, in the order written', async () => {
  const storage = new FakeStorage();
  const closed = await signedIn(undefined, { storage });
  for (const body of ['one', 'two', 'three']) closed.chat.post(1, body);
  closed.chat.stop();
  storage.data = new Map([...storage.data].reverse());
  const { chat, network } = await signedIn(undefined, { storage });
  for (const [n, body] of ['one', 'two', 'three'].entries()) {
    assert.deepEqual(network.call(...POSTS).body, { body, client_key: `key-${n + 1}` });
    await network.call(...POSTS).answer(201, mine(57 + n, body));
  }
  assert.equal(storage.data.size, 0);
  assert.deepEqual(chat.outbox(1), []);
});

test('two tabs with one storage keep what each has written, and neither sends what the other has sent', async () => {
  const storage = new FakeStorage();
  const a = await signedIn(undefined, { storage });
  a.chat.post(1, 'one');
  a.chat.post(1, 'two');
  const b = await signedIn(undefined, { storage, newKey: () => 'of-b' });
  b.chat.post(1, 'three');
  assert.equal(storage.data.size, 3);
  await a.network.call(...POSTS).answer(201, mine(57, 'one'));
  await a.network.call(...POSTS).answer(201, mine(58, 'two'));
  await b.network.call(...POSTS).answer(200, mine(57, 'one'));  // the key tells the server that it has it
  assert.equal(b.network.call(...POSTS).body.body, 'three');
  assert.equal(storage.data.size, 1);
});

test('coming back online sends what waits without its own back-off', async () => {
  const { chat, network, timers } = await signedIn();
  chat.post(1, 'hi');
  await network.call(...POSTS).answer(503, { errors: ['Not now.'] }, { 'Retry-After': '25' });
  await network.poll.fail();
  await timers.pass(1_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  await timers.pass(1_000);
  network.call(...POSTS);
});

test('while sending, the item tells above which entry its own echo may appear', async () => {
  const { chat } = await signedIn();
  chat.post(1, 'hi');
  assert.equal(chat.outbox(1)[0].after, 56);
});
