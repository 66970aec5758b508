import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timeline } from '../../web/pollster/timeline.js';
import { entry } from './fakes.mjs';

const ids = (timeline) => timeline.posts.map(({ id }) => id);
const bodyOf = (timeline, id) => timeline.posts.find((post) => post.id === id).body;
const edit = (id, of, body) => entry(id, { kind: 'edit', post_id: 9000 + of, body, edited_at: '2026-01-02T04:00:00.000Z' });
const remove = (id, of) => entry(id, { kind: 'delete', post_id: 9000 + of, body: null });

test('history and feed join without a gap and without a double, in whichever order they come', () => {
  const feedFirst = new Timeline(10);
  feedFirst.feed([entry(11), entry(12)]);
  feedFirst.page({ posts: [entry(9), entry(10), entry(11)], more: true, newest: 11 });
  assert.deepEqual(ids(feedFirst), [9, 10, 11, 12]);
  assert.equal(feedFirst.cursor, 12);

  const historyFirst = new Timeline(10);
  historyFirst.page({ posts: [entry(10), entry(11), entry(12)], more: true, newest: 12 });
  assert.deepEqual(historyFirst.feed([entry(11), entry(12), entry(13)]).added.map(({ id }) => id), [13]);
  assert.deepEqual(ids(historyFirst), [10, 11, 12, 13]);
});

test('older pages go before what is held until the first post is reached', () => {
  const timeline = new Timeline(4);
  timeline.page({ posts: [entry(3), entry(4)], more: true, newest: 4 });
  assert.equal(timeline.oldest, 3);
  assert.equal(timeline.complete, false);
  timeline.page({ posts: [entry(1), entry(2)], more: false, newest: 4 });
  assert.deepEqual(ids(timeline), [1, 2, 3, 4]);
  assert.equal(timeline.complete, true);
});

test('a page from before the wall was followed leaves no hole: the feed goes on from it', () => {
  const timeline = new Timeline(10);
  timeline.feed([entry(11)]);
  assert.equal(timeline.page({ posts: [entry(7), entry(8)], more: true, newest: 8 }), false);
  assert.equal(timeline.cursor, 8);
  assert.deepEqual(ids(timeline), [7, 8]);
});

test('an older page that is ahead of the feed takes nothing from it', () => {
  const timeline = new Timeline(4);
  timeline.page({ posts: [entry(3), entry(4)], more: true, newest: 4 });
  timeline.page({ posts: [entry(1), entry(2)], more: false, newest: 7 });
  assert.equal(timeline.cursor, 4);
  assert.deepEqual(timeline.feed([entry(5), edit(6, 4, 'better'), remove(7, 3)]).added.map(({ id }) => id), [5]);
  assert.deepEqual(timeline.posts.map(({ body }) => body), ['text 1', 'text 2', null, 'better', 'text 5']);
});

test('a first page that is ahead of the feed hides no change of what the feed has brought', () => {
  const timeline = new Timeline(10);
  timeline.feed([entry(11)]);
  timeline.page({ posts: [entry(10), entry(13)], more: true, newest: 13 });  // 11 was deleted
  assert.deepEqual(timeline.feed([remove(12, 11), entry(13)]), { added: [], changes: [remove(12, 11)], gap: null });
  assert.deepEqual(timeline.posts.map(({ id, body }) => [id, body]), [[10, 'text 10'], [11, null], [13, 'text 13']]);
});

test('a first page that does not reach down to the cursor leaves no hole: the feed fills it', () => {
  const timeline = new Timeline(10);
  timeline.page({ posts: [entry(13)], more: true, newest: 13 });
  assert.deepEqual(timeline.feed([entry(11), entry(12), entry(13)]).added.map(({ id }) => id), [11, 12]);
  assert.deepEqual(ids(timeline), [11, 12, 13]);
});

