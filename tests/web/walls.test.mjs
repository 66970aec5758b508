import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, settle, wall } from './fakes.mjs';
import { client, signedIn } from './signed_in.mjs';

const shown = (chat) => chat.walls.get(1).posts.map(({ id }) => id);
const read = ['PUT', '/walls/1/read'];

test('opening a wall reads its newest posts once', async () => {
  const { chat, network } = await signedIn([wall(1, 3)]);
  const opened = chat.open(1);
  await network.call('GET', '/walls/1/posts?').answer(200, { posts: [entry(2), entry(3)], more: true, newest: 3 });
  await opened;
  assert.deepEqual(shown(chat), [2, 3]);
  await chat.open(1);
  assert.equal(network.history, undefined);
});

test('paging back asks below the oldest held post and stops at the first', async () => {
  const { chat, network } = await signedIn([wall(1, 4)]);
  const opened = chat.open(1);
  await network.history.answer(200, { posts: [entry(3), entry(4)], more: true, newest: 4 });
  await opened;
  const older = chat.loadOlder(1, 2);
  assert.equal(network.history.path, '/walls/1/posts?before=3&limit=2');
  await network.history.answer(200, { posts: [entry(1), entry(2)], more: false, newest: 4 });
  await older;
  assert.deepEqual(shown(chat), [1, 2, 3, 4]);
  await chat.loadOlder(1);
  assert.equal(network.history, undefined);
});

test('two requests for older posts at once become one', async () => {
  const { chat, network } = await signedIn([wall(1, 4)]);
  const both = Promise.all([chat.loadOlder(1), chat.loadOlder(1)]);
  await network.call('GET', '/walls/1/posts?limit=50').answer(200, { posts: [entry(4)], more: true, before: 4, newest: 4 });
  assert.deepEqual((await both).map(({ posts }) => posts.map(({ id }) => id)), [[4], [4]]);
  assert.equal(network.history, undefined);
});

test('posts that arrive while history is on its way are neither lost nor doubled', async () => {
  const { chat, network, received } = await signedIn([wall(1, 3)]);
  const opened = chat.open(1);
  await network.poll.answer(200, { walls: { 1: { posts: [entry(4), entry(5)] } } });
  await network.history.answer(200, { posts: [entry(3), entry(4)], more: false, newest: 4 });
  await opened;
  assert.deepEqual(shown(chat), [3, 4, 5]);
  assert.deepEqual(received(), [4, 5]);
});

test('posts and changes that arrive while an older page is on its way are not lost', async () => {
  const { chat, network, received } = await signedIn([wall(1, 4)]);
  const opened = chat.open(1);
  await network.history.answer(200, { posts: [entry(3), entry(4)], more: true, newest: 4 });
  await opened;
  const older = chat.loadOlder(1);
  await network.history.answer(200, { posts: [entry(1), entry(2)], more: false, newest: 6 });  // of after the two below
  await older;
  await network.poll.answer(200, { walls: { 1: { posts: [entry(5), entry(6, { kind: 'delete', post_id: 9004, body: null })] } } });
  assert.deepEqual(chat.walls.get(1).posts.map(({ id, body }) => [id, body]),
                   [[1, 'text 1'], [2, 'text 2'], [3, 'text 3'], [4, null], [5, 'text 5']]);
  assert.deepEqual(received(), [5]);
});

test('a page of another epoch is not mixed with what is held: the wall is read again', async () => {
  const { chat, network } = await signedIn([{ ...wall(1, 56), epoch: 7 }]);
  const opened = chat.open(1);
  await network.history.answer(200, { posts: [entry(55), entry(56)], more: true, before: 55, newest: 56, epoch: 7 });
  await opened;
  const older = chat.loadOlder(1);
  await network.history.answer(200, { posts: [entry(2)], more: false, newest: 9, epoch: 8 });
  await older;
  await settle();
  await network.history.answer(200, { posts: [entry(8), entry(9)], more: true, newest: 9, epoch: 8 });
  await network.call('GET', '/walls').answer(200, { walls: [{ ...wall(1, 9), epoch: 8 }] });
  assert.deepEqual(chat.walls.get(1).posts.map(({ id }) => id), [8, 9]);
  assert.equal(network.poll.form['epoch[1]'], '8');
});

test('a page asked for before a reset is not mixed with what came after it', async () => {
  const { chat, network } = await signedIn([wall(1, 56)]);
  const opened = chat.open(1);
  const late = network.history;
  await network.poll.answer(200, { walls: { 1: { posts: [], reset: true, newest: 2 } } });
  await network.calls.filter((call) => call.path.includes('/posts'))[1].answer(200, { posts: [entry(1), entry(2)], more: false, newest: 2 });
  await late.answer(200, { posts: [entry(55), entry(56)], more: true, newest: 56 });
  await opened;
  assert.deepEqual(shown(chat), [1, 2]);
});

