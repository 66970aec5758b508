// What the page does when the browser, the server or another tab gets in its way: in a real browser, on the server
// faked in memory. `node page_faults_e2e.mjs [PATTERN]` runs the steps whose names match.

import assert from 'node:assert/strict';
import { startFakeServer } from './fake_server.mjs';
import { runSteps } from './run_steps.mjs';
import { KEYS, openBrowser } from './webdriver.mjs';

const shows = (id) => `!document.getElementById('${id}').hidden`;
const bubbles = "[...document.querySelectorAll('#posts .bubble')].map((bubble) => bubble.firstChild.textContent)";

async function signIn(browser, name) {
  await browser.until('the sign-in form', `return ${shows('sign-in')}`);
  await browser.run("document.getElementById('name').value = ''");
  await browser.type('#name', name);
  await browser.type('#password', `${name}-secret${KEYS.enter}`);
  await connected(browser);
}
const connected = (browser) => browser.until('connected', `return ${shows('app')} && document.getElementById('state').dataset.state === 'online' &&
  document.querySelector('#posts .post') !== null`);

// Whatever the document holds: texts, attributes, fields.
const holds = (browser, text) => browser.run(`const fields = [...document.querySelectorAll('input, textarea')].map(({ value }) => value);
  return (document.documentElement.outerHTML + fields + document.title).includes(arguments[0])`, text);

