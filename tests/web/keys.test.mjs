// Which key sends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composing, sends } from '../../web/pollster/keys.js';

const enter = (more = {}) => ({ key: 'Enter', keyCode: 13, isComposing: false, shiftKey: false, ctrlKey: false, metaKey: false, ...more });

test('Enter sends, with Shift it does not', () => {
  assert.equal(sends(enter(), false), true);
  assert.equal(sends(enter({ shiftKey: true }), false), false);
  assert.equal(sends({ ...enter(), key: 'a' }, false), false);
});

test('an Enter that ends a composition sends nothing, whatever the order of events', () => {
  for (const coarse of [false, true]) {
    assert.equal(sends(enter({ isComposing: true, keyCode: 229 }), coarse), false);
    assert.equal(sends(enter({ keyCode: 229 }), coarse), false);  // Safari: after compositionend
    assert.equal(sends(enter({ keyCode: 229, ctrlKey: true }), coarse), false);
  }
  assert.equal(composing({ key: 'Escape', isComposing: false, keyCode: 229 }), true);
});

test('on a phone Enter makes a new line; with Ctrl or Cmd it sends everywhere', () => {
  assert.equal(sends(enter(), true), false);
  for (const held of ['ctrlKey', 'metaKey']) for (const coarse of [false, true]) assert.equal(sends(enter({ [held]: true }), coarse), true);
});
