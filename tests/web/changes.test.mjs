import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, settle, wall } from './fakes.mjs';
import { signedIn } from './signed_in.mjs';

const EDIT = ['PATCH', '/walls/1/posts/9056'];
const REMOVE = ['DELETE', '/walls/1/posts/9056'];
const own = { user_id: 3, user_name: 'ann' };
const edited = (id, body) => entry(id, { ...own, kind: 'edit', post_id: 9056, body, edited_at: '2026-01-02T04:00:00.000Z' });
const deleted = (id) => entry(id, { ...own, kind: 'delete', post_id: 9056, body: null });
const bodies = (chat) => chat.walls.get(1).posts.map(({ body }) => body);

// A client that holds post 9056, ann's.
async function withPost() {
  const all = await signedIn([wall(1, 56)]);
  const opened = all.chat.open(1);
  await all.network.history.answer(200, { posts: [entry(56, own)], more: false, newest: 56 });
  await opened;
  return all;
}

// How a promise ended, without waiting for it.
function outcomeOf(promise) {
  const outcome = {};
  promise.then(() => { outcome.done = true; }, (error) => { outcome.error = error; });
  return outcome;
}

test('an edit goes out at once with the proof that it comes from the page, and shows when answered', async () => {
  const { chat, network, events } = await withPost();
  const outcome = outcomeOf(chat.edit(1, 9056, 'better'));
  const call = network.call(...EDIT);
  assert.deepEqual(call.body, { body: 'better' });
  assert.equal(call.headers['X-CSRF-Token'], '1');
  assert.deepEqual(bodies(chat), ['text 56']);
  await call.answer(200, { post: edited(57, 'better') });
  assert.deepEqual(outcome, { done: true });
  assert.deepEqual(bodies(chat), ['better']);
  assert.deepEqual(events.at(-1)[2], [edited(57, 'better')]);
});

test('what an application adds to a post comes with it, changes with it, and goes with it', async () => {
  const { chat, network } = await signedIn([wall(1, 56)]);
  const opened = chat.open(1);
  await network.history.answer(200, { posts: [entry(56, { extra: { avatar: 'a.png' } })], more: false, newest: 56 });
  await opened;
  const extra = () => chat.walls.get(1).posts[0].extra;
  assert.deepEqual(extra(), { avatar: 'a.png' });
  const change = (id, more) => entry(id, { post_id: 9056, kind: 'edit', body: 'text 56', ...more });
  await network.poll.answer(200, { walls: { 1: { posts: [change(57, { extra: { avatar: 'b.png' } })] } } });
  assert.deepEqual(extra(), { avatar: 'b.png' });
  await network.poll.answer(200, { walls: { 1: { posts: [change(58, { extra: null })] } } });
  assert.equal(extra(), null);
  await network.poll.answer(200, { walls: { 1: { posts: [change(59, { extra: 1 }), change(60, { kind: 'delete', body: null })] } } });
  assert.equal(extra(), undefined);
});

test('a deletion leaves the post without a body', async () => {
  const { chat, network } = await withPost();
  const outcome = outcomeOf(chat.remove(1, 9056));
  assert.equal(network.call(...REMOVE).headers['X-CSRF-Token'], '1');
  await network.call(...REMOVE).answer(200, { post: deleted(57) });
  assert.deepEqual(outcome, { done: true });
  assert.deepEqual(bodies(chat), [null]);
});

test('the feed brings the changes of others in place and the next poll goes on above them', async () => {
  const { chat, network, received, gaps } = await withPost();
  await network.poll.answer(200, { walls: { 1: { posts: [edited(57, 'better'), deleted(58)] } } });
  assert.deepEqual(bodies(chat), [null]);
  assert.deepEqual(received(), []);
  assert.deepEqual(gaps(), []);
  assert.equal(network.poll.form['last_post_id[1]'], '58');
  assert.equal(chat.walls.get(1).unread, 0);
});

test('a change of a post that is not held is told too', async () => {
  const { network, events } = await signedIn([wall(1, 56)]);
  await network.poll.answer(200, { walls: { 1: { posts: [deleted(57)] } } });
  assert.deepEqual(events.filter(([name]) => name === 'changed').map(([, , changes]) => changes), [[deleted(57)]]);
  assert.equal(network.poll.form['last_post_id[1]'], '57');
});

