// Which rows of a long list the document holds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heights, withGaps } from '../../web/page/heights.js';

const rows = Array.from({ length: 10_000 }, (_, n) => ({ key: `post:${n}` }));

test('only the rows near the window are wanted, however many there are', () => {
  const heights = new Heights();
  rows.forEach(({ key }, n) => heights.set(key, 30 + n % 5 * 10));  // 50 on the average
  assert.deepEqual(heights.span(rows, 9_999, 1_000, 1_000), { from: 9_980, to: 10_000 });
  const { from, to } = heights.span(rows, 5_000, 1_000, 2_000);
  assert.ok(from > 4_970 && from <= 5_000 - 18 && to >= 5_001 + 38 && to < 5_050, `${from} ${to}`);
  assert.deepEqual(heights.span(rows, 0, 900, 0), { from: 0, to: 1 });
  assert.deepEqual(heights.span([], -1, 900, 900), { from: 0, to: 0 });
});

test('a place in a gap is found by the heights', () => {
  const heights = new Heights();
  rows.forEach(({ key }) => heights.set(key, 40));
  assert.deepEqual(heights.at(rows, 0), { index: 0, end: 40 });
  assert.deepEqual(heights.at(rows, 4_010), { index: 100, end: 30 });
  assert.deepEqual(heights.at(rows, 1e9), { index: 9_999, end: 1 });
  assert.equal(heights.at([], 5), null);
});

test('gaps stand for all other rows, and keep their names', () => {
  const shape = (kept) => withGaps(rows.slice(0, 10), kept).map(({ row, gap, from, to }) => row?.key ?? `${gap} ${from}-${to}`);
  assert.deepEqual(shape([4, 5]), ['top 0-4', 'post:4', 'post:5', 'end 6-10']);
  assert.deepEqual(shape([0, 4, 9]), ['post:0', 'post:4 1-4', 'post:4', 'post:9 5-9', 'post:9']);
  assert.deepEqual(shape([]), ['top 0-10']);
  assert.deepEqual(withGaps([], []), []);
});
