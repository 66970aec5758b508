// Twelve tabs of one real browser over HTTP/1.1, which has six connections for all of them: one poll or stream for the
// browser, and every tab is live, whichever tab is closed, frozen or looked at. Fails on any console error.
//
//   node tabs_e2e.mjs URL [--user NAME:PASSWORD] [--other NAME:PASSWORD] [--wall ID]    over the real server
//   node tabs_e2e.mjs --fake                                                            on the one faked in memory
//
// Both users are members of the wall, and nobody else is connected to that server.

import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { startFakeServer } from './fake_server.mjs';
import { KEYS, openBrowser, startDriver } from './webdriver.mjs';

const TABS = 12;
const { values: options, positionals } = parseArgs({ allowPositionals: true, options: {
  fake: { type: 'boolean' }, user: { type: 'string', default: 'ann:ann-secret' }, other: { type: 'string', default: 'bob:bob-secret' },
  wall: { type: 'string', default: '1' },
} });
const fake = options.fake ? await startFakeServer() : null;
const url = (fake?.url ?? positionals[0]).replace(/\/*$/, '/');
const api = `${url}api/`;
const [user, other] = [options.user, options.other].map((text) => ({ name: text.slice(0, text.indexOf(':')), password: text.slice(text.indexOf(':') + 1) }));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const deadline = () => Date.now() + 120_000;

async function signedIn({ name, password }) {
  const answer = await fetch(`${api}session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, password }) });
  assert.equal(answer.status, 201);
  return (await answer.json()).session_id;
}

async function parked() {
  if (fake) return fake.chat.parked;
  const metrics = await (await fetch(`${api}metrics`)).text();
  return Number(metrics.match(/^pollster_parked_polls (\d+)$/m)[1]);
}

async function onePoll(when) {
  for (const end = deadline(); ;) {
    const count = await parked();
    if (count === 1) return;
    if (Date.now() > end) assert.fail(`${when}: ${count} parked polls`);
    await pause(100);
  }
}

// In each document, before its scripts: whether the last poll or stream of this tab goes on.
const WATCH = `{
  const real = window.fetch;
  let last = null;
  window.fetch = (path, options) => {
    if (options?.method === 'POST' && /(^|\\/)api\\/(events)?$/.test(path)) last = options.signal;
    return real(path, options);
  };
  window.asks = () => last !== null && !last.aborted;
}`;
const TEXTS = "[...document.querySelectorAll('#posts .post:not(.sending):not(.waiting):not(.failed) .bubble')].map((bubble) => bubble.firstChild.textContent)";
const run = Date.now().toString(36);
let told = 0;

const driver = await startDriver();
const browser = await openBrowser(driver);
const tabs = [];

async function openTab() {
  tabs.push(tabs.length ? await browser.newTab() : await browser.tab());
  await browser.devtools('Page.addScriptToEvaluateOnNewDocument', { source: WATCH });
  await browser.go(`${url}#wall-${options.wall}`);
}

async function each(handles, check) {
  for (const handle of handles) {
    await browser.show(handle);
    await check(handle);
  }
}

// Another tab may take over while this looks: one that is looked at.
async function leader(handles) {
  for (const end = deadline(); ;) {
    const found = [];
    await each(handles, async (handle) => { if (await browser.run('return window.asks()')) found.push(handle); });
    if (found.length === 1) return found[0];
    if (Date.now() > end) assert.fail(`${found.length} tabs ask`);
  }
}

// A tab may have opened at what is unread.
const sees = (text) => browser.until(`once "${text}"`, `const end = document.getElementById('to-end'); if (!end.hidden) end.click();
  return ${TEXTS}.filter((other) => other === arguments[0]).length === 1`, text);

// Somebody else posts; all these tabs show it, once, and the posts before it, too.
let bearer;
async function allLive(handles, when) {
  const text = `Word ${++told} ${run}`;
  const answer = await fetch(`${api}walls/${options.wall}/posts`, { method: 'POST', body: JSON.stringify({ body: text }),
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}` } });
  assert.equal(answer.status, 201);
  await each(handles, () => sees(text));
  await each(handles, async () => {
    const words = (await browser.run(`return ${TEXTS}`)).filter((body) => body.startsWith('Word ') && body.endsWith(run));
    assert.deepEqual(words, Array.from({ length: told }, (_, n) => `Word ${n + 1} ${run}`), when);
  });
  await onePoll(when);
}

const steps = {
  async 'twelve tabs are live with one poll'() {
    await openTab();
    assert.equal(await browser.run(`return fetch('/api/session', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': '1' },
      body: arguments[0] }).then(({ status }) => status)`, JSON.stringify(user)), 201);
    await browser.log();
    await browser.reload();
    while (tabs.length < TABS) await openTab();
    await each(tabs, () => browser.until('connected', "return document.getElementById('state').dataset.state === 'online' && document.querySelector('#posts .post')"));
    assert.equal(await browser.run("return performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/api/walls')).nextHopProtocol"), 'http/1.1');
    await onePoll('at first');
    await allLive(tabs, 'at first');
  },

  async 'a post of the twelfth tab is acknowledged and seen in all'() {
    await browser.show(tabs[TABS - 1]);
    await browser.type('#draft', `Mine ${run}${KEYS.enter}`);
    await browser.until('acknowledged', "return document.querySelector('#posts .sending, #posts .waiting') === null");
    await each(tabs, () => sees(`Mine ${run}`));
  },

  async 'several clients of one page share it, too'() {
    await browser.show(tabs[0]);
    await browser.async(`const done = arguments[0];
      import(new URL('pollster.js', location.href)).then(({ Pollster }) => {
        window.clients = Array.from({ length: 3 }, () => new Pollster({ base: document.querySelector('meta[name="pollster-api"]').content }, {}));
        return Promise.all(window.clients.map((client) => client.resume()));
      }).then(done, (error) => done(String(error)))`);
    await browser.until('clients online', "return window.clients.every(({ state, transport }) => state === 'online' && transport === 'shared')");
    await allLive(tabs, 'with several clients in a page');
    await browser.show(tabs[0]);
    await browser.until('clients hear', 'return window.clients.every(({ walls }) => walls.get(arguments[0]).posts.some(({ body }) => body === arguments[1]))',
      Number(options.wall), `Word ${told} ${run}`);
    await browser.run('for (const client of window.clients) client.stop()');
  },

  async 'when the tab that asks is closed the others are live'() {
    const first = await leader(tabs);
    await browser.show(first);
    await browser.closeTab();
    tabs.splice(tabs.indexOf(first), 1);
    await allLive(tabs, 'after the leader was closed');
  },

  // `freeze` is kept from the page: so it is when a machine sleeps, or a debugger stops the tab.
  async 'when the tab that asks is frozen without a word the others are live, and it is when it is thawed'() {
    const frozen = await leader(tabs);
    await browser.show(frozen);
    await browser.run("window.addEventListener('freeze', (event) => event.stopImmediatePropagation(), true)");
    await browser.devtools('Page.setWebLifecycleState', { state: 'frozen' });
    const others = tabs.filter((tab) => tab !== frozen);
    const text = `Frozen ${run}`;
    await browser.show(others[0]);
    await browser.type('#draft', `${text}${KEYS.enter}`);
    await each(others, () => sees(text));
    await leader(others);
    await browser.show(frozen);
    await browser.devtools('Page.setWebLifecycleState', { state: 'active' });
    await each(tabs, () => sees(text));
    await allLive(tabs, 'after the frozen leader was thawed');
    await leader(tabs);
  },

  async 'a tab that is frozen as browsers do it leaves no poll behind'() {
    const frozen = await leader(tabs);
    await browser.show(frozen);
    await browser.devtools('Page.setWebLifecycleState', { state: 'frozen' });
    const others = tabs.filter((tab) => tab !== frozen);
    await allLive(others, 'while the leader is frozen');
    await browser.show(frozen);
    await browser.devtools('Page.setWebLifecycleState', { state: 'active' });
    await allLive(tabs, 'after it was thawed');
  },

  async 'a sign-out in one tab ends all'() {
    await browser.show(tabs[0]);
    await browser.click('#sign-out');
    await each(tabs, () => browser.until('the sign-in form', "return !document.getElementById('sign-in').hidden"));
    assert.equal(await parked(), 0);
  },
};

try {
  bearer = await signedIn(other);
  for (const [name, step] of Object.entries(steps)) {
    const began = Date.now();
    await step();
    console.log(`ok - ${name} (${Date.now() - began} ms)`);
  }
  const noise = (await browser.log()).filter(({ level }) => level !== 'INFO' && level !== 'DEBUG').map(({ message }) => message);
  // What was under way in the other tabs when one signed out, such as a read mark, is refused.
  const refused = /\/(session|events|walls|walls\/\d+\/(read|posts)|)(\?\S*)? - Failed to load resource: .* 40[01]/;
  assert.deepEqual(noise.filter((message) => !refused.test(message)), [], 'console errors');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
  driver.stop();
  await fake?.close();
}
