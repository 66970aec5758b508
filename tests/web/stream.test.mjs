// The client over a stream: when it opens one, what it does with each event, when it polls instead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventParser } from '../../web/pollster/events.js';
import { entry, wall } from './fakes.mjs';
import { signedIn } from './signed_in.mjs';

const walls = (id, posts, more = {}) => `event: walls\ndata: ${JSON.stringify({ walls: { [id]: { posts, ...more } } })}\nid: 1:2\n\n`;
const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const first = 'retry: 1500\n\n';

// Signed in, with a stream that has said its first word.
async function streaming(all = [wall(1, 56)], options = {}) {
  const its = await signedIn(all, { transport: 'auto', ...options });
  const { form } = its.network.events;
  const stream = await its.network.events.stream();
  await stream.push(first);
  return { ...its, stream, form };
}

test('one stream asks for all walls with the newest entry of each', async () => {
  const { form, chat, network, states } = await streaming([wall(1, 56), wall(2, 77)]);
  assert.deepEqual(form, { 'last_post_id[1]': '56', 'last_post_id[2]': '77' });
  assert.equal(chat.transport, 'stream');
  assert.deepEqual(states(), ['connecting', 'online']);
  assert.equal(network.polls(), 0);
});

test('it is not online before the first word has come', async () => {
  const { network, states, chat } = await signedIn(undefined, { transport: 'auto' });
  const stream = await network.events.stream();
  assert.deepEqual(states(), ['connecting']);
  assert.equal(chat.transport, 'poll');
  await stream.push(':');
  assert.deepEqual(states(), ['connecting', 'online']);
});

test('posts are reported as they come, over the same stream', async () => {
  const { stream, received, network } = await streaming();
  await stream.push(walls(1, [entry(57)]));
  await stream.push(walls(1, [entry(58), entry(59)]));
  assert.deepEqual(received(), [57, 58, 59]);
  assert.equal(network.calls.length, 0);
});

test('an event may arrive in any pieces, within a letter too', async () => {
  const { stream, events } = await streaming();
  for (const byte of new TextEncoder().encode(walls(1, [entry(57, { body: 'grüße 👋' })]))) await stream.push(Uint8Array.of(byte));
  const [, , [post]] = events.find(([name]) => name === 'posts');
  assert.equal(post.body, 'grüße 👋');
});

test('a text may hold the line and paragraph separators of Unicode, which end no line of a stream', async () => {
  const { stream, chat, gaps } = await streaming();
  await stream.push(walls(1, [entry(57, { body: 'one\u2028two\u2029three' })]));
  await stream.push(walls(1, [entry(58)]));
  assert.deepEqual(chat.walls.get(1).posts.map(({ body }) => body), ['one\u2028two\u2029three', 'text 58']);
  assert.deepEqual(gaps(), []);
});

test('a gap and a reset make it read the wall and open another stream', async () => {
  const { stream, network, gaps } = await streaming();
  await stream.push(walls(1, [entry(59)]));
  assert.deepEqual(gaps(), [{ expected: 57, got: 59 }]);
  assert.ok(stream.left());
  await network.call('GET', '/walls/1/posts?').answer(200, { posts: [entry(59)], more: true, before: 59, newest: 59, epoch: 7 });
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 59)] });
  assert.equal(network.events.form['last_post_id[1]'], '59');
});

test('what came together with a gap is asked for again, not taken', async () => {
  const { stream, gaps } = await streaming();
  await stream.push(walls(1, [entry(59)]) + walls(1, [entry(61)]));
  assert.deepEqual(gaps(), [{ expected: 57, got: 59 }]);
});

test('a wall that is lost makes it read the list of walls', async () => {
  const { stream, network, chat } = await streaming([wall(1, 56), wall(2, 77)]);
  await stream.push(event('access', { lost: [2], gained: [] }));
  assert.ok(stream.left());
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  assert.deepEqual([...chat.walls.keys()], [1]);
  assert.deepEqual(network.events.form, { 'last_post_id[1]': '56' });
});

