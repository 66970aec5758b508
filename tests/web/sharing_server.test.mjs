// What the server says to the tab that has the connection concerns all tabs: resets, other epochs, walls that are taken
// away, the end of the session.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ann, openTab, openTabs } from './fake_browser.mjs';
import { entry, settle, wall } from './fakes.mjs';

const ONE = [wall(1, 56)];
const TWO = [wall(1, 56), wall(2, 77)];
const part = (posts, more = {}) => ({ walls: { 1: { posts, ...more } } });
const page = (newest, more = {}) => ({ posts: [entry(newest)], more: true, before: newest, newest, ...more });
const each = (tabs, expected, id = 1) => tabs.forEach((tab, n) => assert.deepEqual(tab.received(id), expected, `tab ${n + 1}`));
const histories = (network) => network.calls.filter(({ path }) => path.startsWith('/walls/1/posts'));
const lists = (network) => network.calls.filter(({ path }) => path === '/walls');

test('after a reset each tab reads the wall, and all go on from there', async () => {
  const { tabs, network } = await openTabs(3, [wall(1, 56, { epoch: 7 })]);
  await network.poll.answer(200, part([], { reset: true, newest: 12, epoch: 8 }));
  assert.equal(histories(network).length, 3);
  for (const call of histories(network)) await call.answer(200, page(12, { epoch: 8 }));
  for (const call of lists(network)) await call.answer(200, { walls: [wall(1, 12, { epoch: 8 })] });
  assert.deepEqual(network.poll.form, { 'last_post_id[1]': '12', 'epoch[1]': '8' });
  await network.poll.answer(200, part([entry(13)], { epoch: 8 }));
  each(tabs, [13]);
});

test('after a reset of a wall that only another tab knows it is asked for from there', async () => {
  const { browser, network } = await openTabs(1, ONE);
  const other = await openTab(browser, TWO);
  await network.poll.answer(200, { walls: { 2: { posts: [], reset: true, newest: 12 } } });
  assert.equal(network.poll.form['last_post_id[2]'], '12');
  await network.call('GET', '/walls/2/posts?').answer(200, page(12));
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 56), wall(2, 12)] });
  await network.poll.answer(200, { walls: { 2: { posts: [entry(13)] } } });
  each([other], [13], 2);
});

test('a tab that still holds another epoch is made to look, and so is a leader that does', async () => {
  for (const [ours, theirs] of [[wall(1, 56, { epoch: 7 }), wall(1, 12, { epoch: 8 })], [wall(1, 12, { epoch: 8 }), wall(1, 56, { epoch: 7 })]]) {
    const { browser, tabs, network } = await openTabs(1, [ours]);
    const other = await openTab(browser, [theirs]);
    assert.equal(lists(network).length, 2);
    for (const call of lists(network)) await call.answer(200, { walls: [wall(1, 12, { epoch: 8 })] });
    await network.history.answer(200, page(12, { epoch: 8 }));
    await network.call('GET', '/walls').answer(200, { walls: [wall(1, 12, { epoch: 8 })] });
    assert.deepEqual(network.poll.form, { 'last_post_id[1]': '12', 'epoch[1]': '8' });
    await network.poll.answer(200, part([entry(13)], { epoch: 8 }));
    each([...tabs, other], [13]);
  }
});

test('tabs that are told different epochs do not read their lists without an end', async () => {
  const { browser, network } = await openTabs(1, [wall(1, 56, { epoch: 7 })]);
  await openTab(browser, [wall(1, 56, { epoch: 8 })]);
  let rounds = 0;
  while (network.calls.some(({ method }) => method === 'GET') && rounds < 50) {
    rounds += 1;
    const call = network.calls.find(({ method }) => method === 'GET');
    await call.answer(200, call.path === '/walls' ? { walls: [wall(1, 56, { epoch: 7 + rounds % 2 })] } : page(56, { epoch: 7 + rounds % 2 }));
  }
  assert.ok(rounds < 50, `${rounds} rounds`);
});

