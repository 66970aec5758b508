// The chat page in two real browsers, as two users. Fails on any console error or policy violation.
//
//   node browser_e2e.mjs URL [--a NAME:PASSWORD] [--b NAME:PASSWORD] [--wall NAME] [--screenshot FILE]
//   node browser_e2e.mjs --fake [--screenshot FILE]      on the server faked in memory
//
// A and B share --wall (default: the first one that both have). The same from the environment:
// POLLSTER_URL, POLLSTER_USER_A, POLLSTER_USER_B, POLLSTER_WALL. It posts to that wall.

import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { startFakeServer } from './fake_server.mjs';
import { quickStart } from './printed.mjs';
import { takeScreenshot } from './screenshot.mjs';
import { KEYS, openBrowser, startDriver } from './webdriver.mjs';

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: {
  fake: { type: 'boolean' }, a: { type: 'string' }, b: { type: 'string' }, wall: { type: 'string' }, screenshot: { type: 'string' },
} });
const fake = options.fake ? await startFakeServer() : null;
const url = fake?.url ?? positionals[0] ?? process.env.POLLSTER_URL;
const account = (text) => ({ name: text.slice(0, text.indexOf(':')), password: text.slice(text.indexOf(':') + 1) });
const users = [options.a ?? process.env.POLLSTER_USER_A ?? 'ann:ann-secret', options.b ?? process.env.POLLSTER_USER_B ?? 'bob:bob-secret'].map(account);
if (!url) {
  console.error('usage: node browser_e2e.mjs URL|--fake [--a NAME:PASSWORD] [--b NAME:PASSWORD] [--wall NAME] [--screenshot FILE]');
  process.exit(2);
}

const run = Date.now().toString(36);  // tells this run's posts from earlier ones
const POSTS = "[...document.querySelectorAll('#posts .post:not(.sending):not(.waiting):not(.failed)')]";
const WALLS = "[...document.querySelectorAll('#walls .wall-title')].map((title) => title.textContent)";

// What the browser logged since the last call, without the answers that a step provokes on purpose.
async function quiet(browser, ...expected) {
  const noise = (await browser.log()).filter(({ level }) => level !== 'INFO' && level !== 'DEBUG').map(({ message }) => message)
    .filter((message) => !expected.some((pattern) => pattern.test(message)));
  assert.deepEqual(noise, [], 'console errors or policy violations');
}

const notSignedIn = /\/session - Failed to load resource: .* 401/;

async function signIn(browser, { name, password }) {
  await browser.go(url);
  await browser.until('the sign-in form', "return !document.getElementById('sign-in').hidden");
  await quiet(browser, notSignedIn);
  await browser.type('#name', name);
  await browser.type('#password', `not ${password}${KEYS.enter}`);
  await browser.until('a wrong password is refused', "return document.getElementById('sign-in-error').textContent !== ''");
  await quiet(browser, notSignedIn);
  await browser.type('#password', `${password}${KEYS.enter}`);
  await browser.until('the walls', `return ${WALLS}.length > 0`);
  await connected(browser);
}

const connected = (browser) => browser.until('connected', "return document.getElementById('state').dataset.state === 'online'");
const show = async (browser, wall) => {
  await browser.until(`wall ${wall}`, `const link = [...document.querySelectorAll('#walls a')]
    .find((a) => a.querySelector('.wall-title').textContent === arguments[0]); link?.click(); return link`, wall);
  await browser.until(`posts of ${wall}`, "return document.getElementById('wall-name').textContent === arguments[0] && " +
    "document.getElementById('history-state').textContent !== 'Loading…'", wall);
  // It begins at the first unread post.
  await browser.until(`the end of ${wall}`, "const button = document.getElementById('to-end'); if (!button.hidden) button.click(); return button.hidden");
};
const sees = (browser, text) => browser.until(`post "${text}"`, `return ${POSTS}.filter((post) =>
  post.querySelector('.bubble').textContent === arguments[0]).length === 1`, text);

