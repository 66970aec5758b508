// How a client comes back to a server that was restarted, and what its user sees of it: nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, settle, wall } from './fakes.mjs';
import { client, signedIn } from './signed_in.mjs';

const mine = (id) => ({ post: entry(id, { user_id: 3, user_name: 'ann', body: 'hi' }) });

test('a server that stops says when to come back, and nothing else is asked before', async () => {
  const { network, timers, states } = await signedIn();
  await timers.pass(20_000);
  await network.poll.answer(200, { walls: {}, retry_ms: 12_345 });
  await timers.pass(12_344);
  assert.equal(network.calls.length, 0);
  await timers.pass(1);
  assert.equal(network.polls(), 1);
  assert.equal(network.calls.length, 1);
  assert.deepEqual(states(), ['connecting', 'online']);
});

test('the clients of a server that stops come back at the pace that it says', async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => signedIn()));
  const back = new Map();
  for (const [i, { network, timers }] of clients.entries()) {
    await timers.pass(20_000);
    await network.poll.answer(200, { walls: {}, retry_ms: i * 1_000 });
    for (let second = 0; second < 20; second++) {
      if (network.polls() && !back.has(i)) back.set(i, second);
      await timers.pass(1_000);
    }
  }
  assert.deepEqual([...back.values()], clients.map((_, i) => i));
});

test('who is sent away at once again waits for longer than it is told', async () => {
  const { network, timers } = await signedIn();
  await network.poll.answer(200, { walls: {}, retry_ms: 500 });
  await timers.pass(1_499);
  assert.equal(network.calls.length, 0);
  await timers.pass(1);
  assert.equal(network.polls(), 1);
});

test('the clients of a large server that is lost spread over the time that it has told them', async () => {
  for (const [random, wait] of [[0, 0], [0.5, 10_000], [0.999999, 20_000]]) {
    const { network, timers, lastState } = await signedIn([wall(1, 56)], { random: () => random });
    await timers.pass(56_000);
    await network.poll.answer(200, { walls: {}, spread_ms: 20_000 });
    await timers.pass(30_000);
    await network.poll.lose();
    assert.equal(lastState().retryAt - timers.now(), wait);
  }
});

test('so they do if the web server says in its place that it is away', async () => {
  const { network, timers, lastState } = await signedIn();
  await timers.pass(56_000);
  await network.poll.answer(200, { walls: {}, spread_ms: 20_000 });
  await network.poll.answer(503, { errors: ['Away.'] }, { 'Retry-After': '2' });
  assert.equal(lastState().retryAt - timers.now(), 12_000);
});

test('a server that has become small again is come back to within two seconds', async () => {
  const { network, timers, lastState } = await signedIn();
  for (const answer of [{ walls: {}, spread_ms: 20_000 }, { walls: {} }]) {
    await timers.pass(56_000);
    await network.poll.answer(200, answer);
  }
  await timers.pass(30_000);
  await network.poll.lose();
  assert.equal(lastState().retryAt - timers.now(), 1_000);
});

test('a poll that meets a connection in the instant of its end is sent again unseen', async () => {
  const { network, timers, states } = await signedIn();
  await timers.pass(55_000);
  await network.poll.answer(200, { walls: {} });
  await network.poll.lose();
  assert.equal(network.polls(), 1);
  assert.deepEqual(states(), ['connecting', 'online']);
});

test('so is a post, with its key, and whatever else may be repeated', async () => {
  const { chat, network } = await signedIn();
  chat.post(1, 'hi');
  await network.call('POST', '/walls/1/posts').lose();
  assert.deepEqual(chat.outbox(1).map(({ state }) => state), ['sending']);
  assert.equal(network.call('POST', '/walls/1/posts').body.client_key, 'key-1');
  await network.call('POST', '/walls/1/posts').answer(201, mine(57));
  const edited = chat.edit(1, 57, 'hello');
  await settle();
  await network.call('PATCH', '/walls/1/posts/57').lose();
  await network.call('PATCH', '/walls/1/posts/57').answer(200, mine(58));
  await edited;
  const opened = chat.open(1);
  await settle();
  await network.history.lose();
  await network.history.answer(200, { posts: [], more: false, newest: 57 });
  await opened;
});

test('a second loss is one, and so is that of a request that hung', async () => {
  const { chat, network, timers, lastState } = await signedIn();
  const opened = assert.rejects(chat.open(1), { kind: 'network' });
  await settle();
  await network.history.lose();
  await network.history.lose();
  await opened;
  assert.equal(network.history, undefined);
  await timers.pass(1_001);
  await network.poll.lose();
  assert.equal(network.calls.length, 0);
  assert.equal(lastState().state, 'offline');
});

test('a sign-in is not repeated: a wrong one counts', async () => {
  const { chat, network } = client();
  const done = assert.rejects(chat.signIn('ann', 'secret'), { kind: 'network' });
  await settle();
  await network.call('POST', '/session').lose();
  await done;
  assert.equal(network.calls.length, 0);
});

test('a page that begins while the server is away comes back by itself, with the session that it has', async () => {
  const { chat, network, timers, states, lastState } = client();
  const resumed = chat.resume();
  await settle();
  assert.deepEqual(states(), ['connecting']);
  await network.call('GET', '/session').answer(502, '<html>Bad Gateway</html>');
  assert.equal(lastState().state, 'offline');
  await timers.pass(lastState().retryAt - timers.now());
  await network.call('GET', '/session').answer(503, { errors: ['Away.'] }, { 'Retry-After': '5' });
  await timers.pass(lastState().retryAt - timers.now());
  await timers.pass(10_000);  // swallowed
  assert.equal(network.calls.length, 0);
  chat.retryNow();
  await settle();
  await network.call('GET', '/session').answer(200, { user: { id: 3, name: 'ann' } });
  assert.equal((await resumed).name, 'ann');
  network.call('GET', '/walls');
});

test('a page that begins in a network that swallows asks again at the event of its return', async () => {
  const { chat, network } = client();
  chat.resume();
  await settle();
  chat.retryNow();
  await settle();
  await network.call('GET', '/session').answer(200, { user: { id: 3, name: 'ann' } });
  assert.equal(chat.user.name, 'ann');
});

test('a page that begins without a session says so, and whoever stops it stops it', async () => {
  const nobody = client();
  const resumed = nobody.chat.resume();
  await settle();
  await nobody.network.call('GET', '/session').answer(401, { errors: ['Please sign in.'] });
  assert.equal(await resumed, null);
  assert.equal(nobody.lastState().state, 'signed_out');
  const stopped = client();
  const never = stopped.chat.resume();
  await settle();
  await stopped.network.call('GET', '/session').fail();
  stopped.chat.stop();
  await assert.rejects(never, { kind: 'aborted' });
  assert.equal(stopped.timers.waiting, 0);
});
