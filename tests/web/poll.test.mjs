import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, settle, wall } from './fakes.mjs';
import { client, signedIn } from './signed_in.mjs';

const news = (id, posts, more = {}) => ({ walls: { [id]: { posts, ...more } } });

test('one poll asks for all walls with the newest entry of each', async () => {
  const { network, states } = await signedIn([wall(1, 56), wall(2, 77)]);
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '56', 'last_post_id[2]': '77' });
  assert.deepEqual(states(), ['connecting', 'online']);
});

test('posts are reported in order and the next poll goes out at once with the new cursor', async () => {
  const { network, received } = await signedIn();
  await network.poll.answer(200, news(1, [entry(57), entry(58)]));
  assert.deepEqual(received(), [57, 58]);
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '58' });
});

test('an empty answer after the full time is followed by the next poll at once', async () => {
  const { network, timers } = await signedIn();
  await timers.pass(55_000);
  await network.poll.answer(200, { walls: {} });
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '56' });
});

test('a poll says which walls are known, and the list is read at once when they are others', async () => {
  const { chat, network } = await signedIn([wall(1, 56), wall(2, 77)], { access: 5 });
  assert.deepEqual(network.poll.form, { access: '5', 'last_post_id[1]': '56', 'last_post_id[2]': '77' });
  await network.poll.answer(200, { walls: {}, access: 6 });
  await network.call('GET', '/walls').answer(200, { access: 6, walls: [wall(2, 77), wall(3, 0)] });
  assert.deepEqual([...chat.walls.keys()], [2, 3]);
  assert.deepEqual(network.poll.form, { access: '6', 'last_post_id[2]': '77', 'last_post_id[3]': '0' });
});

test('without a wall it waits for one, from a server that tells of it', async () => {
  const { chat, network, states } = await signedIn([], { access: 0 });
  assert.deepEqual(network.poll.form, { access: '0' });
  await network.poll.answer(200, { walls: {}, access: 6 });
  await network.call('GET', '/walls').answer(200, { access: 6, walls: [wall(3, 0)] });
  assert.deepEqual([...chat.walls.keys()], [3]);
  assert.deepEqual(network.poll.form, { access: '6', 'last_post_id[3]': '0' });
  assert.deepEqual(states(), ['connecting', 'online']);
});

test('a server that answers "nothing" at once is not hammered', async () => {
  const { network, timers } = await signedIn();
  await network.poll.answer(200, { walls: {} });
  assert.equal(network.calls.length, 0);
  await timers.pass(999);
  assert.equal(network.calls.length, 0);
  await timers.pass(1);
  assert.equal(network.polls(), 1);
});

test('the pages of a long backlog are fetched one after the other', async () => {
  const { network, received } = await signedIn();
  await network.poll.answer(200, news(1, [entry(57), entry(58)], { more: true }));
  assert.equal(network.poll.form['last_post_id[1]'], '58');
  await network.poll.answer(200, news(1, [entry(59)]));
  assert.deepEqual(received(), [57, 58, 59]);
});

test('unknown kinds and keys are passed over but move the cursor', async () => {
  const { network, received } = await signedIn();
  await network.poll.answer(200, { walls: { 1: { posts: [entry(57, { kind: 'reaction' }), entry(58, { colour: 'red' })], new_key: 1 } } });
  assert.deepEqual(received(), [58]);
  assert.equal(network.poll.form['last_post_id[1]'], '58');
});

test('entries that are already held are not reported again', async () => {
  const { network, received } = await signedIn();
  await network.poll.answer(200, news(1, [entry(55), entry(56), entry(57)]));
  assert.deepEqual(received(), [57]);
});

test('a gap is reported, and the wall is read again before the next poll', async () => {
  const { chat, network, gaps, received } = await signedIn();
  await network.poll.answer(200, news(1, [entry(57), entry(59)]));
  assert.deepEqual(gaps(), [{ expected: 58, got: 59 }]);
  assert.deepEqual(received(), [57]);
  assert.equal(network.polls(), 0);
  await network.call('GET', '/walls/1/posts?').answer(200, { posts: [entry(57), entry(58), entry(59)], more: false, newest: 59 });
  assert.deepEqual(chat.walls.get(1).posts.map(({ id }) => id), [57, 58, 59]);
});

