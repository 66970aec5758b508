// A network that swallows everything without a word: how soon it is noticed, and how soon news come again.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { entry, settle, wall } from './fakes.mjs';
import { signedIn } from './signed_in.mjs';

const BOUND = 15_000;  // ms
const first = 'retry: 1500\n\n';

// From now on nothing arrives, on what hangs or is new.
function swallow(network) {
  network.swallows = true;
  for (const call of network.calls) call.swallow();
}

// Answers what is asked, but for what was sent into the void, until news are waited for. The ms that passed.
async function untilFollowed({ network, timers }, newest, news) {
  const began = timers.now();
  const old = new Set(network.calls);
  network.swallows = false;
  network.answersPings = true;
  while (timers.now() - began <= 600_000) {
    for (const call of network.calls.filter((other) => !old.has(other))) {
      if (call.method === 'POST' && call.path === '/') {
        await call.answer(200, { walls: { 1: { posts: news } } });
        return timers.now() - began;
      }
      if (call.path === '/events') {
        const stream = await call.stream();
        await stream.push(first);
        await stream.push(`event: walls\ndata: ${JSON.stringify({ walls: { 1: { posts: news } } })}\n\n`);
        return timers.now() - began;
      }
      if (call.path === '/') await call.answer(200, { ack: 'huzzah!' });
      if (call.path === '/session') await call.answer(200, { user: { id: 3, name: 'ann' } });
      if (call.path === '/walls') await call.answer(200, { walls: [wall(1, newest)] });
    }
    await timers.pass(250);
  }
  throw new Error('never');
}

for (const transport of ['poll', 'auto']) {
  const begin = async (options) => {
    const all = await signedIn(undefined, { transport, ...options });
    if (transport === 'auto') {
      all.stream = await all.network.events.stream();
      await all.stream.push(first);
    }
    return all;
  };
  const how = transport === 'poll' ? 'a poll' : 'a stream';

  test(`${how} that is swallowed is not called connected for longer than 15 s`, async () => {
    for (const after of [0, 1_000, 9_999, 23_000]) {
      const all = await begin();
      await all.timers.pass(after);
      assert.equal(all.lastState().state, 'online');
      if (all.stream) await all.stream.push(':\n\n');
      swallow(all.network);
      await all.timers.pass(BOUND);
      assert.equal(all.lastState().state, 'offline', `after ${after}`);
    }
  });

  test(`with ${how}, news come within 15 s after the network is back, however long it was away`, async () => {
    for (const away of [16_000, 31_000, 47_000, 120_000, 333_000]) {
      for (const random of [0, 0.5, 0.999]) {
        const all = await begin({ random: () => random });
        swallow(all.network);
        await all.timers.pass(away);
        const deaf = await untilFollowed(all, 56, [entry(57)]);
        assert.ok(deaf <= BOUND, `${away} ms away: deaf for ${deaf} ms`);
        assert.deepEqual(all.received(), [57]);
      }
    }
  });

  test(`an event that tells of the network verifies ${how} that hangs, and asks anew`, async () => {
    const all = await begin();
    await all.timers.pass(7_000);
    all.network.calls.forEach((call) => call.swallow());  // of this connection; others work
    all.chat.retryNow();
    assert.ok(await untilFollowed(all, 56, [entry(57)]) <= 1_000);
    assert.deepEqual(all.states(), ['connecting', 'online']);
  });

  test(`an event in a network that is gone ends ${how} after 5 s`, async () => {
    const all = await begin();
    swallow(all.network);
    all.chat.retryNow();
    await all.timers.pass(5_000);
    assert.equal(all.lastState().state, 'offline');
  });

  test(`while nobody watches no ping is sent beside ${how}`, async () => {
    const all = await begin();
    all.chat.watched = false;
    swallow(all.network);
    const before = all.network.calls.length;
    await all.timers.pass(30_000);
    assert.equal(all.network.calls.length, before);
    all.chat.watched = true;
    await all.timers.pass(BOUND);
    assert.equal(all.lastState().state, 'offline');
  });
}

// ---- what it costs -----------------------------------------------------------------------------

// Of the table of docs/CLIENT.md, "What a quiet page costs": {pings, polls or streams, lists} in an hour.
function printed(row) {
  const page = readFileSync(new URL('../../docs/CLIENT.md', import.meta.url), 'utf8');
  return page.match(new RegExp(`^\\| ${row} \\|(.*)\\|$`, 'm'))[1].split('|').map(Number);
}

