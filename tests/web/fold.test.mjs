// The beginning of long texts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginning, foldAt, partsUpTo } from '../../web/pollster/fold.js';
import { links } from '../../web/page/links.js';

const lines = (count, end = '\n') => Array.from({ length: count }, (_, n) => `line ${n + 1}`).join(end);

test('what is not much longer than the beginning is shown at once', () => {
  for (const text of ['', 'hi', lines(26), 'x'.repeat(1_333)]) assert.equal(foldAt(text), text.length);
});

test('a text of many lines is folded after twenty of them', () => {
  for (const end of ['\n', '\r\n', '\u2028']) {
    const text = lines(1_000, end);
    assert.equal(text.slice(0, foldAt(text)), lines(20, end));
  }
  assert.equal(foldAt('\n'.repeat(65_536)), 19);
});

test('a text of many letters is folded at a word, never within a letter', () => {
  const words = 'Some words here. '.repeat(4_000);
  assert.match(words.slice(0, foldAt(words)), /^.{940,1000}(Some|words|here\.)$/);
  assert.equal(foldAt('x'.repeat(65_536)), 1_000);
  for (let before = 0; before < 9; before++) {
    for (const letter of ['\u{1f469}', 'e\u0301', '\u{1f469}\u200d\u{1f52c}']) {
      const text = 'x'.repeat(before) + letter.repeat(2_000);
      assert.equal((foldAt(text) - before) % letter.length, 0, JSON.stringify([letter, before]));
    }
  }
  assert.ok(foldAt('e' + '\u0301'.repeat(65_000)) >= 940);
});

test('an address that goes on beyond the beginning keeps all of its target', () => {
  const href = `https://example.org/${'a'.repeat(3_000)}`;
  assert.deepEqual(partsUpTo(links(`see ${href} and more`), 30), [{ text: 'see ' }, { text: href.slice(0, 26), href }]);
});

test('a screen reader hears the beginning', () => {
  assert.equal(beginning('hi'), 'hi');
  for (const text of [lines(1_000), 'word '.repeat(13_000)]) assert.ok(beginning(text).length < 300 && beginning(text).endsWith('… (a long post)'));
});