test('after a gap a failed reading is retried and the old cursor is not polled meanwhile', async () => {
  const { network, timers } = await signedIn();
  await network.poll.answer(200, news(1, [entry(60)]));
  await network.call('GET', '/walls/1/posts?').fail();
  await timers.pass(1_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  await network.call('GET', '/walls/1/posts?').answer(200, { posts: [entry(60)], more: true, newest: 60 });
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 60)] });
  assert.equal(network.poll.form['last_post_id[1]'], '60');
});

test('a wall that was reset starts over from its newest entry', async () => {
  const { chat, network, gaps } = await signedIn();
  await network.poll.answer(200, { walls: { 1: { posts: [], reset: true, newest: 12 } } });
  await network.call('GET', '/walls/1/posts?').answer(200, { posts: [entry(11), entry(12)], more: true, newest: 12 });
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 12)] });
  assert.equal(network.poll.form['last_post_id[1]'], '12');
  assert.deepEqual(chat.walls.get(1).posts.map(({ id }) => id), [11, 12]);
  assert.deepEqual(gaps(), []);
});

test('the epoch of a wall is told with its cursor, and one that no longer agrees has the wall read again', async () => {
  const { chat, network } = await signedIn([{ ...wall(1, 56), epoch: 7 }]);
  assert.equal(network.poll.form['epoch[1]'], '7');
  await network.poll.answer(200, { walls: { 1: { posts: [entry(57)], epoch: 7 } } });
  assert.equal(network.poll.form['last_post_id[1]'], '57');
  // As many entries as before, of another history.
  await network.poll.answer(200, { walls: { 1: { posts: [], reset: true, newest: 57, epoch: 8 } } });
  await network.call('GET', '/walls/1/posts?').answer(200, { posts: [entry(57, { body: 'another' })], more: true, newest: 57, epoch: 8 });
  await network.call('GET', '/walls').answer(200, { walls: [{ ...wall(1, 57), epoch: 8 }] });
  assert.equal(network.poll.form['epoch[1]'], '8');
  assert.deepEqual(chat.walls.get(1).posts.map(({ body }) => body), ['another']);
});

test('a wall whose epoch the list of walls tells otherwise is read again before the next poll', async () => {
  const { chat, network } = await signedIn([{ ...wall(1, 56), epoch: 7 }]);
  await network.poll.answer(200, { walls: { 1: { posts: [entry(57)], epoch: 7 } } });
  chat.refreshWalls();
  await settle();
  await network.call('GET', '/walls').answer(200, { walls: [{ ...wall(1, 60), epoch: 8 }] });
  await network.call('GET', '/walls/1/posts?').answer(200, { posts: [entry(60)], more: true, newest: 60, epoch: 8 });
  await network.call('GET', '/walls').answer(200, { walls: [{ ...wall(1, 60), epoch: 8 }] });
  assert.deepEqual([network.poll.form['last_post_id[1]'], network.poll.form['epoch[1]']], ['60', '8']);
});

test('an empty wall gets its epoch with its first post', async () => {
  const { network, received } = await signedIn([{ ...wall(1, 0), epoch: null }]);
  assert.equal(network.poll.form['epoch[1]'], undefined);
  await network.poll.answer(200, { walls: { 1: { posts: [entry(1)], epoch: 8 } } });
  assert.deepEqual(received(), [1]);
  assert.deepEqual([network.poll.form['last_post_id[1]'], network.poll.form['epoch[1]']], ['1', '8']);
});

// Where nothing at all answers there is no server to spare, but a person who waits for the network.
test('after a failure the first retry comes within 0-2 s, later ones double up to 30 s, or 8 s without any answer', async () => {
  const refused = (call) => call.answer(502, '<html>Bad Gateway</html>');
  const lost = (call) => call.fail();
  for (const [fail, random, waits] of [
    [refused, 0, [0, 2_000, 4_000, 8_000, 15_000, 15_000]], [refused, 0.999999, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]],
    [lost, 0, [0, 2_000, 4_000, 4_000, 4_000]], [lost, 0.999999, [2_000, 4_000, 8_000, 8_000, 8_000]]]) {
    const { network, timers, lastState } = await signedIn([wall(1, 56)], { random: () => random });
    await fail(network.poll);
    for (const wait of waits) {
      assert.equal(lastState().state, 'offline');
      assert.equal(lastState().retryAt - timers.now(), wait);
      if (wait > 0) await timers.pass(wait - 1);
      assert.equal(network.calls.length, 0);
      await timers.pass(1);
      await fail(network.call('GET', '/'));
    }
  }
});

