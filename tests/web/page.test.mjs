// The parts of the page that need no document.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, dayName, dayOf, fullTime, hue, initials, searchable, shortTime } from '../../web/page/format.js';
import { firstUnread, rowsOf } from '../../web/page/rows.js';
import { entry } from './fakes.mjs';

const me = { id: 3, name: 'ann' };
const at = (hour, minute = 0, day = 2) => new Date(2026, 0, day, hour, minute).toISOString();
const now = new Date(2026, 0, 2, 18).getTime();
const view = { me, unreadFrom: null, now };
const item = (more = {}) => ({ key: 'k', wall: 1, after: 1, body: 'hi', created_at: at(12), state: 'sending', reason: null, ...more });

test('days are separated by name', () => {
  const rows = rowsOf([entry(1, { created_at: at(9, 0, 1) }), entry(2, { created_at: at(9) }), entry(3, { created_at: at(9, 1) })], [], view);
  assert.deepEqual(rows.map((row) => row.post?.id ?? row.name), ['Yesterday', 1, 'Today', 2, 3]);
});

test('days that come twice keep rows of their own', () => {
  const rows = rowsOf([at(9, 0, 1), at(9), at(9, 0, 1)].map((created_at, n) => entry(n + 1, { created_at })), [], view);
  assert.equal(new Set(rows.map(({ key }) => key)).size, 6);
});

test('posts of one author within five minutes share one heading', () => {
  const posts = [[1, 0, 4], [2, 4, 4], [3, 10, 4], [4, 11, 5]].map(([id, minute, user_id]) => entry(id, { user_id, created_at: at(9, minute) }));
  assert.deepEqual(rowsOf(posts, [], view).filter(({ type }) => type === 'post').map(({ head }) => head), [true, false, true, true]);
});

test('own posts are marked', () => {
  const rows = rowsOf([entry(1, { created_at: at(9) }), entry(2, { user_id: 3, created_at: at(9) })], [], view);
  assert.deepEqual(rows.slice(1).map(({ own }) => own), [false, true]);
});

test('the line above the unread posts is before the first of them', () => {
  const posts = [1, 2, 3].map((id) => entry(id, { created_at: at(9), user_id: id === 2 ? 3 : 4 }));
  assert.equal(firstUnread(posts, { unread: 1 }, me), 3);
  assert.equal(firstUnread(posts, { unread: 2 }, me), 1);
  assert.equal(firstUnread(posts, { unread: 99 }, me), 1);
  assert.equal(firstUnread(posts, { unread: 0 }, me), null);
  // More than what is held; and what arrived since it was counted.
  assert.equal(firstUnread(posts, { unread: 3, complete: false }, me), undefined);
  assert.equal(firstUnread([...posts, entry(4)], { unread: 1, newest: 3 }, me), 3);
  assert.equal(rowsOf(posts, [], { ...view, unreadFrom: 3 }).at(-2).type, 'new');
});

test('posts on their way come last with their state', () => {
  const last = rowsOf([entry(1, { created_at: at(9) })], [item({ state: 'failed', reason: 'No.' })], view).at(-1);
  assert.deepEqual(last.pending, { key: 'k', state: 'failed', reason: 'No.' });
  assert.equal(last.own, true);
});

test('a post that the feed brought before its acknowledgement is not shown twice', () => {
  const echo = entry(2, { user_id: 3, body: 'hi', created_at: at(12) });
  assert.equal(rowsOf([echo], [item()], view).filter(({ type }) => type === 'post').length, 1);
  assert.equal(rowsOf([echo], [item({ after: 2 })], view).filter(({ type }) => type === 'post').length, 2);
});

test('names give initials and a steady colour', () => {
  assert.deepEqual(['ann', 'Ann Lee', 'ann.b.lee', '', '名前', '\u202ennA'].map(initials), ['A', 'AL', 'AL', '?', '名', 'N']);
  assert.equal(hue('ann'), hue('ann'));
  assert.match(hue(''), /^hue-[0-7]$/);
});

test('a date of another year names the year', () => {
  assert.match(dayName(dayOf(Date.parse('2024-03-05T12:00:00.000Z')), now), /2024/);
});

test('the post being edited is marked, unless it was deleted meanwhile', () => {
  const marked = (body) => rowsOf([entry(1, { user_id: 3, body, created_at: at(9) })], [item()], { ...view, editing: 9001 })
    .filter(({ type }) => type === 'post').map(({ editing }) => editing);
  assert.deepEqual(marked('hi there'), [true, false]);
  assert.deepEqual(marked(null), [false, false]);
});

test('the time of an edit names the day when it is another than the post\'s', () => {
  assert.equal(shortTime(at(14, 5), at(9)), clock(at(14, 5)));
  assert.match(shortTime(at(14, 5), at(9, 0, 1)), /2026/);
});

test('a pasted text is searched up to the last word that fits', () => {
  assert.equal(searchable('  foo->bar(x)\n\tbaz '), 'foo->bar(x) baz');
  assert.equal(searchable('é'.repeat(500)), 'é'.repeat(500));
  assert.equal(searchable(`${'word '.repeat(300)}`), 'word '.repeat(200).trim());
  assert.equal(searchable(`a ${'ж'.repeat(499)}b`), 'a');
  assert.equal(searchable('東'.repeat(400)), '東'.repeat(333));
});

test('a date that no browser can show costs its post the time, and the others nothing', () => {
  const odd = ['infinity', '-infinity', '294276-12-31T23:59:59.999Z', '+294276-12-31T23:59:59Z', '0044-03-15 BC', '', null, undefined, {}];
  for (const created_at of odd) {
    const posts = [at(9), created_at, at(9, 1)].map((time, n) => entry(n + 1, { created_at: time }));
    const rows = rowsOf(posts, [], view);
    assert.deepEqual(rows.map(({ type, head }) => head ?? type), ['day', true, true, true]);
    for (const iso of [created_at, at(9)]) assert.equal(typeof `${clock(iso)}${fullTime(iso)}${shortTime(iso, created_at)}`, 'string');
    assert.equal(fullTime(created_at), 'unknown time');
    assert.equal(rowsOf(posts.slice(1, 2), [item({ created_at })], view).length, 2);
  }
});

test('a name that is none spoils nobody else\'s row', () => {
  const posts = [null, undefined, 7].map((user_name, n) => entry(n + 1, { user_name, user_id: n, created_at: at(9) }));
  assert.equal(rowsOf([...posts, entry(9, { created_at: at(9) })], [], view).length, 5);
});
