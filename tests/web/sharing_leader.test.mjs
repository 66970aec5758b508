// Which tab has the connection of all tabs: what happens when it is closed, frozen, thawed, hidden or robbed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Election } from '../../web/pollster/election.js';
import { FakeBrowser, openTab, openTabs } from './fake_browser.mjs';
import { entry, settle, wall } from './fakes.mjs';

const ONE = [wall(1, 56)];
const part = (posts, more = {}) => ({ walls: { 1: { posts, ...more } } });
const each = (tabs, expected) => tabs.forEach((tab, n) => assert.deepEqual(tab.received(), expected, `tab ${n + 1}`));
const leaders = (tabs) => [...tabs.keys()].filter((n) => tabs[n].chat.transport !== 'shared');
const said = (browser, kind) => browser.messages.filter(({ data }) => data.kind === kind).length;
const HANDOVER = 2_000;  // ms

test('when the leader is closed another tab asks at once, and nothing is missed', async () => {
  const { tabs: [first, ...others], network } = await openTabs(3, ONE);
  await network.poll.answer(200, part([entry(57)]));
  await first.close();
  assert.equal(network.polls(), 1);
  await network.poll.answer(200, part([entry(58)]));
  each(others, [57, 58]);
  for (const tab of others) assert.equal(tab.named('state').filter(([{ state }]) => state !== 'online').length, 1);  // at first
});

test('a leader that ends in the midst of handing on: whoever has the answer gets it once, and so does whoever has not', async () => {
  for (const lucky of [1, 2]) {
    const { browser, tabs, network } = await openTabs(4, ONE);
    browser.loses = ({ kind }, from, to) => kind === 'news' && to !== tabs[lucky];
    await network.poll.answer(200, part([entry(57), entry(58)]));
    browser.loses = () => false;
    each([tabs[lucky]], [57, 58]);
    await tabs[0].close();
    assert.equal(network.poll.form['last_post_id[1]'], '56');
    await network.poll.answer(200, part([entry(57), entry(58), entry(59)]));
    each(tabs.slice(1), [57, 58, 59]);
    assert.equal(network.polls(), 1);
  }
});

for (const hears of [false, true]) test(`when the leader is frozen another tab asks within two seconds${hears ? ', also if it still hears' : ''}`, async () => {
  for (const random of [0, 0.5, 0.999]) {
    for (const after of [0, 300, 499, 700, 999, 1_300]) {
      const { tabs: [first, ...others], network, timers } = await openTabs(3, ONE, { random: () => random });
      await timers.pass(after);
      first.freeze({ hears });
      const old = network.poll;
      await timers.pass(HANDOVER);
      const polls = network.calls.filter((call) => call !== old);
      assert.equal(polls.length, 1, `random ${random}, after ${after}`);
      await polls[0].answer(200, part([entry(57)]));
      each(others, [57]);
      assert.equal(leaders(others).length, 1);
    }
  }
});

for (const hears of [false, true]) test(`a leader that is thawed leaves the connection to the other, and has missed nothing${hears ? ', also if it heard' : ''}`, async () => {
  const { tabs: [first, ...others], network, timers } = await openTabs(3, ONE);
  first.freeze({ hears });
  const old = network.poll;
  await timers.pass(HANDOVER);
  for (const id of [57, 58, 59]) await network.calls.find((call) => call !== old).answer(200, part([entry(id)]));
  each(others, [57, 58, 59]);
  await first.thaw();  // also of what it was told meanwhile
  assert.equal(network.calls.length, 1);
  assert.equal(first.chat.transport, 'shared');
  assert.equal(network.poll.form['last_post_id[1]'], '56');
  await network.poll.answer(200, part([57, 58, 59].map((id) => entry(id))));
  await network.poll.answer(200, part([entry(60)]));
  each([first, ...others], [57, 58, 59, 60]);
  assert.equal(network.calls.length, 1);
});

