// What is handed out never changes: after a change there is another object, without one the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, settle, wall } from './fakes.mjs';
import { client, signedIn } from './signed_in.mjs';

// A deep copy of what is held, to see later whether it changed.
const copy = (value) => JSON.stringify(value, (_, inner) => (inner instanceof Map ? [...inner] : inner));

const news = (posts) => ({ walls: { 1: { posts } } });

test('every event has its own snapshot, and those of before stay as they were', async () => {
  const { chat, network } = await signedIn([wall(1, 56), wall(2, 7)]);
  const seen = [];
  const keep = (now) => seen.push({ now, as: copy(now) });
  keep(chat.getSnapshot());
  chat.subscribe(keep);
  await network.poll.answer(200, news([entry(57), entry(58)]));
  const opened = chat.open(1);
  await network.history.answer(200, { posts: [entry(55), entry(56)], more: true, before: 55, newest: 56 });
  await opened;
  await network.poll.answer(200, news([entry(59, { kind: 'edit', post_id: 9057, body: 'better' }), entry(60, { kind: 'delete', post_id: 9056, body: null })]));
  chat.post(1, 'hi');
  await network.call('POST', '/walls/1/posts').answer(201, { post: entry(61, { user_id: 3 }) });
  chat.markRead(1);
  assert.ok(seen.length >= 8);
  for (const { now, as } of seen) assert.equal(copy(now), as);
  assert.deepEqual(chat.walls.get(1).posts.map(({ body }) => body), ['text 55', null, 'better', 'text 58', 'text 61']);
});

test('nothing that is handed out can be changed', async () => {
  const { chat, network } = await signedIn();
  await network.poll.answer(200, news([entry(57)]));
  chat.post(1, 'hi');
  const { user, walls, outbox } = chat.getSnapshot();
  const { posts } = walls.get(1);
  for (const frozen of [chat.getSnapshot(), user, walls.get(1), posts, posts[0], outbox[0]]) assert.ok(Object.isFrozen(frozen));
});

test('what did not change stays the same object: a wall beside, the list of posts, the snapshot itself', async () => {
  const { chat, network, timers } = await signedIn([wall(1, 56), wall(2, 7)]);
  await network.poll.answer(200, news([entry(57), entry(58)]));
  const before = chat.getSnapshot();
  assert.equal(chat.getSnapshot(), before);
  await timers.pass(56_000);
  await network.poll.answer(200, { walls: {} });
  assert.equal(chat.getSnapshot(), before);
  await network.poll.answer(200, news([entry(59, { kind: 'edit', post_id: 9058, body: 'better' })]));
  const after = chat.getSnapshot();
  assert.notEqual(after, before);
  assert.notEqual(after.walls, before.walls);
  assert.notEqual(after.walls.get(1), before.walls.get(1));
  assert.equal(after.walls.get(2), before.walls.get(2));
  assert.equal(after.walls.get(1).posts[0], before.walls.get(1).posts[0]);
  assert.notEqual(after.walls.get(1).posts[1], before.walls.get(1).posts[1]);
  chat.markRead(1);
  assert.equal(chat.walls.get(1).posts, after.walls.get(1).posts);
  assert.notEqual(chat.walls.get(1), after.walls.get(1));
});

test('a listener hears of each change until it leaves, and each that was given twice is two', async () => {
  const { chat, network } = await signedIn();
  const heard = [];
  const listener = (now) => heard.push(now);
  const { subscribe, getSnapshot } = chat;  // both may be handed on alone
  const leave = subscribe(listener);
  const leaveToo = subscribe(listener);
  await network.poll.answer(200, news([entry(57, { user_id: 3 })]));
  assert.equal(heard.length, 2);
  assert.equal(heard[0], getSnapshot());
  leave();
  await network.poll.answer(200, news([entry(58, { user_id: 3 })]));
  assert.equal(heard.length, 3);
  leaveToo();
  await network.poll.answer(200, news([entry(59, { user_id: 3 })]));
  assert.equal(heard.length, 3);
});

test('the state is part of it, with the time of the next attempt', async () => {
  const { chat, network, timers } = await signedIn();
  assert.equal(chat.getSnapshot().state, 'online');
  await network.poll.fail();
  const { state, retryAt, reason } = chat.getSnapshot();
  assert.deepEqual({ state, retryAt, reason }, { state: 'offline', retryAt: timers.now() + 1_000, reason: 'The server cannot be reached.' });
});

test('a wall can be opened right after signing in: it is waited for', async () => {
  const { chat, network } = client();
  const signing = chat.signIn('ann', 'secret');
  await network.call('POST', '/session').answer(201, { session_id: 'x', user: { id: 3, name: 'ann' } });
  await signing;
  const opened = chat.open(1);
  const other = assert.rejects(chat.open(2), { kind: 'forbidden' });
  await settle();
  assert.equal(network.history, undefined);
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  await network.history.answer(200, { posts: [entry(56)], more: false, newest: 56 });
  assert.deepEqual((await opened).posts.map(({ id }) => id), [56]);
  await other;
});

test('nobody waits for a wall when the session ends first, and no other user gets it', async () => {
  const { chat, network } = client();
  await assert.rejects(chat.open(1), { kind: 'signed_out' });
  const sign = async (user) => {
    const done = chat.signIn(user.name, 'secret');
    await network.call('POST', '/session').answer(201, { session_id: 'x', user });
    await done;
  };
  await sign({ id: 3, name: 'ann' });
  const first = assert.rejects(chat.open(1), { kind: 'signed_out' });
  await network.call('GET', '/walls').answer(401, { errors: ['Please sign in.'] });
  await first;
  await sign({ id: 3, name: 'ann' });
  const second = assert.rejects(chat.open(1), { kind: 'signed_out' });
  await sign({ id: 4, name: 'bob' });
  await second;
});
