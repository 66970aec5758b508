// One poll or stream for all tabs of a browser: each of them gets every entry once, in order, whatever is lost, closed,
// or late.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTab, openTabs } from './fake_browser.mjs';
import { entry, settle, wall } from './fakes.mjs';
import { client } from './signed_in.mjs';

const ONE = [wall(1, 56)];
const TWO = [wall(1, 56), wall(2, 77)];
const part = (posts, more = {}) => ({ walls: { 1: { posts, ...more } } });
const page = (newest, more = {}) => ({ posts: [entry(newest)], more: true, before: newest, newest, ...more });
const each = (tabs, expected, id = 1) => tabs.forEach((tab, n) => assert.deepEqual(tab.received(id), expected, `tab ${n + 1}`));
const transports = (tabs) => tabs.map(({ chat }) => chat.transport);
const histories = (network) => network.calls.filter(({ path }) => path.startsWith('/walls/1/posts'));
const lists = (network) => network.calls.filter(({ path }) => path === '/walls');

test('twelve tabs have one poll, and each gets each post once', async () => {
  const { tabs, network } = await openTabs(12, TWO);
  assert.equal(network.calls.length, 1);
  await network.poll.answer(200, part([entry(57)]));
  await network.poll.answer(200, { walls: { 1: { posts: [entry(58)] }, 2: { posts: [entry(78), entry(79)] } } });
  each(tabs, [57, 58]);
  each(tabs, [78, 79], 2);
  assert.equal(network.calls.length, 1);
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '58', 'last_post_id[2]': '79' });
  assert.deepEqual(transports(tabs), ['poll', ...Array(11).fill('shared')]);
  for (const tab of tabs) assert.equal(tab.chat.state, 'online');
});

// With the same users, at one origin: neither may get what is the other's.
test('tabs of two chats below other paths have a connection each', async () => {
  const names = new Set();
  for (const address of ['https://shop.example/one/', 'https://shop.example/two/', 'https://shop.example/one/']) {
    globalThis.document = { baseURI: address };
    try {
      const { network, browser } = await openTabs(0, ONE);
      const channel = (name) => { names.add(name); return browser.channel(null, name); };
      const tab = browser.open({ base: 'api/', channel });
      const resumed = tab.chat.resume();
      await settle();
      network.calls[0].answer(200, { user: { id: 3, name: 'ann' } });
      await resumed;
      for (let n = 0; n < 50 && network.calls.every(({ path }) => path === '/session'); n++) await settle();
      network.calls.at(-1).answer(200, { walls: ONE });
      for (let n = 0; n < 50; n++) await settle();
      tab.chat.stop();
    } finally {
      delete globalThis.document;
    }
  }
  assert.equal(names.size, 2);
});

test('twelve tabs have one stream', async () => {
  const { browser, network, tabs } = await openTabs(1, ONE, { transport: 'auto' });
  const stream = await network.events.stream();
  await stream.push('retry: 1500\n\n');
  while (tabs.length < 12) tabs.push(await openTab(browser, ONE, { transport: 'auto' }));
  await stream.push(`event: walls\ndata: ${JSON.stringify(part([entry(57), entry(58)]))}\n\n`);
  each(tabs, [57, 58]);
  assert.equal(network.calls.length, 0);
  assert.deepEqual(transports(tabs), ['stream', ...Array(11).fill('shared')]);
});

test('what another tab posts is sent while the poll hangs, acknowledged at once, and seen by all', async () => {
  const { tabs, network, timers } = await openTabs(12, ONE);
  const began = timers.now();
  tabs[11].chat.post(1, 'hi');
  await network.call('POST', '/walls/1/posts').answer(201, { post: entry(57, { user_id: 3 }) });
  assert.deepEqual(tabs[11].chat.outbox(1), []);
  await network.poll.answer(200, part([entry(57, { user_id: 3 })]));
  assert.ok(timers.now() - began < 1_000);
  for (const { chat } of tabs) assert.deepEqual(chat.walls.get(1).posts.map(({ id }) => id), [57]);
});

test('the tabs of another user share nothing', async () => {
  const { browser, tabs, network } = await openTabs(2, ONE);
  const bob = await openTab(browser, ONE, { user: { id: 4, name: 'bob' } });
  const [ofAnn, ofBob] = network.calls;
  assert.deepEqual([ofAnn, ofBob].map(({ headers }) => headers['X-Pollster-User']), ['3', '4']);
  await ofAnn.answer(200, part([entry(57)]));
  each(tabs, [57]);
  assert.deepEqual(bob.received(), []);
});

