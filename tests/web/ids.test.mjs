// Ids that no number of JavaScript is: texts, which are told apart exactly and sent as they came.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallOfHref } from '../../web/page/wall_list.js';
import { Places } from '../../web/pollster/places.js';
import { entry, wall } from './fakes.mjs';
import { signedIn } from './signed_in.mjs';

const FAR = '9007199254740993';
const posts = ['9007199254740992', FAR, '9007199254740994'];
const far = (id, post, more) => entry(id, { post_id: post, user_id: FAR, ...more });

test('posts whose ids are one number to JavaScript are three', async () => {
  const { chat, network, received, gaps } = await signedIn([wall(FAR, 0), wall(1, 0)]);
  assert.equal(network.poll.form[`last_post_id[${FAR}]`], '0');
  await network.poll.answer(200, { walls: { [FAR]: { posts: posts.map((post, n) => far(n + 1, post)) }, 1: { posts: [entry(1)] } } });
  assert.deepEqual(received(), [1, 1, 2, 3]);  // of wall 1 first, as JavaScript orders keys
  assert.deepEqual(chat.walls.get(FAR).posts.map(({ post_id }) => post_id), posts);
  assert.equal(chat.walls.get(1).posts.length, 1);
  await network.poll.answer(200, { walls: { [FAR]: { posts: [far(4, FAR, { kind: 'edit', body: 'better' })] } } });
  assert.deepEqual(chat.walls.get(FAR).posts.map(({ body }) => body), ['text 1', 'better', 'text 3']);
  assert.deepEqual(gaps(), []);
  chat.edit(FAR, FAR, 'best').catch(() => {});
  await network.call('PATCH', `/walls/${FAR}/posts/${FAR}`).answer(200, { post: far(5, FAR, { kind: 'edit', body: 'best' }) });
  assert.deepEqual(chat.walls.get(FAR).posts.map(({ body }) => body), ['text 1', 'best', 'text 3']);
  chat.post(FAR, 'hi');
  assert.equal(network.call('POST', `/walls/${FAR}/posts`).body.body, 'hi');
});

test('tabs and links know such walls', () => {
  const places = new Places();
  const timeline = { cursor: 7, epoch: 1 };
  places.of([{ id: FAR, timeline }, { id: 2, timeline }]);
  assert.deepEqual(places.advance({ [FAR]: { posts: [entry(8)], epoch: 1 }, 2: { posts: [entry(9)], epoch: 1 } }), { [FAR]: 7, 2: 7 });
  assert.deepEqual(places.of([]).map(({ id, timeline: { cursor } }) => [id, cursor]), [[FAR, 8], [2, 9]]);
  assert.equal(wallOfHref(`#wall-${FAR}`), FAR);
  assert.equal(wallOfHref('#wall-3'), 3);
  assert.equal(wallOfHref('#else'), 0);
});