test('after history older than the cursor the poll asks again from there', async () => {
  const { chat, network } = await signedIn([wall(1, 10)]);
  const opened = chat.open(1);
  await network.history.answer(200, { posts: [entry(8)], more: true, newest: 8 });
  await opened;
  await settle();
  assert.equal(network.poll.form['last_post_id[1]'], '8');
});

test('history that may no longer be read rejects, and the walls are read again', async () => {
  const { chat, network } = await signedIn();
  const rejected = assert.rejects(chat.open(1), { kind: 'forbidden', message: 'Not your wall.' });
  await network.history.answer(403, { errors: ['Not your wall.'] });
  await rejected;
  network.call('GET', '/walls');
});

test('whichever call is told that a wall is not the user\'s any more, the walls are read again', async () => {
  const { chat, network, timers } = await signedIn();
  const refused = { errors: ['Not your wall.'] };
  const again = async () => network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  chat.post(1, 'hi');
  await network.call('POST', '/walls/1/posts').answer(403, refused);
  await again();
  chat.markRead(1);
  await timers.pass(1_000);
  await network.call(...read).answer(403, refused);
  await again();
  const rejected = assert.rejects(chat.remove(1, 9001), { kind: 'forbidden' });
  await network.call('DELETE', '/walls/1/posts/9001').answer(403, refused);
  await rejected;
  await again();
});

test('posts of others raise the unread count, own and deleted ones do not', async () => {
  const { chat, network } = await signedIn([wall(1, 56, { unread: 2 })]);
  await network.poll.answer(200, { walls: { 1: { posts: [entry(57), entry(58, { user_id: 3 }), entry(59, { body: null })] } } });
  assert.equal(chat.walls.get(1).unread, 3);
});

test('a burst of reading becomes one read mark with the newest entry', async () => {
  const { chat, network, timers } = await signedIn([wall(1, 56, { unread: 2 })]);
  chat.markRead(1);
  assert.equal(chat.walls.get(1).unread, 0);
  await network.poll.answer(200, { walls: { 1: { posts: [entry(57)] } } });
  chat.markRead(1);
  chat.markRead(1);
  await timers.pass(1_000);
  assert.deepEqual(network.call(...read).body, { id: 57 });
});

test('a list of walls older than our read mark does not bring the unread count back', async () => {
  const { chat, network } = await signedIn([wall(1, 56, { unread: 2 })]);
  chat.markRead(1);
  chat.refreshWalls();
  await settle();
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 56, { unread: 2 })] });
  assert.equal(chat.walls.get(1).unread, 0);
});

test('a read mark that was lost is set again by the next reading', async () => {
  const { chat, network, timers } = await signedIn();
  chat.markRead(1);
  await timers.pass(1_000);
  await network.call(...read).fail();
  chat.markRead(1);
  await timers.pass(1_000);
  network.call(...read);
});

test('signing out stops everything, tells the server, and forgets the walls', async () => {
  const { chat, network, timers, lastState } = await signedIn();
  chat.markRead(1);
  const out = chat.signOut();
  await settle();
  assert.equal(network.polls(), 0);
  const call = network.call('DELETE', '/session');
  assert.equal(call.headers['X-CSRF-Token'], '1');
  await call.answer(200, { signed_out: true });
  await out;
  assert.deepEqual(lastState(), { state: 'signed_out', retryAt: null, reason: null });
  assert.equal(chat.walls.size, 0);
  await timers.pass(1_000);  // when the read mark would have gone out
  assert.equal(network.calls.length, 0);
});

test('signing in with a wrong password rejects and starts nothing', async () => {
  const { chat, network } = client();
  const done = chat.signIn('ann', 'wrong');
  done.catch(() => {});
  await settle();
  await network.call('POST', '/session').answer(401, { errors: ['Wrong name or password.'] });
  await assert.rejects(done, { kind: 'signed_out', message: 'Wrong name or password.' });
  assert.equal(network.calls.length, 0);
});

test('with auth "bearer" the session travels in the header, without the cookie proof', async () => {
  const { chat, network } = await signedIn(undefined, { auth: 'bearer' });
  assert.equal(network.poll.headers.Authorization, 'Bearer the-session');
  chat.post(1, 'hi');
  const { headers } = network.call('POST', '/walls/1/posts');
  assert.equal(headers.Authorization, 'Bearer the-session');
  assert.equal(headers['X-CSRF-Token'], undefined);
});

test('the poll is a form that says whose it is, and nothing else', async () => {
  const { network } = await signedIn();
  assert.deepEqual(network.poll.headers, { 'X-Pollster-User': '3' });
});