test('where locks or channels are missing, or refused, each tab has its own poll', async () => {
  const locks = { request: async () => { throw new DOMException('no storage here', 'SecurityError'); } };
  const channel = () => { throw new DOMException('no storage here', 'SecurityError'); };
  for (const options of [{ locks: null }, { channel: null }, { locks }, { channel }, { auth: 'bearer' }]) {
    const { tabs, network } = await openTabs(3, ONE, options);
    assert.equal(network.polls(), 3);
    for (const poll of [...network.calls]) await poll.answer(200, part([entry(57)]));
    each(tabs, [57]);
    assert.deepEqual(transports(tabs), ['poll', 'poll', 'poll']);
  }
  const alone = client({ locks: null });  // as everywhere but in these tests
  assert.equal(alone.chat.transport, 'poll');
});

// ---- where each tab stands -------------------------------------------------------------------

test('a tab that stands further back is given what it lacks, and the others nothing twice', async () => {
  const { browser, tabs, network } = await openTabs(2, ONE);
  await network.poll.answer(200, part([entry(57), entry(58)]));
  const late = await openTab(browser, ONE);
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '56' });
  await network.poll.answer(200, part([entry(57), entry(58), entry(59)]));
  each([...tabs, late], [57, 58, 59]);
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '59' });
});

test('a tab that is opened while the leader catches up gets each page', async () => {
  const { browser, tabs, network } = await openTabs(1, ONE);
  await network.poll.answer(200, part([entry(57)], { more: true }));
  const late = await openTab(browser, ONE);
  assert.equal(network.poll.form['last_post_id[1]'], '56');
  await network.poll.answer(200, part([entry(57)], { more: true }));
  await network.poll.answer(200, part([entry(58), entry(59)]));
  each([tabs[0], late], [57, 58, 59]);
});

test('an answer that was on its way when a tab came from further back is asked for again', async () => {
  const { browser, tabs, network } = await openTabs(1, ONE, { transport: 'auto' });
  const stream = await network.events.stream();
  await stream.push('retry: 1500\n\n');
  const news = (...posts) => `event: walls\ndata: ${JSON.stringify(part(posts))}\n\n`;
  await stream.push(news(entry(57)));
  const late = await openTab(browser, ONE, { transport: 'auto' });
  assert.ok(stream.left());
  assert.deepEqual(late.received(), []);
  const again = await network.events.stream();
  await again.push('retry: 1500\n\n');
  await again.push(news(entry(57), entry(58)));
  each([tabs[0], late], [57, 58]);
  assert.deepEqual(late.named('gap'), []);
});

test('a tab that has read more than the leader gets nothing twice', async () => {
  const { browser, tabs, network } = await openTabs(1, ONE);
  const ahead = await openTab(browser, [wall(1, 58)]);
  assert.equal(network.poll.form['last_post_id[1]'], '56');
  await network.poll.answer(200, part([entry(57), entry(58), entry(59)]));
  each([tabs[0]], [57, 58, 59]);
  each([ahead], [59]);
});

test('a wall that only another tab knows is asked for, too', async () => {
  const { browser, tabs, network } = await openTabs(1, ONE);
  const other = await openTab(browser, TWO);
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '56', 'last_post_id[2]': '77' });
  await network.poll.answer(200, { walls: { 2: { posts: [entry(78)] } } });
  each([other], [78], 2);
  each(tabs, [], 2);
});

test('a history that is further back than the feed takes the leader, or another tab, back with it', async () => {
  for (const which of [0, 1]) {
    const { tabs, network } = await openTabs(2, [wall(1, 56, { epoch: 7 })]);
    const opened = tabs[which].chat.open(1);
    await settle();
    const late = network.history;
    await network.poll.answer(200, part([entry(57), entry(58)], { epoch: 7 }));
    await late.answer(200, page(55, { epoch: 7 }));
    await opened;
    assert.equal(network.poll.form['last_post_id[1]'], '55');
    await network.poll.answer(200, part([56, 57, 58, 59].map((id) => entry(id)), { epoch: 7 }));
    assert.deepEqual(tabs[which].chat.walls.get(1).posts.map(({ id }) => id), [55, 56, 57, 58, 59]);
    each([tabs[1 - which]], [57, 58, 59]);
    for (const tab of tabs) assert.deepEqual(tab.named('gap'), []);
  }
});

