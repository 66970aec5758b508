// The connection of all tabs: who verifies it, what its state is in each tab, and what becomes of it when a tab
// rests or stops.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTabs } from './fake_browser.mjs';
import { entry, settle, wall } from './fakes.mjs';

const ONE = [wall(1, 56)];
const part = (posts, more = {}) => ({ walls: { 1: { posts, ...more } } });
const each = (tabs, expected) => tabs.forEach((tab, n) => assert.deepEqual(tab.received(), expected, `tab ${n + 1}`));
const leaders = (tabs) => [...tabs.keys()].filter((n) => tabs[n].chat.transport !== 'shared');

test('only the leader verifies its connection', async () => {
  const { browser, tabs, network, timers } = await openTabs(3, ONE);
  const pings = [];
  for (const tab of tabs) tab.chat.watched = true;
  const { fetch } = network;
  network.fetch = (url, options) => {
    pings.push(`${options.method} ${url}`);
    return fetch(url, options);
  };
  await timers.pass(50_000);
  assert.deepEqual(new Set(pings), new Set(['GET /api/']));
  assert.ok(pings.length >= 4 && pings.length <= 5, `${pings.length} pings`);
  assert.equal(browser.tabs.length, 3);
});

test('a connection that is swallowed is not called connected in any tab for longer than 15 s, and comes back for all', async () => {
  const { tabs, network, timers } = await openTabs(3, ONE);
  network.swallows = true;
  for (const call of network.calls) call.swallow();
  await timers.pass(15_000);
  for (const tab of tabs) assert.deepEqual(tab.lastState, tabs[0].lastState);
  assert.equal(tabs[2].lastState.state, 'offline');
  network.swallows = false;
  network.answersPings = true;
  tabs[2].chat.retryNow();  // the button of that page
  await timers.pass(100);
  assert.equal(network.polls(), 1);
  await timers.pass(1_000);
  for (const tab of tabs) assert.equal(tab.lastState.state, 'online');
});

test('an event that all tabs hear makes the leader try once', async () => {
  const { tabs, network, timers } = await openTabs(12, ONE);
  await network.poll.fail();
  for (const tab of tabs) assert.equal(tab.lastState.state, 'offline');
  const pings = [];
  const { fetch } = network;
  network.fetch = (url, options) => {
    pings.push(url);
    return fetch(url, options);
  };
  for (const { chat } of tabs.slice(1)) {
    chat.retryNow();
    await settle();
  }
  assert.deepEqual(pings.filter((url) => url !== '/api/session'), ['/api/']);
  await network.call('GET', '/').fail();
  await timers.pass(1_000);
});

test('a new leader that still connects does not make the other tabs connect, too', async () => {
  const { browser, tabs: [first], network } = await openTabs(1, ONE);
  const young = browser.open();
  young.chat.resume();
  await settle();
  await network.call('GET', '/session').answer(200, { user: { id: 3, name: 'ann' } });
  const list = network.call('GET', '/walls');
  const other = browser.open();
  other.chat.resume();
  await settle();
  await network.call('GET', '/session').answer(200, { user: { id: 3, name: 'ann' } });
  await network.calls.find((call) => call.path === '/walls' && call !== list).answer(200, { walls: ONE });
  assert.equal(other.lastState.state, 'online');
  await first.close();
  assert.equal(young.lastState.state, 'connecting');
  assert.equal(other.lastState.state, 'online');
});

test('a tab that comes into sight has the connection verified by the leader, and asks whose session it is', async () => {
  const { tabs, network, timers } = await openTabs(2, ONE);
  await timers.pass(7_000);
  network.poll.swallow();  // of a connection that is gone
  tabs[1].chat.watched = false;
  tabs[1].chat.retryNow();
  await settle();
  // The leader's own question; a hidden tab has none.
  const asked = network.calls.filter(({ path }) => path === '/session');
  assert.equal(asked.length, 1);
  await asked[0].answer(200, { user: { id: 3, name: 'ann' } });
  await network.poll.answer(200, part([entry(57)]));
  each(tabs, [57]);
  await timers.pass(3_000);
  tabs[1].chat.watched = true;
  tabs[1].chat.retryNow();
  await settle();
  assert.equal(network.calls.filter(({ path }) => path === '/session').length, 2);
});