test('an edit changes the post in place and keeps its number', () => {
  const timeline = new Timeline(0);
  timeline.feed([entry(1), entry(2), edit(3, 1, 'better')]);
  assert.equal(bodyOf(timeline, 1), 'better');
  assert.equal(timeline.posts[0].edited_at, '2026-01-02T04:00:00.000Z');
  assert.deepEqual(ids(timeline), [1, 2]);
  assert.equal(timeline.cursor, 3);
});

test('a deletion leaves the post without a body', () => {
  const timeline = new Timeline(0);
  timeline.feed([entry(1), entry(2, { kind: 'delete', post_id: 9001, body: null })]);
  assert.equal(bodyOf(timeline, 1), null);
});

test('an edit that a newer page already shows is not undone by the feed', () => {
  const timeline = new Timeline(1);
  timeline.page({ posts: [entry(1, { body: 'second edit' })], more: false, newest: 3 });
  timeline.cursor = 1;  // the feed is behind the page
  const { posts } = timeline;
  timeline.feed([edit(2, 1, 'first edit')]);
  assert.equal(timeline.posts, posts);
  assert.equal(bodyOf(timeline, 1), 'second edit');
});

test('an edit that came before its post was loaded is applied to a page older than it', () => {
  const timeline = new Timeline(5);
  timeline.feed([edit(6, 2, 'better')]);
  timeline.page({ posts: [entry(2), entry(5)], more: false, newest: 5 });
  assert.equal(bodyOf(timeline, 2), 'better');
});

test('an acknowledged post shows at once and its entry in the feed does not double it', () => {
  const timeline = new Timeline(5);
  assert.equal(timeline.acknowledge(entry(7)), true);
  assert.equal(timeline.cursor, 5);
  assert.deepEqual(timeline.feed([entry(6), entry(7)]).added.map(({ id }) => id), [6]);
  assert.deepEqual(ids(timeline), [6, 7]);
});

test('an acknowledgement that comes after its entry in the feed changes nothing', () => {
  const timeline = new Timeline(5);
  timeline.feed([entry(6)]);
  assert.equal(timeline.acknowledge(entry(6)), false);
  assert.deepEqual(ids(timeline), [6]);
});

test('everything before a gap is taken, nothing after it', () => {
  const timeline = new Timeline(5);
  const { added, gap } = timeline.feed([entry(6), entry(8)]);
  assert.deepEqual(added.map(({ id }) => id), [6]);
  assert.deepEqual(gap, { expected: 7, got: 8 });
  assert.equal(timeline.cursor, 6);
});

test('changes of a post that is not held are told, and the cursor goes on over them', () => {
  const timeline = new Timeline(5);
  const { added, changes } = timeline.feed([edit(6, 2, 'better'), remove(7, 2), entry(8)]);
  assert.deepEqual([added.map(({ id }) => id), changes.map(({ id }) => id)], [[8], [6, 7]]);
  assert.deepEqual(ids(timeline), [8]);
  assert.equal(timeline.cursor, 8);
});

test('the answer to an edit shows at once, and the feed that brings it again changes nothing', () => {
  const timeline = new Timeline(5);
  timeline.page({ posts: [entry(5)], more: true, newest: 5 });
  timeline.change(edit(7, 5, 'better'));
  assert.equal(bodyOf(timeline, 5), 'better');
  const { posts } = timeline;
  assert.equal(timeline.cursor, 5);
  timeline.feed([edit(6, 1, 'of another'), edit(7, 5, 'better')]);
  assert.equal(timeline.posts, posts);
});

test('the answer to an edit that changed nothing may be the post itself and changes nothing', () => {
  const timeline = new Timeline(0);
  timeline.feed([entry(1)]);
  const { posts } = timeline;
  timeline.change(entry(1));
  assert.equal(timeline.posts, posts);
});

