// The page asks for a storage that may be missing, and says what is lost with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, openStorage } from '../../web/page/storage.js';
import { randomKey } from '../../web/pollster/defaults.js';
import { Kept } from '../../web/pollster/kept.js';
import { ownStorage } from '../../web/pollster/own_storage.js';
import { FakeStorage } from './fakes.mjs';

test('a storage that may not even be named is none', () => {
  globalThis.window = { get localStorage() { throw new DOMException('Access is denied for this document.', 'SecurityError'); } };
  try {
    assert.equal(openStorage('localStorage'), null);
  } finally {
    delete globalThis.window;
  }
});

test('the page says what does not work, and nothing if all does', () => {
  assert.equal(missing({}, true), '');
  assert.match(missing({}, false), /a reload signs you out/);
  assert.match(missing(null, true), /what you have not sent is lost/);
});

test('without a storage, or with a full one, texts are kept in memory', () => {
  const full = new FakeStorage();
  full.setItem('a.1', 'older');
  full.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
  for (const storage of [null, full]) {
    const kept = new Kept(storage);
    kept.set('a.1', 'x');
    kept.set('b.1', 'y');
    assert.equal(kept.get('a.1'), 'x');
    assert.deepEqual(kept.keys('a.'), ['a.1']);
    kept.remove('a.1');
    assert.equal(kept.get('a.1'), null);
  }
});

test('chats below other paths of one origin keep what is theirs apart', () => {
  const storage = new FakeStorage();
  const at = (base, page = 'https://shop.example/') => new Kept(ownStorage(storage, base, page));
  const [usual, one, two] = [at('api/'), at('api/', 'https://shop.example/one/'), at('/two/api')];
  for (const [kept, text] of [[usual, 'usual'], [one, 'one'], [two, 'two']]) kept.set('pollster.post.3.k', text);
  const again = [at('/api/'), at('/one/api/'), at('/two/api/')];
  assert.deepEqual(again.map((kept) => kept.get('pollster.post.3.k')), ['usual', 'one', 'two']);
  for (const kept of again) assert.deepEqual(kept.keys('pollster.post.3.'), ['pollster.post.3.k']);
  again[1].remove('pollster.post.3.k');
  assert.deepEqual(again.map((kept) => kept.get('pollster.post.3.k')), ['usual', null, 'two']);
  // As it was before: nothing that was kept is lost.
  assert.equal(storage.getItem('pollster.post.3.k'), 'usual');
  assert.equal(ownStorage(storage, 'https://chat.example/x/api/', 'https://shop.example/'), storage);
  assert.equal(ownStorage(null, '/one/api/', 'https://shop.example/'), null);
});

test('what another tab has removed is gone', () => {
  const storage = new FakeStorage();
  const kept = new Kept(storage);
  kept.set('a', 'x');
  storage.removeItem('a');
  assert.equal(kept.get('a'), null);
  assert.deepEqual(kept.keys(''), []);
});

test('the keys that it makes are such as a server takes, and differ, also where there is no crypto', () => {
  const there = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  delete globalThis.crypto;  // as in node 18
  try {
    const keys = Array.from({ length: 10_000 }, randomKey);
    assert.equal(new Set(keys).size, keys.length);
    for (const key of keys) assert.match(key, /^[a-z0-9.-]{20,64}$/);
  } finally {
    if (there) Object.defineProperty(globalThis, 'crypto', there);
  }
});