test('a wall that is taken away is taken away in all tabs', async () => {
  const { browser, network, tabs } = await openTabs(1, TWO, { transport: 'auto' });
  const stream = await network.events.stream();
  await stream.push('retry: 1500\n\n');
  tabs.push(await openTab(browser, TWO, { transport: 'auto' }));
  await stream.push(`event: access\ndata: ${JSON.stringify({ lost: [2], gained: [] })}\n\n`);
  assert.equal(lists(network).length, 2);
  for (const call of lists(network)) await call.answer(200, { walls: ONE });
  for (const { chat } of tabs) assert.deepEqual([...chat.walls.keys()], [1]);
  assert.deepEqual(network.events.form, { 'last_post_id[1]': '56' });
});

test('each tab reads its list now and then', async () => {
  const { tabs, network, timers } = await openTabs(2, ONE);
  for (let n = 0; n < 4; n++) {
    await timers.pass(55_000);
    await network.poll.answer(200, { walls: {} });
  }
  await timers.pass(10_000);
  await network.call('GET', '/walls').answer(200, { walls: TWO });
  assert.equal(tabs[1].chat.walls.size, 2);
});

test('a wall that is taken away while a tab reads its list makes it read the list again', async () => {
  const { browser, network, tabs } = await openTabs(1, TWO, { transport: 'auto' });
  const stream = await network.events.stream();
  await stream.push('retry: 1500\n\n');
  tabs.push(await openTab(browser, TWO, { transport: 'auto' }));
  tabs[1].chat.refreshWalls();
  await settle();
  const early = network.call('GET', '/walls');
  await stream.push(`event: access\ndata: ${JSON.stringify({ lost: [2], gained: [] })}\n\n`);
  await early.answer(200, { walls: TWO });
  assert.equal(lists(network).length, 2);
  for (const call of lists(network)) await call.answer(200, { walls: ONE });
  for (const { chat } of tabs) assert.deepEqual([...chat.walls.keys()], [1]);
});

// Whatever ends the session is said to a poll; the next tab polls, and is told, too.
for (const [what, answer, reason] of [
  ['a session that ends', [400, { errors: ['Invalid user!'] }], 'expired'],
  ['another user', [412, { errors: ["This session is another user's."] }], 'other_user'],
]) {
  test(`${what} ends all tabs, and nothing more is asked or sent`, async () => {
    const { tabs, browser, network, timers } = await openTabs(3, ONE);
    for (let n = 0; n < 3; n++) await network.poll.answer(...answer);
    for (const tab of tabs) assert.deepEqual([tab.chat.user, tab.lastState.reason], [null, reason]);
    const { length } = browser.messages;
    await timers.pass(600_000);
    assert.equal(network.calls.length, 0);
    assert.equal(browser.messages.length, length);
  });
}

test('whoever signs out in one tab leaves the connection to the others until the server ends it', async () => {
  for (const which of [0, 2]) {
    const { tabs, network } = await openTabs(3, ONE);
    const out = tabs[which].chat.signOut();
    await settle();
    assert.equal(network.polls(), 1);
    await network.call('DELETE', '/session').answer(200, { signed_out: true });
    await out;
    for (let n = 0; n < 2; n++) await network.poll.answer(400, { errors: ['Invalid user!'] });
    for (const tab of tabs) assert.equal(tab.chat.user, null);
    assert.equal(network.calls.length, 0);
  }
});

test('who signs in again shares again', async () => {
  const { tabs, network } = await openTabs(2, ONE);
  for (let n = 0; n < 2; n++) await network.poll.answer(400, { errors: ['Invalid user!'] });
  for (const { chat } of tabs) {
    const done = chat.signIn('ann', 'secret');
    await network.call('POST', '/session').answer(201, { session_id: 'x', user: ann });
    await done;
    await network.call('GET', '/walls').answer(200, { walls: ONE });
  }
  assert.equal(network.polls(), 1);
  await network.poll.answer(200, part([entry(57)]));
  each(tabs, [57]);
});