test('what a thawed leader still hands on, and answers, is of before, and changes nothing', async () => {
  const { browser, tabs: [first, ...others], network, timers } = await openTabs(3, ONE);
  first.freeze();
  const old = network.poll;
  await old.answer(200, part([entry(57), entry(58)]));  // waits in the frozen tab
  await timers.pass(HANDOVER);
  await network.poll.answer(200, part([], { reset: true, newest: 12 }));
  for (const { path, answer } of [...network.calls]) {
    if (path.includes('posts')) await answer(200, { posts: [], more: false, newest: 12 });
  }
  for (const { path, answer } of [...network.calls]) if (path === '/walls') await answer(200, { walls: [wall(1, 12)] });
  const before = browser.messages.length;
  await first.thaw();
  const old_words = browser.messages.slice(before).filter(({ from, data }) => from === first && data.term);
  assert.ok(old_words.some(({ data }) => data.kind === 'here') && old_words.some(({ data }) => data.kind === 'news'), 'it has spoken');
  each(others, []);
  for (const { chat } of others) assert.equal(chat.walls.get(1).newest, 12);
  assert.equal(leaders(others).length, 1);
});

test('so it is for tabs that have never heard of it', async () => {
  const { browser, tabs: [first], network, timers } = await openTabs(1, ONE);
  first.freeze();
  await network.poll.answer(200, part([entry(57), entry(58)]));
  const second = await openTab(browser, ONE);
  await timers.pass(HANDOVER);
  const third = await openTab(browser, ONE);
  const states = third.events.length;
  await first.thaw();
  assert.equal(network.calls.length, 1);
  assert.equal(network.poll.form['last_post_id[1]'], '56');
  each([second, third], []);
  assert.equal(third.events.length, states);
  assert.deepEqual(leaders([first, second, third]), [1]);
});

test('a tab that was frozen itself does not take the leader for dead', async () => {
  const { tabs, network, timers } = await openTabs(2, ONE);
  await timers.pass(600);
  tabs[1].freeze();
  await timers.pass(60_000);
  await tabs[1].thaw();
  await timers.pass(5_000);
  assert.deepEqual(leaders(tabs), [0]);
  assert.equal(network.polls(), 1);
});

test('a machine that slept while the leader was asked takes nobody for dead', async () => {
  const { browser, tabs, timers } = await openTabs(2, ONE);
  browser.loses = ({ kind }) => kind === 'here';  // its answer waits, too, and behind the timer
  await timers.pass(800);
  assert.equal(said(browser, 'ask'), 1);
  browser.loses = () => false;
  timers.sleep(60_000);
  await timers.pass(5_000);
  assert.deepEqual(leaders(tabs), [0]);
});

test('a tab whose timers are always late takes over from a frozen leader, too', async () => {
  const slow = (timers) => ({ ...timers, setTimeout: (run, delay) => timers.setTimeout(run, delay + 30_000) });
  const { browser, tabs, network, timers } = await openTabs(1, ONE);
  tabs.push(await openTab(browser, ONE, { timers: slow(timers) }));
  await timers.pass(70_000);
  await network.poll.answer(200, { walls: {} });
  assert.deepEqual(leaders(tabs), [0]);
  tabs[0].freeze();
  await timers.pass(100_000);
  assert.equal(leaders([tabs[1]]).length, 1);
  assert.equal(network.polls(), 2);
});

test('tabs that all take the lock at the same time end with one leader and one poll', async () => {
  const { browser, tabs: [first, ...others], network, timers } = await openTabs(6, ONE);
  first.freeze();
  browser.loses = () => true;  // none knows of the others
  await timers.pass(1_900);
  browser.loses = () => false;
  await timers.pass(5_000);
  assert.equal(leaders(others).length, 1);
  await first.thaw();
  assert.equal(network.polls(), 1);
  await network.poll.answer(200, part([entry(57)]));
  each([first, ...others], [57]);
});

test('whoever has robbed in vain watches on', async () => {
  const { browser, tabs: [first, ...others], timers } = await openTabs(6, ONE);
  first.freeze();
  browser.loses = () => true;
  await timers.pass(1_400);
  const [robber] = leaders(others);
  others[robber].freeze();  // before anybody has heard of it
  browser.loses = () => false;
  await timers.pass(HANDOVER);
  assert.equal(leaders(others).filter((n) => n !== robber).length, 1);
});

test('a robbed leader stands in the queue again', async () => {
  const { tabs: [first, second, third], network, timers } = await openTabs(3, ONE);
  first.freeze();
  await timers.pass(HANDOVER);
  await first.thaw();
  await second.close();
  await third.close();
  assert.equal(first.chat.transport, 'poll');
  assert.equal(network.polls(), 1);
});