test('the back-off starts over after a poll that succeeded', async () => {
  const { network, timers, lastState } = await signedIn();
  await network.poll.fail();
  await timers.pass(1_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  await network.poll.answer(200, news(1, [entry(57)]));
  assert.equal(lastState().state, 'online');
  await network.poll.fail();
  assert.equal(lastState().retryAt - timers.now(), 1_000);
});

test('after a failure the client is online once its poll has hung for a second', async () => {
  const { network, timers, lastState } = await signedIn();
  await network.poll.fail();
  await timers.pass(1_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  assert.equal(lastState().state, 'offline');
  await timers.pass(1_000);
  assert.equal(lastState().state, 'online');
  assert.equal(network.polls(), 1);
});

test('a busy server is left alone for Retry-After, then its clients come back spread out', async () => {
  for (const status of [429, 503]) {
    const { network, timers, lastState } = await signedIn();
    await network.poll.answer(status, { errors: ['Not now.'] }, { 'Retry-After': '7' });
    assert.deepEqual(lastState(), { state: 'offline', retryAt: timers.now() + 8_000, reason: 'Not now.' });
    await timers.pass(7_999);
    assert.equal(network.calls.length, 0);
    await timers.pass(1);
    network.call('GET', '/');
  }
});

test("a proxy's error page counts as a network failure", async () => {
  const { network, lastState } = await signedIn();
  await network.poll.answer(502, '<html>Bad Gateway</html>');
  assert.equal(lastState().state, 'offline');
});

test('a poll without any answer is given up after 80 s', async () => {
  const { network, timers, lastState } = await signedIn();
  await timers.pass(79_999);
  assert.equal(network.polls(), 1);
  await timers.pass(1);
  assert.equal(network.polls(), 0);
  assert.equal(lastState().state, 'offline');
});

test('retryNow does not wait for the end of the back-off', async () => {
  const { chat, network } = await signedIn();
  await network.poll.fail();
  chat.retryNow();
  await settle();
  network.call('GET', '/');
});

test('"Invalid user!" ends the session without another request', async () => {
  const { chat, network, timers, lastState } = await signedIn();
  await network.poll.answer(400, { errors: ['Invalid user!'] });
  assert.deepEqual(lastState(), { state: 'signed_out', retryAt: null, reason: 'expired' });
  assert.equal(chat.user, null);
  await timers.pass(600_000);
  assert.equal(network.calls.length, 0);
});

test('"Invalid parameters!" makes the client read its walls again', async () => {
  const { network, timers } = await signedIn();
  await network.poll.answer(400, { errors: ['Invalid parameters!'] });
  await timers.pass(1_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  await network.call('GET', '/walls').answer(200, { walls: [wall(5, 9)] });
  assert.deepEqual(network.poll.form, { 'last_post_id[5]': '9' });
});

test('a new wall is polled from its newest entry, known walls keep their cursor', async () => {
  const { chat, network } = await signedIn();
  chat.refreshWalls();
  await settle();
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 58), wall(2, 9)] });
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '56', 'last_post_id[2]': '9' });
});

test('stop aborts what hangs and leaves no timer behind', async () => {
  const { chat, network, timers } = await signedIn();
  chat.stop();
  await settle();
  assert.equal(network.calls.length, 0);
  assert.equal(timers.waiting, 0);
});

test('a visit without a session resumes to nobody and sends nothing more', async () => {
  const { chat, network, timers } = client();
  const resumed = chat.resume();
  await settle();
  await network.call('GET', '/session').answer(401, { errors: ['Please sign in.'] });
  assert.equal(await resumed, null);
  await timers.pass(60_000);
  assert.equal(network.calls.length, 0);
});