// Each has a server and a browser of its own.
const steps = {
  async 'two users in two tabs: the page of the first stops, and shows and sends nothing'({ open, server }) {
    const browser = await open();
    await browser.go(`${server.url}#wall-2`);
    const first = await browser.tab();
    const second = await browser.newTab();
    await browser.go(server.url);
    await browser.until('the sign-in form', `return ${shows('sign-in')}`);
    await browser.show(first);
    await signIn(browser, 'ann');
    // Only the rows near the window are in the document.
    const onScreen = await browser.until('a post on the screen', `return ${bubbles}.find((text) => text.length > 8)`);
    await browser.show(second);
    await signIn(browser, 'bob');
    await browser.show(first);
    if (await browser.run(`return ${shows('app')}`)) await browser.type('#draft', `Typed for ann${KEYS.enter}`).catch(() => {});
    await browser.until('it says so', "return document.getElementById('sign-in-error').textContent.startsWith('Another user has signed in')");
    for (const text of [onScreen, 'Typed for ann', 'General', 'Note 120']) assert.equal(await holds(browser, text), false, text);
    await signIn(browser, 'bob');
    await browser.until('posts', `return ${bubbles}.length > 0`);
    assert.equal(await holds(browser, 'Typed for ann'), false);
    assert.equal(server.chat.posted('Typed for ann'), undefined);
  },

  async 'a draft and a half edit are there after a reload, and after leaving the wall'({ open, server }) {
    const browser = await open();
    await browser.go(`${server.url}#wall-1`);
    await signIn(browser, 'ann');
    await browser.type('#draft', `To be kept${KEYS.enter}`);
    await browser.until('the post', `return ${bubbles}.at(-1) === 'To be kept' && !document.querySelector('.sending, .waiting')`);
    await browser.run("[...document.querySelectorAll('[data-do=Edit]')].at(-1).click()");
    await browser.type('.editor textarea', ' and more');
    await browser.run("location.hash = '#wall-2'");
    await browser.until('the other wall', "return document.getElementById('wall-name').textContent === 'Warehouse'");
    await browser.run("location.hash = '#wall-1'");
    await browser.until('the wall', "return document.getElementById('wall-name').textContent === 'General'");
    await browser.type('#draft', 'half a thought');
    await browser.reload();
    await connected(browser);
    assert.equal(await browser.run("return document.getElementById('draft').value"), 'half a thought');
    // It may open at what is unread.
    await browser.until('the end', `const end = document.getElementById('to-end'); if (!end.hidden) end.click();
      return end.hidden && ${bubbles}.at(-1) === 'To be kept'`);
    await browser.run("[...document.querySelectorAll('[data-do=Edit]')].at(-1).click()");
    await browser.until('the editor', "return document.querySelector('.editor textarea') !== null");
    assert.equal(await browser.run("return document.querySelector('.editor textarea').value"), 'To be kept and more');
  },

  async 'two tabs that have begun different posts on one wall keep both'({ open, server }) {
    const browser = await open();
    await browser.go(`${server.url}#wall-1`);
    await signIn(browser, 'ann');
    const draft = () => browser.run("return document.getElementById('draft').value");
    const first = await browser.tab();
    await browser.newTab();
    await browser.go(`${server.url}#wall-1`);
    await connected(browser);
    await browser.type('#draft', 'of the second');
    const second = await browser.tab();
    await browser.show(first);
    await browser.type('#draft', 'of the first');
    await browser.show(second);
    await browser.reload();
    await connected(browser);
    assert.equal(await draft(), 'of the second');
    await browser.type('#draft', KEYS.enter);
    await browser.until('the post', `return ${bubbles}.at(-1) === 'of the second'`);
    await browser.show(first);
    await browser.reload();
    await connected(browser);
    assert.equal(await draft(), 'of the first');
    await browser.closeTab();
    await browser.show(second);
    await browser.reload();
    await connected(browser);
    assert.equal(await draft(), 'of the first');
  },

  async 'loaded while the server is away, it says so and comes back with its session'({ open, server }) {
    const browser = await open();
    await browser.go(`${server.url}#wall-1`);
    await signIn(browser, 'ann');
    const away = { status: 502, message: 'Away.', when: (method, path) => path === '/session' };
    server.chat.failures.push(away, away);
    await browser.reload();
    await browser.until('it says so', "return document.getElementById('start-text').textContent.startsWith('Away.')");
    await connected(browser);
  },

  async 'a part of the page, or of the one for frames, does not come: it says so, and comes back by itself'({ open, server }) {
    const browser = await open();
    await browser.go(`${server.url}#wall-1`);
    await signIn(browser, 'ann');
    const lives = {
      '': `return ${shows('app')} && document.getElementById('state').dataset.state === 'online'`,
      'embed.html?wall=1': "return document.querySelector('pollster-wall').shadowRoot?.querySelector('form').hidden === false",
    };
    for (const [page, isLive] of Object.entries(lives)) {
      for (const lost of [['/chat.js', '/embed.js'], ['/pollster/walls.js'], ['/pollster.js', '/style.css']]) {
        const loads = [];
        let there = false;
        server.lacks = (path) => {
          if (path === '/' || path === '/embed.html') loads.push(Date.now());
          return !there && lost.includes(path);
        };
        await browser.go(`${server.url}${page}`);
        await browser.until('it says so', "return document.body?.innerText.includes('The server cannot be reached. Trying again…')");
        assert.doesNotMatch(await browser.run("return document.body?.innerText ?? ''"), /Sign in/);
        there = true;
        await browser.until(`${page} without ${lost}`, isLive);
        // In its own time, also if only some of the files are there.
        for (let n = 1; n < loads.length; n++) assert.ok(loads[n] - loads[n - 1] > 1_900, `${loads}`);
      }
    }
  },

  async 'the element shows what any writer may have written, and sends no half word'({ open, server: { chat, url } }) {
    const browser = await open();
    await browser.go(`${url}#wall-1`);
    await signIn(browser, 'ann');
    chat.addWall(9, 'Odd', ['ann', 'bob']);
    chat.add(9, 'bob', 'before');
    Object.assign(chat.add(9, 'bob', 'no date'), { created_at: '294276-12-31T23:59:59.999Z' });
    Object.assign(chat.add(9, 'bob', 'no name'), { user_name: '', user_id: 71 });
    Object.assign(chat.add(9, 'bob', 'another'), { user_name: '\u202ebob', user_id: 72 });
    Object.assign(chat.add(9, 'bob', 'x'), { body: 7 });
    chat.add(9, 'bob', `${'line\n'.repeat(1_000)}the end`);
    chat.add(9, 'bob', 'after');
    await browser.go(`${url}embed.html?wall=9`);
    const all = (css, of) => `[...document.querySelector('pollster-wall').shadowRoot.querySelectorAll('${css}')].map((one) => one.${of})`;
    await browser.until('all posts', `return ${all('li .text', 'textContent')}.at(-1) === 'after'`);
    assert.deepEqual(await browser.run(`return ${all('li .name', 'textContent')}`), ['bob #2', 'bob #2', '(no name)', '‹U+202E›bob #72', 'bob #2', 'bob #2', 'bob #2']);
    assert.match((await browser.run(`return ${all('li time', 'textContent')}`))[1], /unknown time/);
    assert.ok((await browser.run(`return ${all('li', 'offsetHeight')}`)).every((height) => height < 900));
    await browser.run(`${all('li button', 'click()')}`);
    assert.ok((await browser.run(`return ${all('li .text', 'textContent')}`))[5].endsWith('the end'));
    const sent = await browser.run(`const field = document.querySelector('pollster-wall').shadowRoot.querySelector('textarea');
      field.value = 'にほ';
      field.dispatchEvent(new CompositionEvent('compositionend', { data: 'にほ', bubbles: true }));
      return !field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true })) || field.value === ''`);
    assert.equal(sent, false);
  },

  async 'a text in the element outlives a reload, and is shown to no other user'({ open, server: { url } }) {
    const browser = await open();
    await browser.go(`${url}#wall-1`);
    await signIn(browser, 'ann');
    const field = "document.querySelector('pollster-wall').shadowRoot?.querySelector('textarea')";
    const live = () => browser.until('the element', `return ${field}?.form.hidden === false`);
    const text = () => browser.run(`return ${field}.value`);
    await browser.go(`${url}embed.html?wall=1`);
    await live();
    await browser.run(`const text = ${field}; text.value = 'Begun by ann'; text.dispatchEvent(new Event('input'))`);
    await browser.reload();
    await live();
    assert.equal(await text(), 'Begun by ann');
    const as = (name) => browser.run(`const { chat } = document.querySelector('pollster-wall');
      return chat.signIn(arguments[0], arguments[0] + '-secret').then(() => chat.open(1)).then(() => {})`, name);
    await as('bob');
    await live();
    assert.equal(await text(), '');
    await as('ann');
    await live();
    assert.equal(await text(), 'Begun by ann');
  },

  async 'a first page that is refused for now is asked for again, by the page and by the element, while online'({ open, server }) {
    const browser = await open();
    await browser.go(server.url);
    await signIn(browser, 'ann');
    const busy = (status) => ({ status, headers: { 'Retry-After': '1' }, when: (method, path) => method === 'GET' && path === '/walls/2/posts' });
    server.chat.failures.push(busy(429), busy(503));
    await browser.run("location.hash = '#wall-2'");
    await browser.until('it says so', "return document.getElementById('history-state').textContent.startsWith('Older posts could not be loaded')");
    await browser.until('the posts', `return ${bubbles}.some((text) => text.includes('The new shelves'))`);
    server.chat.failures.push(busy(503), busy(429));
    await browser.go(`${server.url}embed.html?wall=2`);
    await browser.until('the posts in the element', "return document.querySelector('pollster-wall').shadowRoot?.querySelectorAll('li').length > 0");
    assert.equal(server.chat.failures.length, 0);
  },

  async 'posts of a wall that was taken away are shown, and nobody signs out without being asked'({ open, server: { chat, url } }) {
    const browser = await open();
    await browser.go(url);
    await signIn(browser, 'ann');
    await browser.run(`const real = window.fetch; window.refused = false;
      window.fetch = (path, options) => (options?.method === 'POST' && path.endsWith('/posts') && !window.refused
        ? Promise.resolve(new Response('{"errors":["Not now."]}', { status: 503 })) : real(path, options));`);
    await browser.type('#draft', `To be rescued${KEYS.enter}`);
    await browser.until('it waits', "return document.querySelector('#posts .waiting') !== null");
    chat.revoke(1, 'ann');
    const lost = "document.getElementById('unsent')";
    await browser.until('it is shown', `return !${lost}.hidden && ${lost}.textContent.includes('To be rescued')`);
    await browser.run("window.asked = 0; window.confirm = () => { window.asked += 1; return false; }; document.getElementById('sign-out').click()");
    assert.equal(await browser.run('return window.asked'), 1);
    await browser.run('window.refused = true');
    const discard = `[...${lost}.querySelectorAll('button')].find((button) => button.textContent === 'Discard')`;
    await browser.until('it was refused', `return ${discard} !== undefined`);
    await browser.run(`${lost}.querySelector('button').click()`);
    assert.equal(await browser.run('return String(document.getSelection())'), 'To be rescued');
    await browser.run(`${discard}.click()`);
    await browser.until('it is gone', `return ${lost}.hidden`);
    await browser.run("document.getElementById('sign-out').click()");
    await browser.until('signed out, unasked', `return window.asked === 1 && ${shows('sign-in')}`);
  },

  async 'signing out asks for what other tabs have not sent, and a No keeps it'({ open, server }) {
    const browser = await open();
    await browser.go(`${server.url}#wall-1`);
    await signIn(browser, 'ann');
    const first = await browser.tab();
    await browser.newTab();
    await browser.go(`${server.url}#wall-1`);
    await connected(browser);
    await browser.run(`const real = window.fetch; window.fetch = (path, options) => (options?.method === 'POST' && path.endsWith('/posts')
      ? Promise.resolve(new Response('{"errors":["Not now."]}', { status: 503 })) : real(path, options));`);
    await browser.type('#draft', `Of the other tab${KEYS.enter}`);
    await browser.until('it waits', "return document.querySelector('#posts .waiting') !== null");
    await browser.show(first);
    const slots = 'Object.keys(localStorage).filter((key) => key.startsWith("pollster.outbox.")).length';
    await browser.run("window.asked = 0; window.confirm = () => (window.asked += 1) > 1; document.getElementById('sign-out').click()");
    assert.deepEqual(await browser.run(`return [window.asked, ${slots}, ${shows('app')}]`), [1, 1, true]);
    await browser.run("document.getElementById('sign-out').click()");
    await browser.until('signed out', `return ${shows('sign-in')}`);
    assert.deepEqual(await browser.run(`return [window.asked, ${slots}]`), [2, 0]);
  },

  async 'an element that goes while its session is asked for leaves nobody behind'({ open, server }) {
    const browser = await open();
    await browser.go(`${server.url}embed.html?wall=1`);
    await browser.until('the element', "return document.querySelector('pollster-wall').shadowRoot !== null");
    const asked = await browser.async(`const done = arguments[0];
      const paths = [];
      const real = window.fetch;
      let answer;
      window.fetch = (path, options) => {
        paths.push(options.method + ' ' + path);
        return path.endsWith('/session') ? new Promise((resolve, reject) => {
          options.signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
          answer = () => resolve(new Response('{"errors":["Please sign in."]}', { status: 401 }));
        }) : real(path, options);
      };
      const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      (async () => {
        const add = async () => {
          const wall = document.createElement('pollster-wall');
          wall.wall = 1;
          wall.setAttribute('base', '/api/');
          document.body.append(wall);
          await wait(20);
          return wall;
        };
        (await add()).remove();                     // while it is asked
        await wait(20);
        const late = await add();
        late.token = () => null;                    // as the ten lines of docs/EMBED.md do
        await wait(20);
        late.remove();
        await wait(20);
        const told = await add();                   // in the moment in which it hears that nobody is signed in
        told.addEventListener('pollster-state', ({ detail }) => { if (detail.state === 'signed_out') told.remove(); });
        paths.length = 0;
        answer();
        await wait(300);
        done(paths);
      })();`);
    assert.deepEqual(asked, []);
  },

  async 'an element reads its wall also after the chat that it had was stopped'({ open, server: { url } }) {
    const browser = await open();
    await browser.go(`${url}#wall-1`);
    await signIn(browser, 'ann');
    await browser.go(`${url}embed.html?wall=1`);
    await browser.until('the element', "return document.querySelector('pollster-wall').shadowRoot !== null");
    await browser.async(`const done = arguments[0];
      import('/pollster.js').then(({ Pollster }) => {
        const never = (path, options) => (path.endsWith('/walls') ? new Promise(() => {}) : fetch(path, options));
        const [first, second] = [new Pollster({ fetch: never, locks: null }), new Pollster({ locks: null })];
        const wall = document.createElement('pollster-wall');
        wall.id = 'second';
        wall.wall = 1;
        wall.chat = first;
        document.body.append(wall);
        first.resume().then(() => new Promise((resolve) => setTimeout(resolve, 50))).then(() => {
          first.stop();
          wall.chat = second;
          return second.resume();
        }).then(() => done());
      });`);
    await browser.until('its posts', "return document.getElementById('second').shadowRoot.querySelectorAll('li').length > 0");
  },

  async 'the element marks names that look alike, and an author who was renamed has one name'({ open, server: { chat, url } }) {
    const browser = await open();
    await browser.go(`${url}#wall-1`);
    await signIn(browser, 'ann');
    chat.addWall(9, 'Names', ['ann', 'bob', 'eve']);
    chat.add(9, 'bob', 'one');
    chat.add(9, 'eve', 'two');
    await browser.go(`${url}embed.html?wall=9`);
    const names = "[...document.querySelector('pollster-wall').shadowRoot?.querySelectorAll('li .name') ?? []].map(({ textContent }) => textContent).join()";
    await browser.until('both', `return ${names} === 'bob,eve'`);
    chat.rename('eve', 'b\u043eb');
    chat.add(9, 'eve', 'three');
    await browser.until('marks', `return ${names} === 'bob #2,b\u043eb #3,b\u043eb #3'`);
    chat.rename('eve', 'eva');
    chat.add(9, 'eve', 'four');
    await browser.until('one name', `return ${names} === 'bob,eva,eva,eva'`);
  },

  async 'without any script the page, and the one for frames, say that something is missing'({ open, server }) {
    const browser = await open();
    server.lacks = (path) => path.endsWith('.js');
    for (const page of ['', 'embed.html?wall=1']) {
      await browser.go(`${server.url}${page}`);
      await browser.until('it says so', "return document.body.innerText.includes('could not be loaded. Please reload it.')");
    }
    server.lacks = () => false;
    await browser.go(server.url);
    await browser.until('the sign-in form', `return ${shows('sign-in')} && document.getElementById('late') === null`);
  },

  async 'the part for tabs never comes: the page has a connection of its own, and the state says so'({ open, server }) {
    server.hangs = (path) => path === '/pollster/sharing.js';
    const browser = await open();
    await browser.go(`${server.url}#wall-1`);
    await signIn(browser, 'ann');
    server.chat.add(1, 'bob', 'Not held up');
    await browser.until('the post', "return document.getElementById('announce').textContent === 'bob: Not held up'");
    assert.deepEqual(await browser.async(`const done = arguments[0];
      import('/pollster.js').then(({ Pollster }) => {
        const chat = new Pollster({ base: '/api/' }, { onState: ({ state, reason }) => { if (state === 'online') done([reason, chat.transport]); } });
        return chat.resume();
      });`), ['alone', 'poll']);
  },

  async 'with cookies and storage blocked it works, and says what does not'({ open, server }) {
    const browser = await open({ 'profile.default_content_setting_values.cookies': 2 });
    await browser.go(server.url);
    await browser.until('the sign-in form', `return ${shows('sign-in')}`);
    assert.match(await browser.run('return document.body.innerText'), /a reload signs you out/);
    await signIn(browser, 'ann');
    await browser.type('#draft', `No cookie${KEYS.enter}`);
    await browser.until('the post', `return ${bubbles}.at(-1) === 'No cookie' && !document.querySelector('.sending, .waiting')`);
    assert.deepEqual((await browser.log()).filter(({ message }) => /Uncaught/.test(message)), []);
  },
};

async function run(driver, step) {
  const server = await startFakeServer();
  const browsers = [];
  try {
    await step({ server, open: async (prefs) => {
      browsers.push(await openBrowser(driver, [], prefs));
      return browsers.at(-1);
    } });
  } finally {
    for (const browser of browsers) await browser.close();
    await server.close();
  }
}

await runSteps(steps, process.argv[2] ?? '', run);