test('a leader whose clock is one of before is believed after a moment', async () => {
  const { browser, tabs, network, timers } = await openTabs(2, ONE);
  tabs[0].freeze();
  const behind = { ...timers, now: () => timers.now() - 3_600_000 };
  const young = openTab(browser, ONE, { timers: behind });
  await young;
  await tabs[0].close();  // whichever of both leads
  await timers.pass(10_000);
  const live = [tabs[1], await young];
  assert.equal(leaders(live).length, 1);
  await network.poll.answer(200, part([entry(57)]));
  each(live, [57]);
});

test('one tab asks for all whether the leader is there', async () => {
  const { browser, timers } = await openTabs(12, ONE);
  browser.tabs.forEach((tab) => tab.events.splice(0));
  const before = [said(browser, 'ask'), said(browser, 'here')];
  await timers.pass(10_000);
  const asked = said(browser, 'ask') - before[0];
  assert.ok(asked >= 9 && asked <= 21, `${asked} times in 10 s`);
  assert.equal(said(browser, 'here') - before[1], asked);
  for (const tab of browser.tabs) assert.deepEqual(tab.events, []);
});

// ---- who looks -------------------------------------------------------------------------------

test('a tab that is looked at for a while takes over from one that is not', async () => {
  const { tabs, network, timers } = await openTabs(3, ONE);
  tabs.forEach(({ chat }, n) => { chat.watched = n === 2; });
  await timers.pass(2_999);
  assert.deepEqual(leaders(tabs), [0]);
  await timers.pass(1_500);  // the leader says now and then whether it is looked at
  assert.deepEqual(leaders(tabs), [2]);
  assert.equal(network.polls(), 1);
  await network.poll.answer(200, part([entry(57)]));
  each(tabs, [57]);
});

test('a tab that is looked at for a moment, or beside a leader that is, takes nothing over', async () => {
  const { tabs, timers } = await openTabs(3, ONE);
  await timers.pass(10_000);
  tabs[0].chat.watched = tabs[1].chat.watched = false;
  await timers.pass(2_000);
  tabs[2].chat.watched = false;
  await timers.pass(10_000);
  tabs[2].chat.watched = true;
  await timers.pass(2_000);
  tabs[0].chat.watched = true;
  await timers.pass(10_000);
  assert.deepEqual(leaders(tabs), [0]);
  tabs[0].chat.watched = false;
  await timers.pass(4_500);
  assert.deepEqual(leaders(tabs), [2]);
});

test('whoever leaves in the instant in which the lock is granted gives it back', async () => {
  const browser = new FakeBrowser();
  const [first, second] = [browser.open(), browser.open()].map((tab) => new Election({
    locks: { request: (...request) => browser.request(tab, ...request) }, name: 'lock', changed: () => {}, failed: () => {},
  }));
  first.enter();
  first.leave();
  second.enter();
  await settle();
  assert.deepEqual([first.leads, second.leads], [false, true]);
});

test('a leader that waits for the server, and is robbed, goes on at once', async () => {
  const { tabs, network, timers } = await openTabs(2, ONE);
  await network.poll.fail();
  for (let n = 0; n < 4; n++) {
    await timers.pass(tabs[0].lastState.retryAt - timers.now());
    await network.call('GET', '/').fail();
  }
  tabs[0].chat.watched = false;
  network.answersPings = true;
  const { retryAt } = tabs[0].lastState;
  while (leaders(tabs)[0] !== 1) await timers.pass(100);
  await timers.pass(1_100);
  assert.ok(timers.now() < retryAt, 'it would have waited for longer');
  for (const tab of tabs) assert.equal(tab.lastState.state, 'online');
});

test('who leads for a second time asks for nothing of the first time', async () => {
  const { browser, tabs: [first], network, timers } = await openTabs(1, ONE);
  const second = await openTab(browser, [wall(1, 56), wall(2, 77)]);
  assert.equal(network.poll.form['last_post_id[2]'], '77');
  first.chat.watched = false;
  await timers.pass(4_000);
  assert.deepEqual(leaders([first, second]), [1]);
  await second.close();
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '56' });
});