test('a change without an answer is sent again', async () => {
  const { chat, network, timers } = await withPost();
  const outcome = outcomeOf(chat.remove(1, 9056));
  await network.call(...REMOVE).fail();
  await timers.pass(1_000);
  await network.call(...REMOVE).answer(200, { post: deleted(57) });
  assert.deepEqual(outcome, { done: true });
});

test('a busy server gets the change again after Retry-After', async () => {
  const { chat, network, timers } = await withPost();
  outcomeOf(chat.edit(1, 9056, 'better'));
  await network.call(...EDIT).answer(429, { errors: ['Slow down.'] }, { 'Retry-After': '5' });
  await timers.pass(5_999);
  assert.equal(network.calls.length, 1);  // the poll
  await timers.pass(1);
  assert.deepEqual(network.call(...EDIT).body, { body: 'better' });
});

test('a refused change rejects with the reason, is not repeated and changes nothing', async () => {
  for (const [status, kind] of [[403, 'forbidden'], [404, 'refused'], [413, 'refused'], [422, 'refused']]) {
    const { chat, network, timers } = await withPost();
    const outcome = outcomeOf(chat.edit(1, 9056, 'better'));
    await network.call(...EDIT).answer(status, { errors: ['No.'] });
    assert.deepEqual([outcome.error.kind, outcome.error.message], [kind, 'No.']);
    await timers.pass(20_000);
    assert.equal(network.calls.some(({ method }) => method === 'PATCH'), false);
    assert.deepEqual(bodies(chat), ['text 56']);
  }
});

test('a later change of the same post takes the place of one that waits', async () => {
  const { chat, network, timers } = await withPost();
  const first = outcomeOf(chat.edit(1, 9056, 'first'));
  await network.call(...EDIT).fail();
  const second = outcomeOf(chat.edit(1, 9056, 'second'));
  await settle();
  assert.equal(first.error.kind, 'aborted');
  await network.call(...EDIT).answer(200, { post: edited(57, 'second') });
  await timers.pass(20_000);
  assert.equal(network.calls.some(({ method }) => method === 'PATCH'), false);
  assert.deepEqual(second, { done: true });
  assert.deepEqual(bodies(chat), ['second']);
});

test('a change ends with its signal, and with the session', async () => {
  const byCaller = await withPost();
  const stop = new AbortController();
  const cancelled = outcomeOf(byCaller.chat.edit(1, 9056, 'better', stop.signal));
  await byCaller.network.call(...EDIT).fail();
  stop.abort();
  await byCaller.timers.pass(20_000);
  assert.equal(cancelled.error.kind, 'aborted');
  assert.equal(byCaller.network.calls.some(({ method }) => method === 'PATCH'), false);

  const bySignOut = await withPost();
  const ended = outcomeOf(bySignOut.chat.edit(1, 9056, 'better'));
  outcomeOf(bySignOut.chat.signOut());
  await settle();
  assert.equal(ended.error.kind, 'aborted');
});

test('coming back online sends a waiting change without its own back-off', async () => {
  const { chat, network, timers } = await withPost();
  outcomeOf(chat.edit(1, 9056, 'better'));
  await network.call(...EDIT).answer(503, { errors: ['Not now.'] }, { 'Retry-After': '25' });
  await network.poll.fail();
  await timers.pass(1_000);
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  await timers.pass(1_000);
  network.call(...EDIT);
});

test('a search asks for the words, then below where the page ended, and leaves the posts alone', async () => {
  const { chat, network } = await withPost();
  const found = chat.search(1, 'a & b');
  assert.equal(network.history.path, '/walls/1/posts?q=a+%26+b');
  const page = { posts: [entry(9), entry(12)], more: true, before: 7, newest: 56 };
  await network.history.answer(200, page);
  assert.deepEqual(await found, page);
  outcomeOf(chat.search(1, 'a & b', page.before));
  assert.equal(network.history.path, '/walls/1/posts?q=a+%26+b&before=7');
  assert.deepEqual(bodies(chat), ['text 56']);
});

test('a search that the server is too busy for rejects with the time to wait', async () => {
  const { chat, network } = await withPost();
  const outcome = outcomeOf(chat.search(1, 'hi'));
  await network.history.answer(429, { errors: ['Slow down.'] }, { 'Retry-After': '5' });
  assert.deepEqual([outcome.error.kind, outcome.error.retryAfter], ['busy', 5_000]);
});
