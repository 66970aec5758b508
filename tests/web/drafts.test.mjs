// Texts that were begun outlive the page, each for its own user.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drafts } from '../../web/pollster/drafts.js';
import { FakeStorage } from './fakes.mjs';

const [ann, bob] = [{ id: 3, name: 'ann' }, { id: 4, name: 'bob' }];

test('a draft is there after a reload, for its user alone, and goes when it is emptied', () => {
  const storage = new FakeStorage();
  const tab = new FakeStorage();
  new Drafts(storage, tab).set(ann, 'wall 1', 'half a thought');
  const later = new Drafts(storage, tab);
  assert.equal(later.get(ann, 'wall 1'), 'half a thought');
  assert.equal(later.get(bob, 'wall 1'), '');
  assert.equal(later.get(ann, 'edit 1'), '');
  later.set(ann, 'wall 1', '');
  assert.equal(storage.length, 0);
  assert.equal(later.get(ann, 'wall 1'), '');
});

test('a tab that has nothing takes over what a closed one has left behind, one draft at a time', () => {
  const storage = new FakeStorage();
  for (const text of ['one', 'two']) new Drafts(storage, new FakeStorage()).set(ann, 'wall 1', text);
  const opened = new Drafts(storage, new FakeStorage());
  assert.equal(opened.get(ann, 'wall 1'), 'one');
  assert.equal(opened.get(ann, 'wall 12'), '');
  assert.equal(opened.get(ann, 'wall 1'), 'one');
  opened.set(ann, 'wall 1', '');
  assert.equal(opened.get(ann, 'wall 1'), 'two');
  opened.set(ann, 'wall 1', '');
  assert.equal(opened.get(ann, 'wall 1'), '');
});

test('without a storage a draft outlives the end of a session', () => {
  const drafts = new Drafts(null, null);
  drafts.set(ann, 'wall 1', 'x');
  assert.equal(drafts.get(bob, 'wall 1'), '');
  assert.equal(drafts.get(ann, 'wall 1'), 'x');
});
