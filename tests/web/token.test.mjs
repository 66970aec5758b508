// Sessions that somebody else has made: handed in, and made anew by a callback when the server refuses one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle, wall } from './fakes.mjs';
import { client } from './signed_in.mjs';

const ann = { id: 3, name: 'ann' };
const expired = [401, { errors: ['Please sign in.'] }];

// Tokens t-1, t-2 …; `asked` holds what the callback was given.
function tokens() {
  const asked = [];
  return { asked, token: async (refused) => { asked.push(refused); return `t-${asked.length}`; } };
}

async function online(options) {
  const all = client(options);
  const resumed = all.chat.resume();
  await settle();
  await all.network.call('GET', '/session').answer(200, { user: ann });
  await resumed;
  await all.network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  return all;
}

test('a token is handed in: no cookie is sent, and no password asked for', async () => {
  const { chat, network } = await online({ token: 'given' });
  assert.equal(network.poll.headers.Authorization, 'Bearer given');
  assert.deepEqual(chat.user, ann);
});

test('a token that is handed in and refused ends the session', async () => {
  const { chat, network, lastState } = await online({ token: 'given' });
  await network.poll.answer(400, { errors: ['Invalid user!'] });
  assert.deepEqual(lastState(), { state: 'signed_out', retryAt: null, reason: 'expired' });
  assert.equal(chat.user, null);
});

test('the callback is asked for the first token, and for another when that is refused', async () => {
  const { asked, token } = tokens();
  const { chat, network, states } = await online({ token });
  assert.deepEqual(asked, [null]);
  assert.equal(network.poll.headers.Authorization, 'Bearer t-1');
  await network.poll.answer(400, { errors: ['Invalid user!'] });
  assert.deepEqual(asked, [null, 't-1']);
  assert.equal(network.poll.headers.Authorization, 'Bearer t-2');
  assert.equal(network.poll.headers['X-Pollster-User'], '3');  // it might be the token of another user
  assert.deepEqual(states(), ['connecting', 'online']);
  assert.deepEqual(chat.user, ann);
});

test('calls that are refused together ask for one token, and all are repeated with it', async () => {
  const { asked, token } = tokens();
  const { chat, network } = await online({ token });
  const opened = chat.open(1);
  const sent = chat.post(1, 'hi');
  const { history, poll } = network;
  await Promise.all([history, poll, network.call('POST', '/walls/1/posts')].map((call) => call.answer(...expired)));
  assert.deepEqual(asked, [null, 't-1']);
  assert.equal(network.calls.length, 3);
  for (const { headers } of network.calls) assert.equal(headers.Authorization, 'Bearer t-2');
  await network.history.answer(200, { posts: [], more: false, newest: 56 });
  await opened;
  assert.equal(network.call('POST', '/walls/1/posts').body.client_key, sent.key);
});

test('a stream that says that the session has ended is opened anew with another token', async () => {
  const { asked, token } = tokens();
  const { chat, network } = await online({ token, transport: 'auto' });
  const stream = await network.events.stream();
  await stream.push('event: end\ndata: {"reason":"signed_out"}\n\n');
  assert.deepEqual(asked, [null, 't-1']);
  assert.equal(network.events.headers.Authorization, 'Bearer t-2');
  assert.deepEqual(chat.user, ann);
});

test('no token, or one refused again, ends the session; neither is asked for without end', async () => {
  let given = 't-1';
  const none = await online({ token: () => given });
  given = null;
  await none.network.poll.answer(...expired);
  assert.equal(none.lastState().reason, 'expired');
  const calls = none.network.calls.length;
  const resumed = none.chat.resume();
  await settle();
  assert.equal(await resumed, null);
  assert.equal(none.network.calls.length, calls);  // and no cookie is tried instead

  const { asked, token } = tokens();
  const twice = await online({ token });
  await twice.network.poll.answer(...expired);
  await twice.network.poll.answer(...expired);
  assert.equal(twice.lastState().reason, 'expired');
  assert.equal(asked.length, 2);
});

test('a callback that fails is tried again later, as a server that is away', async () => {
  let fails = false;
  const asked = [];
  const { network, timers, lastState } = await online({ token: async (refused) => {
    asked.push(refused);
    if (fails) throw new Error('503');
    return `t-${asked.length}`;
  } });
  fails = true;
  await network.poll.answer(...expired);
  assert.equal(lastState().state, 'offline');
  assert.match(lastState().reason, /503/);
  fails = false;
  await timers.pass(2_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  await network.poll.answer(...expired);
  assert.equal(network.poll.headers.Authorization, 'Bearer t-3');
});

test('a wrong password asks for no token', async () => {
  const { asked, token } = tokens();
  const { chat, network } = client({ token });
  const done = chat.signIn('ann', 'wrong');
  const refused = assert.rejects(done, { kind: 'signed_out' });
  await network.call('POST', '/session').answer(401, { errors: ['Wrong name or password.'] });
  await refused;
  assert.deepEqual(asked, []);
});
