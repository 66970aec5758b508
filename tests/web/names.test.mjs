// Names that deceive, as the page shows them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorsOf, isolated, lookOf, shown, twinsAmong } from '../../web/pollster/names.js';
import { rowsOf } from '../../web/page/rows.js';
import { entry } from './fakes.mjs';

test('what cannot be seen is written out', () => {
  assert.equal(shown('ann'), 'ann');
  assert.equal(shown(''), '(no name)');
  assert.equal(shown('Zoë 李小龍 محمد 👩'), 'Zoë 李小龍 محمد 👩');
  assert.equal(shown('\u202ennA'), '‹U+202E›nnA');
  for (const unseen of ['\u200b', '\u00ad', '\u2066', '\u061c', '\u3164', '\ufe0f', '\u{e0041}', '\ue000', '\u0378', '\u2028', '\u0007']) {
    assert.match(shown(`a${unseen}b`), /^a‹U\+[0-9A-F]{4,6}›b$/);
  }
});

test('in a sentence a name keeps its direction to itself', () => {
  assert.equal(isolated('\u05d3\u05e0\u05d4!'), '\u2068\u05d3\u05e0\u05d4!\u2069');
  assert.equal(isolated('a\u2069b'), '\u2068a‹U+2069›b\u2069');
});

test('names that may be taken for each other have one look', () => {
  for (const twin of ['\u0430nn', 'Ann', 'an\u0578', '\uff41nn', '\u{1d41a}nn', 'an\u200bn', ' ann ', '\u202eann']) assert.equal(lookOf(twin), lookOf('ann'), twin);
  assert.equal(lookOf('u\u0308ber'), lookOf('\u00fcber'));
  assert.equal(lookOf('paul'), lookOf('pauI'));
  for (const other of ['anna', '\u00e1nn', 'bnn']) assert.notEqual(lookOf(other), lookOf('ann'), other);
});

test('only names of different people are twins', () => {
  assert.deepEqual(twinsAmong([{ id: 1, name: 'ann' }, { id: 1, name: 'ann' }, { id: 2, name: 'bob' }]), new Set());
  assert.deepEqual(twinsAmong([{ id: 1, name: 'ann' }, { id: 2, name: '\u0430nn' }, { id: 3, name: 'bob' }]), new Set([1, 2]));
});

test('a row says when another author looks the same, me included', () => {
  const created_at = new Date(2026, 0, 2, 9).toISOString();
  const posts = [entry(1, { user_id: 4, user_name: '\u0430nn', created_at }), entry(2, { user_id: 5, user_name: 'bob', created_at })];
  const rows = rowsOf(posts, [], { me: { id: 3, name: 'ann' }, unreadFrom: null, now: Date.now() });
  assert.deepEqual(rows.filter(({ type }) => type === 'post').map(({ twin }) => twin), [true, false]);
});

test('an author has one name, that of the newest post, and those who look alike are known', () => {
  const posts = [entry(1, { user_name: 'rob' }), entry(2, { user_id: 5, user_name: 'b\u043eb' }), entry(3)];
  const { names, twins } = authorsOf(posts, { id: 3, name: 'ann' });
  assert.deepEqual([...names], [[4, 'bob'], [5, 'b\u043eb'], [3, 'ann']]);
  assert.deepEqual([...twins], [4, 5]);
  assert.deepEqual([...authorsOf(posts, null).names.keys()], [4, 5]);
  assert.deepEqual([...authorsOf(posts, { id: 0, name: '' }).names.keys()], [4, 5]);
});