test('what hangs in a tab is sent again when the server is there, though the connection is another tab\'s', async () => {
  const { tabs, network, timers } = await openTabs(2, ONE);
  tabs[1].chat.post(1, 'hi');
  await settle();
  network.call('POST', '/walls/1/posts').swallow();
  await timers.pass(6_000);
  tabs[1].chat.retryNow();
  await settle();
  for (const call of network.calls.filter(({ path }) => path === '/session')) await call.answer(200, { user: { id: 3, name: 'ann' } });
  await network.call('POST', '/walls/1/posts').answer(201, { post: entry(57, { user_id: 3 }) });
  assert.deepEqual(tabs[1].chat.outbox(1), []);
});

test('who takes over from a leader without a connection says that there is one when there is', async () => {
  const { tabs: [first, ...others], network } = await openTabs(3, ONE);
  await network.poll.fail();
  for (const tab of others) assert.equal(tab.lastState.state, 'offline');
  await first.close();
  for (const tab of others) assert.equal(tab.lastState.state, 'offline');
  await network.call('GET', '/').answer(200, { ack: 'huzzah!' });
  await network.poll.answer(200, part([entry(57)]));
  for (const tab of others) assert.equal(tab.lastState.state, 'online');
  each(others, [57]);
});

test('a tab that could not read its list says so, and is live again when it could', async () => {
  const { tabs, network, timers } = await openTabs(2, ONE);
  tabs[1].chat.refreshWalls();
  await settle();
  await network.call('GET', '/walls').answer(500, {});
  assert.equal(tabs[1].lastState.state, 'offline');
  assert.equal(tabs[0].lastState.state, 'online');
  await network.poll.answer(200, part([entry(57)]));
  network.answersPings = true;
  await timers.pass(2_000);
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 57)] });
  assert.equal(tabs[1].lastState.state, 'online');
  await network.poll.answer(200, part([entry(57), entry(58)]));
  each(tabs, [57, 58]);
});

test('a client that is stopped says nothing more, and leaves the connection to the others', async () => {
  const { browser, tabs, network, timers } = await openTabs(3, ONE);
  for (const { chat } of tabs.slice(0, 2)) chat.stop();
  await settle();
  assert.equal(network.polls(), 1);
  assert.equal(tabs[2].chat.transport, 'poll');
  tabs[2].chat.stop();
  await settle();
  assert.equal(network.calls.length, 0);
  const { length } = browser.messages;
  assert.equal(timers.waiting, 0);
  assert.equal(browser.channels, 0);
  await timers.pass(100_000);
  assert.equal(browser.messages.length, length);
});

test('a tab that is told that it will be frozen leaves no connection behind, and comes back when it is thawed', async () => {
  for (const which of [0, 1]) {
    const { tabs, network, timers } = await openTabs(2, ONE);
    tabs[which].chat.rest();
    tabs[which].freeze();
    await timers.pass(0);
    assert.equal(leaders([tabs[1 - which]]).length, 1);
    assert.equal(network.polls(), 1);
    await network.poll.answer(200, part([entry(57)]));
    await tabs[which].thaw();
    tabs[which].chat.retryNow();
    await settle();
    for (const call of network.calls.filter(({ path }) => path === '/session')) await call.answer(200, { user: { id: 3, name: 'ann' } });
    await network.poll.answer(200, part([entry(57), entry(58)]));
    each(tabs, [57, 58]);
    assert.equal(network.polls(), 1);
    await tabs[1 - which].close();  // it stands in the queue again
    assert.equal(network.polls(), 1);
  }
  const { tabs: [alone], network } = await openTabs(1, ONE, { locks: null });
  alone.chat.rest();
  await settle();
  assert.equal(network.polls(), 0);
  alone.chat.retryNow();
  await settle();
  assert.equal(network.polls(), 1);
});

test('a client that is stopped while it rests asks and says nothing', async () => {
  const { browser, tabs: [tab], network, timers } = await openTabs(1, ONE);
  tab.chat.rest();
  await settle();
  const { length } = browser.messages;
  tab.chat.stop();
  await settle();
  assert.deepEqual([network.calls.length, timers.waiting, browser.messages.length], [0, 0, length]);
});
