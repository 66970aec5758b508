// The page asks for a storage that may be missing, and says what is lost with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, openStorage } from '../../web/page/storage.js';
import { Tabs } from '../../web/page/tabs.js';
import { unsentOf } from '../../web/page/unsent.js';
import { randomKey } from '../../web/pollster/defaults.js';
import { Drafts } from '../../web/pollster/drafts.js';
import { Kept } from '../../web/pollster/kept.js';
import { nameOf, ownStorage } from '../../web/pollster/own_storage.js';
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
  // Nor do those of two other origins share what is kept on this page, at the same path or not.
  const [here, there] = [at('https://chat.example/api/'), at('https://support.example/api')];
  here.set('pollster.post.3.k', 'of another origin');
  assert.deepEqual([there, again[0], again[2]].map((kept) => kept.get('pollster.post.3.k')), [null, 'usual', 'two']);
  assert.equal(at('https://chat.example/api').get('pollster.post.3.k'), 'of another origin');
  assert.equal(ownStorage(null, '/one/api/', 'https://shop.example/'), null);
});

test('all that this user has not sent is counted before it is thrown away, whichever tab has written it', () => {
  const storage = new FakeStorage();
  for (const key of ['pollster.outbox.3.a', 'pollster.outbox.3.b', 'pollster.outbox.33.c', 'pollster.draft.3.wall 1.x']) storage.setItem(key, '{}');
  const chat = { user: { id: 3 }, getSnapshot: () => ({ outbox: [{ key: 'a' }, { key: 'in memory' }] }) };
  assert.deepEqual(unsentOf(storage, chat).sort(), ['pollster.outbox.3.a', 'pollster.outbox.3.b', 'pollster.outbox.3.in memory']);
  assert.equal(unsentOf(null, chat).length, 2);
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

test('what is read in one chat is not read in another one at the same origin', async () => {
  const channels = [];
  const there = globalThis.BroadcastChannel;
  globalThis.BroadcastChannel = class extends EventTarget {
    constructor(name) { super(); channels.push(Object.assign(this, { name })); }
    postMessage(data) {
      for (const other of channels) if (other !== this && other.name === this.name) other.dispatchEvent(Object.assign(new Event('message'), { data }));
    }
  };
  try {
    const tab = (base, page) => {
      const read = [];
      const chat = { user: { id: 1 }, walls: new Map([[1, { id: 1, newest: 7, unread: 2 }]]), markRead: (id) => read.push(id) };
      return { read, tabs: new Tabs(chat, nameOf(base, page)) };
    };
    const [sales, hr] = ['sales', 'hr'].map((name) => tab('api/', `https://shop.example/${name}/`));
    const other = tab('/sales/api', 'https://shop.example/elsewhere/');
    sales.tabs.tell({ id: 1, newest: 7 });
    assert.deepEqual([sales.read, hr.read, other.read], [[], [], [1]]);
  } finally {
    globalThis.BroadcastChannel = there;
  }
});

test('drafts of two chats at one origin are not shown to each other in one tab', () => {
  const [all, own] = [new FakeStorage(), new FakeStorage()];
  const at = (page) => new Drafts(...[all, own].map((storage) => ownStorage(storage, 'api/', page)));
  const user = { id: 1 };
  at('https://shop.example/sales/').set(user, 'wall 1', 'for sales');
  assert.equal(at('https://shop.example/hr/').get(user, 'wall 1'), '');
  assert.equal(at('https://shop.example/').get(user, 'wall 1'), '');
  assert.equal(at('https://shop.example/sales/').get(user, 'wall 1'), 'for sales');
});