const steps = {
  async 'each user sees the own walls only'([a, b]) {
    const [ofA, ofB] = [await a.run(`return ${WALLS}`), await b.run(`return ${WALLS}`)];
    shared = options.wall ?? process.env.POLLSTER_WALL ?? ofA.find((wall) => ofB.includes(wall));
    assert.ok(ofA.includes(shared) && ofB.includes(shared), `no wall shared by ${ofA} and ${ofB}`);
    // What the page does not list the server does not give away either.
    const statuses = await b.run(`const mine = [...document.querySelectorAll('#walls a')].map((a) => Number(a.dataset.wall));
      const others = [1, 2, 3, 4, 5, 999].filter((id) => !mine.includes(id));
      return Promise.all(others.map(async (id) => (await fetch('api/walls/' + id + '/posts')).status))`);
    assert.ok(statuses.length > 0 && statuses.every((status) => status === 403), `statuses ${statuses}`);
    await quiet(b, /\/walls\/\d+\/posts - Failed to load resource: .* 403/);
  },

  async 'a post of A reaches B and the other way round'([a, b]) {
    await Promise.all([show(a, shared), show(b, shared)]);
    await a.type('#draft', `Hello from A ${run}${KEYS.enter}`);
    await Promise.all([sees(a, `Hello from A ${run}`), sees(b, `Hello from A ${run}`)]);
    await b.type('#draft', `Hello from B ${run}${KEYS.enter}`);
    await Promise.all([sees(a, `Hello from B ${run}`), sees(b, `Hello from B ${run}`)]);
    assert.equal(await a.run(`return ${POSTS}.at(-2).classList.contains('own') && !${POSTS}.at(-1).classList.contains('own')`), true);
    await b.until('a new post is announced', "return document.getElementById('announce').textContent.includes(arguments[0])", `Hello from A ${run}`);
  },

  async 'markup, quotes and line breaks show as text'([a, b]) {
    const nasty = `<script>document.title='taken'</script><img src=x onerror=alert(1)> "double" 'single' & \\ ${run}`;
    await a.type('#draft', `${nasty}${KEYS.shift}${KEYS.enter}${KEYS.release}second line${KEYS.enter}`);
    await Promise.all([a, b].map(async (browser) => {
      await sees(browser, `${nasty}\nsecond line`);
      assert.equal(await browser.run("return document.querySelectorAll('#posts script, #posts img').length"), 0);
    }));
  },

  async 'an edit and a deletion of A show in place at B, without a reload'([a, b]) {
    await b.run('window.sameDocument = true');
    for (const text of [`Frist words ${run}`, `Short words ${run}`]) {
      await a.type('#draft', `${text}${KEYS.enter}`);
      await Promise.all([sees(a, text), sees(b, text)]);
    }
    const [edited, deleted] = await b.run(`return ${POSTS}.slice(-2).map((post) => post.dataset.post)`);
    assert.deepEqual(await a.run(`return ${POSTS}.slice(-2).map((post) => post.dataset.post)`), [edited, deleted]);
    assert.equal(await b.run("return document.querySelector('[data-post=\"' + arguments[0] + '\"] .controls')", edited), null);
    const control = (post, name) => `[data-post="${post}"] [data-do="${name}"]`;
    const focused = (what, css) => a.until(what, 'return document.activeElement === document.querySelector(arguments[0])', css);

    await a.click(control(edited, 'Edit'));
    await a.type('.editor textarea', ` not meant${KEYS.escape}`);
    await focused('Escape leaves the editor', control(edited, 'Edit'));
    await sees(a, `Frist words ${run}`);
    await a.click(control(edited, 'Edit'));
    await a.run("document.querySelector('.editor textarea').value = 'x'.repeat(70_000)");
    await a.type('.editor textarea', KEYS.enter);
    await a.until('a refused edit says why and stays open', "return document.querySelector('.editor-status').textContent.startsWith('Not saved: ')");
    await quiet(a, /\/posts\/\d+ - Failed to load resource: .* 413/);
    await a.type('.editor textarea', `${KEYS.control}a${KEYS.release}First words ${run}${KEYS.enter}`);
    await Promise.all([a, b].map((browser) => browser.until('the edit', `const bubble = document.querySelector('[data-post="' + arguments[0] + '"] .bubble');
      return bubble?.firstChild.textContent === arguments[1] && bubble.querySelector('time.edited')`, edited, `First words ${run}`)));

    await a.click(control(deleted, 'Delete'));
    await a.until('the question', "return document.getElementById('delete').open");
    await a.type('#delete-no', KEYS.escape);
    await focused('Escape keeps the post', control(deleted, 'Delete'));
    await sees(a, `Short words ${run}`);
    await a.click(control(deleted, 'Delete'));
    await a.click('#delete-yes');
    await Promise.all([a, b].map((browser) => browser.until('the deletion', `const post = document.querySelector('[data-post="' + arguments[0] + '"]');
      return post?.classList.contains('deleted') && !document.getElementById('posts').textContent.includes(arguments[1])`, deleted, `Short words ${run}`)));
    await focused('the keyboard is back at the posts', '#messages');

    assert.deepEqual(await b.run(`return ${POSTS}.slice(-2).map((post) => post.dataset.post)`), [edited, deleted]);
    assert.equal(await b.run('return window.sameDocument'), true);
  },

  async 'a search finds what the wall says now, and leads back'([a, b]) {
    const found = "[...document.querySelectorAll('#found .bubble')].map((bubble) => bubble.firstChild.textContent)";
    const state = "document.getElementById('results-state').textContent";
    await b.type('#search', `words ${run}${KEYS.enter}`);
    await b.until('the edited post alone', `const found = ${found}; return found.length === 1 && found[0] === arguments[0]`, `First words ${run}`);
    assert.equal(await b.run("return document.getElementById('messages').inert"), true);
    await b.type('#search', `${KEYS.control}a${KEYS.release}Frist ${run}${KEYS.enter}`);
    await b.until('nothing for the earlier text', `return ${state}.startsWith('Nothing was found')`);
    // As the server answers for a phrase whose words all stand in thousands of newer posts.
    await b.run(`const real = window.fetch; window.fetch = (path, ...rest) => {
      if (!path.includes('q=')) return real(path, ...rest);
      window.asked = path;
      if (path.includes('before=77')) window.fetch = real;
      return Promise.resolve(new Response(JSON.stringify({ posts: [], ...path.includes('before=') ? { more: false } : { more: true, before: 77 }, newest: 99 }),
        { headers: { 'Content-Type': 'application/json' } }));
    }`);
    await b.type('#search', `${KEYS.control}a${KEYS.release}"the of"${KEYS.enter}`);
    await b.until('nothing yet', `return ${state}.startsWith('Nothing was found yet') && !document.getElementById('search-more').hidden`);
    await b.click('#search-more');
    await b.until('nothing at all', `return ${state}.startsWith('Nothing was found for') && document.getElementById('search-more').hidden`);
    assert.match(await b.run('return window.asked'), /before=77/);
    await b.click('#search-back');
    await b.until('the wall again', "return document.getElementById('results').hidden && !document.getElementById('messages').inert && document.activeElement.id === 'messages'");
    // While nobody looks at the posts the wall goes on beneath.
    await b.type('#search', `Hello ${run}${KEYS.enter}`);
    await b.until('newest first', `return JSON.stringify(${found}) === JSON.stringify(arguments[0])`, [`Hello from B ${run}`, `Hello from A ${run}`]);
    await a.type('#draft', `Meanwhile ${run}${KEYS.enter}`);
    await sees(b, `Meanwhile ${run}`);
    await b.type('#search', KEYS.escape);
    await b.until('the newest post in sight', `const { bottom } = ${POSTS}.at(-1).getBoundingClientRect();
      return document.getElementById('results').hidden && bottom <= document.getElementById('messages').getBoundingClientRect().bottom`);
  },

  async 'history loads on scrolling up and keeps the place'([a]) {
    // Enough posts for two pages, whatever the wall held before.
    await a.run(`const wall = location.hash.match(/\\d+/)[0];
      return Promise.all(Array.from({ length: 60 }, (_, n) => fetch('api/walls/' + wall + '/posts', { method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': '1' }, body: JSON.stringify({ body: 'Filler ' + n + ' ${run}' }) })))
        .then((answers) => { if (!answers.every(({ status }) => status === 201)) throw new Error(answers.map(({ status }) => status)); })`);
    await a.reload();
    await a.until('posts', `return ${POSTS}.length > 0 && document.getElementById('messages').scrollTop > 1000`);
    // What stands there when the list has scrolled and the older posts are still on their way.
    const { first, was, oldest } = await a.async(`const done = arguments[0];
      const list = document.getElementById('messages');
      list.scrollTop = 300;
      requestAnimationFrame(() => {
        const posts = ${POSTS};
        const first = posts.find((post) => post.getBoundingClientRect().bottom > list.getBoundingClientRect().top);
        done({ first: first.dataset.post, was: first.querySelector('.bubble').getBoundingClientRect().bottom, oldest: Number(posts[0].dataset.post) });
      })`);
    await a.until('older posts', `return Number(${POSTS}[0].dataset.post) < arguments[0]`, oldest);
    const place = (id) => `document.querySelector('[data-post="${id}"] .bubble').getBoundingClientRect().bottom`;
    const moved = Math.abs(await a.run(`return ${place(first)}`) - was);
    assert.ok(moved <= 1, `the first post in sight moved by ${moved} px`);
    const keys = await a.run(`return ${POSTS}.map((post) => post.dataset.post)`);
    assert.equal(new Set(keys).size, keys.length);
  },

  async 'a reload keeps the session and the wall'([, b]) {
    await b.reload();
    await connected(b);
    await b.until('the same wall', "return document.getElementById('wall-name').textContent === arguments[0]", shared);
    await b.until('its posts', `return ${POSTS}.length > 0`);
  },

  async 'signing out ends the session'([a]) {
    await a.click('#sign-out');
    await a.until('the sign-in form', "return !document.getElementById('sign-in').hidden");
    await a.until('the server knows', "return fetch('api/session').then(({ status }) => status === 401)");
    await a.reload();
    await a.until('the sign-in form again', "return !document.getElementById('sign-in').hidden && document.getElementById('app').hidden");
    assert.equal(await a.run("return document.querySelectorAll('#posts li').length"), 0);
    await quiet(a, notSignedIn);
  },
};
let shared;

const driver = await startDriver();
const browsers = [];
try {
  if (!fake) {
    const { lines, code } = await quickStart(url.replace(/\/?$/, '/'));
    assert.match(lines.join('; '), /^General has \d+ posts; ann has posted hi$/);
    assert.equal(code, 0);
    console.log('ok - the quick start of docs/CLIENT.md runs as printed');
  }
  for (const user of users) {
    browsers.push(await openBrowser(driver));
    await signIn(browsers.at(-1), user);
  }
  console.log('ok - two users are signed in, wrong passwords were refused');
  for (const [name, step] of Object.entries(steps)) {
    await step(browsers);
    for (const browser of browsers) await quiet(browser);
    console.log(`ok - ${name}`);
  }
  if (options.screenshot) {
    await takeScreenshot(driver, options.screenshot);
    console.log(`ok - ${options.screenshot} written`);
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const browser of browsers) await browser.close();
  driver.stop();
  await fake?.close();
}