// An hour in which nothing happens, of a server with its own settings, in the middle of what it draws: a poll is
// answered with nothing after 57.5 s, a stream has a comment after 17.5 s of silence, and ends after 7.5 minutes.
async function quietHour({ network, timers }, calls = { news: 0, lists: 0 }) {
  let stream = null;
  for (let half = 0, began = 0; half < 7_200; half++) {  // of a second
    for (const call of [...network.calls]) {
      if (call.path === '/walls') {
        calls.lists += 1;
        await call.answer(200, { walls: [wall(1, 56)] });
      } else if (call.path === '/events') {
        [stream, began] = [await call.stream(), half];
        calls.news += 1;
        await stream.push(first);
      } else if (call.path === '/' && call !== calls.poll) {
        [calls.poll, began] = [call, half];
        calls.news += 1;
      }
    }
    await timers.pass(500);
    const age = half + 1 - began;
    if (stream && age === 900) {
      await stream.push('event: end\ndata: {"reason":"time_up"}\n\n');
      stream = null;
    } else if (stream && age % 35 === 0) await stream.push(':\n\n');
    else if (!stream && age === 115 && network.calls.includes(calls.poll)) await calls.poll.answer(200, { walls: {} });
  }
  return [network.pings, calls.news, calls.lists];
}

for (const [row, transport, watched] of [['a stream, looked at', 'auto', true], ['a stream, hidden', 'auto', false],
                                         ['polls, looked at', 'poll', true], ['polls, hidden', 'poll', false]]) {
  test(`an hour of quiet costs what docs/CLIENT.md says: ${row}`, async () => {
    const all = await signedIn(undefined, { transport });
    all.chat.watched = watched;
    assert.deepEqual(await quietHour(all), printed(row));
    all.chat.stop();
  });
}

test('an event while the ping after a failure hangs sends another at once', async () => {
  const all = await signedIn();
  await all.network.poll.fail();
  swallow(all.network);
  await all.timers.pass(1_000 + 2_000);
  all.network.call('GET', '/');
  all.network.swallows = false;
  all.chat.retryNow();
  assert.ok(await untilFollowed(all, 56, [entry(57)]) <= 1_000);
});

test('a machine that slept verifies without an event', async () => {
  const { network, timers } = await signedIn();
  await timers.pass(3_000);
  network.poll.swallow();
  timers.sleep(60_000);
  await timers.pass(0);
  await network.call('GET', '/session').answer(200, { user: { id: 3, name: 'ann' } });
  assert.equal(network.polls(), 1);
  await network.poll.answer(200, { walls: { 1: { posts: [entry(57)] } } });
  assert.equal(network.poll.form['last_post_id[1]'], '57');
});

test('a stream that says something needs no ping', async () => {
  const { network, timers } = await signedIn(undefined, { transport: 'auto' });
  const stream = await network.events.stream();
  await stream.push(first);
  network.swallows = true;
  for (let n = 0; n < 10; n++) {
    await timers.pass(9_000);
    await stream.push(':\n\n');
  }
  assert.equal(network.calls.length, 0);
});

test('what kept a stream back is the network, not a proxy: a stream is tried again when it is back', async () => {
  const all = await signedIn(undefined, { transport: 'auto' });
  swallow(all.network);
  await all.timers.pass(BOUND);
  assert.deepEqual(all.states(), ['connecting', 'offline']);
  await untilFollowed(all, 56, [entry(57)]);
  assert.equal(all.chat.transport, 'stream');
});

test('a post that was swallowed is sent again as soon as the network is back, with its key', async () => {
  const all = await signedIn();
  all.chat.post(1, 'hi');
  swallow(all.network);
  await all.timers.pass(20_000);
  all.network.swallows = false;
  all.network.answersPings = true;
  await all.timers.pass(10_000);
  const posts = all.network.calls.filter(({ path }) => path === '/walls/1/posts');
  assert.equal(posts.at(-1).body.client_key, 'key-1');
  await posts.at(-1).answer(201, { post: entry(57, { user_id: 3 }) });
  assert.deepEqual(all.chat.outbox(1), []);
});

test('whoever is another user by now is noticed when the page comes into sight', async () => {
  const { chat, network, lastState } = await signedIn();
  chat.retryNow();
  await settle();
  await network.call('GET', '/session').answer(412, { errors: ["This session is another user's."] });
  assert.equal(lastState().reason, 'other_user');
});