test('no edit brings a deleted post back, whichever comes first', () => {
  const ahead = new Timeline(0);
  ahead.feed([entry(1)]);
  ahead.change(remove(3, 1));  // the answer to our deletion
  ahead.feed([edit(2, 1, 'better'), remove(3, 1)]);
  assert.equal(bodyOf(ahead, 1), null);

  const after = new Timeline(0);
  after.feed([entry(1), remove(2, 1), edit(3, 1, 'back')]);
  assert.equal(bodyOf(after, 1), null);
});

test('a deletion known before its post is loaded outlives an older edit from the feed', () => {
  const timeline = new Timeline(5);
  timeline.change(remove(7, 2));
  timeline.feed([edit(6, 2, 'better')]);
  timeline.page({ posts: [entry(2), entry(5)], more: false, newest: 5 });
  assert.equal(bodyOf(timeline, 2), null);
});

test('a backlog of a post deleted since shows its entries without a text', () => {
  const timeline = new Timeline(0);
  timeline.feed([entry(1, { body: null }), { ...edit(2, 1, null), edited_at: undefined }, remove(3, 1)]);
  assert.deepEqual(timeline.posts.map(({ body }) => body), [null]);
  assert.equal(timeline.cursor, 3);
});

const back = (id, of, fields) => entry(id, { post_id: 9000 + of, ...fields });

test('a post that comes back after its deletion stands where it came back, with its author and text of now', () => {
  const timeline = new Timeline(0);
  timeline.feed([entry(1), entry(2), remove(3, 1)]);
  const { added } = timeline.feed([back(4, 1, { body: 'here again', user_id: 5, user_name: 'emil' })]);
  assert.deepEqual(added.map(({ id }) => id), [4]);
  assert.deepEqual(ids(timeline), [2, 4]);
  assert.equal(bodyOf(timeline, 4), 'here again');
  assert.equal(timeline.posts[1].user_name, 'emil');
  timeline.feed([edit(5, 1, 'better'), remove(6, 1), back(7, 1)]);
  assert.deepEqual(ids(timeline), [2, 7]);
});

test('a backlog of a post that came back shows it once, at its last entry', () => {
  const timeline = new Timeline(0);
  timeline.feed([entry(1, { body: null }), remove(2, 1), back(3, 1, { body: null }), remove(4, 1), back(5, 1, { body: 'now' })]);
  assert.deepEqual(ids(timeline), [5]);
  assert.equal(bodyOf(timeline, 5), 'now');
});

test('a page shows a post that came back where the feed has not got to yet, and the feed does not undo it', () => {
  const timeline = new Timeline(0);
  timeline.feed([entry(1), entry(2)]);
  timeline.page({ posts: [entry(2), back(4, 1)], more: false, newest: 4 });
  assert.deepEqual(ids(timeline), [2, 4]);
  timeline.cursor = 2;  // the feed is behind the page
  timeline.feed([remove(3, 1), back(4, 1)]);
  assert.deepEqual(ids(timeline), [2, 4]);
  assert.equal(bodyOf(timeline, 4), 'text 4');
});

test('a page from before a post came back does not move it', () => {
  const timeline = new Timeline(2);
  timeline.feed([remove(3, 1), back(4, 1)]);
  timeline.page({ posts: [entry(1), entry(2)], more: false, newest: 2 });
  assert.deepEqual(ids(timeline), [2, 4]);
});

test('a deletion that was answered before the feed brings the return of its post counts', () => {
  const timeline = new Timeline(0);
  timeline.feed([entry(1), remove(2, 1)]);
  timeline.change(remove(4, 1));
  timeline.feed([back(3, 1)]);
  assert.equal(bodyOf(timeline, 3), null);
});

test('an edit that only changes the author gives the post its author and marks it not as edited', () => {
  const timeline = new Timeline(0);
  timeline.feed([entry(1), entry(2, { kind: 'edit', post_id: 9001, body: 'text 1', user_id: 5, user_name: 'emil' })]);
  assert.equal(timeline.posts[0].user_name, 'emil');
  assert.equal(timeline.posts[0].user_id, 5);
  assert.equal(timeline.posts[0].edited_at, undefined);
});