// ---- what is lost ----------------------------------------------------------------------------

test('a message that is lost is missed at the next one', async () => {
  const { browser, tabs, network } = await openTabs(3, ONE);
  browser.loses = ({ kind }, from, to) => kind === 'news' && to === tabs[2];
  await network.poll.answer(200, part([entry(57)]));
  browser.loses = () => false;
  each(tabs.slice(0, 2), [57]);
  each([tabs[2]], []);
  await network.poll.answer(200, part([entry(58)]));
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 58)] });
  assert.equal(network.poll.form['last_post_id[1]'], '56');
  await network.poll.answer(200, part([entry(57), entry(58)]));
  each(tabs, [57, 58]);
});

test('what a handler of the page throws costs no entry', async () => {
  const reported = [];
  const onPosts = ({ id }) => { if (id === 1) throw new Error('of the page'); };
  const { browser, tabs: [first], network } = await openTabs(1, TWO);
  const second = await openTab(browser, TWO, { onPosts, onError: ({ message }) => reported.push(message) });
  await network.poll.answer(200, { walls: { 1: { posts: [entry(57)] }, 2: { posts: [entry(78)] } } });
  each([first, second], [57]);
  each([first, second], [78], 2);
  await network.poll.answer(200, { walls: { 1: { posts: [entry(58)] }, 2: { posts: [entry(79)] } } });
  each([first, second], [57, 58]);
  each([first, second], [78, 79], 2);
  assert.deepEqual(second.chat.walls.get(1).posts.map(({ id }) => id), [57, 58]);
  assert.deepEqual(reported, ['of the page', 'of the page']);
  assert.deepEqual([browser.errors, network.polls()], [[], 1]);
});

test('a message that is lost is missed within a second, also if there is no next one', async () => {
  const { browser, tabs, network, timers } = await openTabs(3, ONE);
  browser.loses = ({ kind }, from, to) => kind === 'news' && to === tabs[2];
  await network.poll.answer(200, part([entry(57)]));
  browser.loses = () => false;
  await timers.pass(1_000);
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 57)] });
  await network.poll.answer(200, part([entry(57)]));
  each(tabs, [57, 57].slice(1));
});

test('a tab whose word was lost says again where it stands', async () => {
  const { browser, tabs, network, timers } = await openTabs(1, ONE);
  await network.poll.answer(200, part([entry(57)]));
  browser.loses = ({ kind }) => kind === 'follow';
  const late = await openTab(browser, ONE);
  browser.loses = () => false;
  assert.equal(network.poll.form['last_post_id[1]'], '57');
  // The leader is heard meanwhile, so that it is not taken for dead.
  await network.poll.answer(200, part([entry(58)]));
  each([late], []);
  await timers.pass(1_000);
  assert.equal(network.poll.form['last_post_id[1]'], '56');
  await network.poll.answer(200, part([entry(57), entry(58)]));
  each([...tabs, late], [57, 58]);
});

test('a reset is believed by a tab whose word was lost, too', async () => {
  const { browser, tabs, network } = await openTabs(1, ONE);
  await network.poll.answer(200, part([entry(57)]));
  browser.loses = ({ kind }) => kind === 'follow';
  tabs.push(await openTab(browser, ONE));
  await network.poll.answer(200, part([], { reset: true, newest: 12 }));
  assert.equal(histories(network).length, 2);
});

test('a tab that is opened says once where it stands', async () => {
  const { browser } = await openTabs(3, ONE);
  assert.equal(browser.messages.filter(({ data }) => data.kind === 'follow').length, 2);
});

test('a gap of the server is one for each tab: reported once, and the wall is read', async () => {
  const { tabs, network } = await openTabs(3, ONE);
  await network.poll.answer(200, part([entry(59)]));
  for (const tab of tabs) assert.deepEqual(tab.named('gap').map(([, gap]) => gap), [{ expected: 57, got: 59 }]);
  assert.equal(network.polls(), 0);
  for (const call of histories(network)) await call.answer(200, page(59));
  for (const call of lists(network)) await call.answer(200, { walls: [wall(1, 59)] });
  await network.poll.answer(200, part([entry(60)]));
  each(tabs, [60]);
});
