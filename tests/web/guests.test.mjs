// Who is not signed in, and reads what is open to all: user 0.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, settle, wall } from './fakes.mjs';
import { client } from './signed_in.mjs';

const guest = { id: 0, name: '' };
const please = [401, { errors: ['Please sign in.'] }];

async function asGuest() {
  const all = client();
  const done = all.chat.resume({ guest: true });
  await settle();
  await all.network.call('GET', '/session').answer(200, { user: guest, expires_at: '2099-01-01T00:00:00.000Z' });
  assert.deepEqual(await done, guest);
  await all.network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  return all;
}

test('a guest says with every call that he is one, and reads', async () => {
  const { chat, network, received, lastState } = await asGuest();
  const opened = chat.open(1);
  await settle();
  await network.history.answer(200, { posts: [entry(56)], more: false, newest: 56 });
  assert.equal((await opened).posts.length, 1);
  assert.equal(network.poll.headers['X-Pollster-User'], '0');
  await network.poll.answer(200, { walls: { 1: { posts: [entry(57)] } } });
  assert.deepEqual(received(), [57]);
  assert.equal(lastState().state, 'online');
});

test('a guest writes nothing: no post, and no read mark', async () => {
  const { chat, network, timers } = await asGuest();
  await assert.rejects(chat.post(1, 'hi'), { kind: 'signed_out' });
  assert.deepEqual(chat.outbox(1), []);
  chat.markRead(1);
  await timers.pass(5_000);
  assert.deepEqual(network.calls.map(({ method, path }) => `${method} ${path}`), ['POST /']);
});

test('where nothing is open nobody is a guest, and no session has ended', async () => {
  const { chat, network, lastState } = client();
  const done = chat.resume({ guest: true });
  await settle();
  await network.call('GET', '/session').answer(...please);
  assert.equal(await done, null);
  assert.deepEqual(lastState(), { state: 'signed_out', retryAt: null, reason: null });
  await assert.rejects(chat.post(1, 'hi'), { kind: 'signed_out' });
});

test('a guest who loses what he reads is not told that a session has ended', async () => {
  const { network, lastState } = await asGuest();
  await network.poll.answer(400, { errors: ['Invalid user!'] });
  assert.deepEqual(lastState(), { state: 'signed_out', retryAt: null, reason: null });
});

test('after being a guest somebody signs in, and is asked for as that user', async () => {
  const { chat, network } = await asGuest();
  const done = chat.resume();
  await settle();
  const asked = network.call('GET', '/session');
  assert.equal(asked.headers['X-Pollster-User'], undefined);
  await asked.answer(200, { user: { id: 3, name: 'ann' } });
  assert.equal((await done).id, 3);
});
