// Everything belongs to one user: what is asked, answered, kept and shown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pollster } from '../../web/pollster.js';
import { FakeStorage, entry, settle, wall } from './fakes.mjs';
import { startFakeServer } from './fake_server.mjs';
import { client, signedIn } from './signed_in.mjs';

const another = [412, { errors: ["This session is another user's."] }];
const POSTS = ['POST', '/walls/1/posts'];

async function signInAs(network, chat, user) {
  const done = chat.signIn(user.name, 'secret');
  await network.call('POST', '/session').answer(201, { session_id: 'x', user });
  await done;
}

test('every call names the user for whom it is made, but for those that find out who that is', async () => {
  const { chat, network, timers } = await signedIn();
  chat.post(1, 'hi');
  chat.open(1);
  chat.markRead(1);
  await timers.pass(1_000);
  assert.ok(network.calls.length >= 4);
  for (const { headers } of network.calls) assert.equal(headers['X-Pollster-User'], '3');
  const new_ = client();
  new_.chat.resume();
  await settle();
  assert.equal(new_.network.call('GET', '/session').headers['X-Pollster-User'], undefined);
});

test('whichever call hears of another user, all ends, and nothing more is asked or sent', async () => {
  const calls = {
    poll: ({ network }) => network.poll,
    post: ({ chat, network }) => { chat.post(1, 'mine'); return network.call(...POSTS); },
    history: ({ chat, network }) => { chat.open(1).catch(() => {}); return network.history; },
    search: ({ chat, network }) => { chat.search(1, 'x').catch(() => {}); return network.history; },
    edit: ({ chat, network }) => { chat.edit(1, 9, 'x').catch(() => {}); return network.call('PATCH', '/walls/1/posts/9'); },
    mark: async ({ chat, network, timers }) => { chat.markRead(1); await timers.pass(1_000); return network.call('PUT', '/walls/1/read'); },
  };
  for (const [name, call] of Object.entries(calls)) {
    const all = await signedIn();
    const asked = await call(all);
    await asked.answer(...another);
    assert.deepEqual(all.lastState(), { state: 'signed_out', retryAt: null, reason: 'other_user' }, name);
    assert.equal(all.chat.user, null);
    assert.equal(all.chat.walls.size, 0);
    await all.timers.pass(600_000);
    assert.equal(all.network.calls.length, 0, name);
  }
});

test('what was not sent when another user came waits for its own user', async () => {
  const { chat, network } = await signedIn();
  chat.post(1, 'mine');
  await network.call(...POSTS).answer(...another);
  await signInAs(network, chat, { id: 4, name: 'bob' });
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  assert.deepEqual(chat.outbox(1), []);
  await network.poll.answer(...another);
  await signInAs(network, chat, { id: 3, name: 'ann' });
  assert.equal(network.call(...POSTS).body.body, 'mine');
});

test('an answer that comes for a user who is gone is given to nobody', async () => {
  const { chat, network, events } = await signedIn();
  const opened = assert.rejects(chat.open(1), { kind: 'aborted' });
  await settle();
  const late = network.history;
  await network.poll.answer(400, { errors: ['Invalid user!'] });
  await signInAs(network, chat, { id: 4, name: 'bob' });
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  events.length = 0;
  await late.answer(200, { posts: [entry(56)], more: false, newest: 56 });
  await opened;
  assert.deepEqual(chat.walls.get(1).posts, []);
  assert.deepEqual(events, []);
});

test('a refusal that comes late ends nothing of the next user', async () => {
  const { chat, network } = await signedIn();
  chat.open(1).catch(() => {});
  await settle();
  const late = network.history;
  await network.poll.answer(400, { errors: ['Invalid user!'] });
  await signInAs(network, chat, { id: 4, name: 'bob' });
  await late.answer(...another);
  assert.equal(chat.user.name, 'bob');
});

test('a sign-out where another user is signed in by now leaves that session alone', async () => {
  const { chat, network, lastState } = await signedIn();
  const out = chat.signOut();
  const call = network.call('DELETE', '/session');
  assert.equal(call.headers['X-Pollster-User'], '3');
  await call.answer(...another);
  await out;
  assert.equal(lastState().state, 'signed_out');
});

test('two tabs with one cookie: what is typed on the page of ann is never stored as that of bob', async () => {
  const server = await startFakeServer();
  let cookie = '';
  // As a browser does it for its tabs.
  const shared = async (url, options) => {
    const response = await fetch(url, { ...options, headers: { ...options.headers, Cookie: cookie } });
    cookie = response.headers.get('Set-Cookie')?.split(';')[0] ?? cookie;
    return response;
  };
  const storage = new FakeStorage();
  const states = [];
  const tab = (handlers) => new Pollster({ base: `${server.url}api/`, fetch: shared, storage }, handlers);
  const [first, second] = [tab({ onState: ({ state, reason }) => states.push(reason ?? state) }), tab({})];
  try {
    await first.signIn('ann', 'ann-secret');
    while (first.state !== 'online') await new Promise((resolve) => setTimeout(resolve, 5));
    await second.signIn('bob', 'bob-secret');
    first.post(1, 'secret of ann');
    while (first.user) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(states.at(-1), 'other_user');
    assert.equal(second.user.name, 'bob');
    while (!second.walls.has(1)) await new Promise((resolve) => setTimeout(resolve, 5));
    await second.open(1);
    assert.ok(!second.walls.get(1).posts.some(({ body }) => body === 'secret of ann'));
    assert.equal(storage.data.size, 1);
  } finally {
    first.stop();
    second.stop();
    await server.close();
  }
});

const NO_COOKIE = { errors: ['Please sign in.'], why: 'This browser sends no cookie from a page of another site. Use a token.' };

test('a page of another site that goes on with a cookie is told that none is sent', async () => {
  const { chat, network, lastState } = client({ credentials: 'include' });
  const resumed = chat.resume();
  await settle();
  await network.call('GET', '/session').answer(401, NO_COOKIE);
  assert.equal(await resumed, null);
  assert.deepEqual(lastState(), { state: 'signed_out', retryAt: null, reason: 'no_cookie' });
});

test('a sign-in whose cookie does not come back says so, and asks for a token: no session has expired', async () => {
  const { chat, network, events } = client({ credentials: 'include' });
  const refused = assert.rejects(chat.signIn('ann', 'secret'), { kind: 'no_cookie', status: 401, message: /another site.*token/ });
  await network.call('POST', '/session').answer(201, { session_id: 'x', user: { id: 3, name: 'ann' } });
  await network.call('GET', '/session').answer(401, NO_COOKIE);
  await refused;
  assert.deepEqual(events, []);
  assert.equal(chat.user, null);

  const done = chat.signIn('ann', 'secret');
  await network.call('POST', '/session').answer(201, { session_id: 'x', user: { id: 3, name: 'ann' } });
  await network.call('GET', '/session').answer(200, { user: { id: 3, name: 'ann' } });
  assert.equal((await done).name, 'ann');
});