test('the list of walls is read now and then, although the stream goes on', async () => {
  const { network, timers, stream } = await streaming();
  network.answersPings = true;
  for (let left = 10; left > 0 && !stream.left(); left -= 1) {
    await timers.pass(30_000);
    if (!stream.left()) await stream.push(':\n\n');
  }
  assert.ok(stream.left());
  network.call('GET', '/walls');
});

test('after its time it comes back when it was told to', async () => {
  const { stream, network, timers, states } = await streaming();
  await stream.push(walls(1, [entry(57)]));
  await stream.push(`retry: 1200\n${event('end', { reason: 'time_up' })}`);
  await timers.pass(1_199);
  assert.equal(network.calls.length, 0);
  await timers.pass(1);
  assert.equal(network.events.form['last_post_id[1]'], '57');
  assert.deepEqual(states(), ['connecting', 'online']);
});

test('a session that ended signs out', async () => {
  const { stream, lastState, chat } = await streaming();
  await stream.push(event('end', { reason: 'signed_out' }));
  assert.equal(lastState().reason, 'expired');
  assert.equal(chat.user, null);
});

test('a server that is not available is asked again later', async () => {
  const { stream, network, timers, lastState } = await streaming();
  await stream.push(`retry: 3000\n${event('end', { reason: 'unavailable' })}`);
  assert.equal(lastState().state, 'offline');
  await timers.pass(2_999);
  assert.equal(network.calls.length, 0);
  await timers.pass(2_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  network.call('POST', '/events');
});

test('a connection that is cut off is a failure like another', async () => {
  const { stream, network, timers, lastState, chat } = await streaming();
  await stream.cut();
  assert.equal(lastState().state, 'offline');
  assert.equal(chat.transport, 'poll');
  await timers.pass(2_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  const again = await network.events.stream();
  await again.push(first);
  assert.equal(lastState().state, 'online');
  assert.equal(chat.transport, 'stream');
});

test('silence of 35 s is a dead connection', async () => {
  const { stream, timers, lastState } = await streaming();
  await timers.pass(30_000);
  await stream.push(':\n\n');
  await timers.pass(34_999);
  assert.equal(lastState().state, 'online');
  await timers.pass(1);
  assert.equal(lastState().state, 'offline');
});

test('behind a proxy that keeps answers back it polls, and tries a stream again after minutes', async () => {
  const { network, timers, chat, states } = await signedIn(undefined, { transport: 'auto' });
  await timers.pass(5_000);  // not even a head
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  assert.equal(network.poll.form['last_post_id[1]'], '56');
  assert.equal(chat.transport, 'poll');
  assert.deepEqual(states(), ['connecting', 'online']);
  await timers.pass(55_000);
  await network.poll.answer(200, { walls: { 1: { posts: [entry(57)] } } });
  assert.equal(network.poll.form['last_post_id[1]'], '57');
  await timers.pass(600_000);
});

test('a head without a first word is a proxy that keeps answers back, too', async () => {
  const { network, timers } = await signedIn(undefined, { transport: 'auto' });
  await network.events.stream();
  await timers.pass(5_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  assert.equal(network.poll.form['last_post_id[1]'], '56');
});

test('a server without streams is polled', async () => {
  const { network } = await signedIn(undefined, { transport: 'auto' });
  await network.events.answer(404, { errors: ['There is nothing at this path.'] });
  assert.equal(network.poll.form['last_post_id[1]'], '56');
});

test('a refusal is one, not a reason to poll', async () => {
  const { network, lastState } = await signedIn(undefined, { transport: 'auto' });
  await network.events.answer(400, { errors: ['Invalid user!'] });
  assert.equal(lastState().reason, 'expired');
});

test('the parser passes over comments, unknown fields and events without data', () => {
  const parser = new EventParser();
  assert.deepEqual([...parser.push(':\n\nretry: 20\n\nevent: a\ndata: {"x":1}\nid: 5\n\nevent: b\n\n')], [{ name: 'a', data: { x: 1 } }]);
  assert.equal(parser.retry, 20);
  assert.deepEqual([...parser.push('data: {}\n\nevent: c\nda')], []);
  assert.deepEqual([...parser.push('ta: []\n\n')], [{ name: 'c', data: [] }]);
});
