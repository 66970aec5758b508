// The code of docs/EMBED.md in a real browser, as printed, on a page of another origin with a strict content policy:
// the element, React and Vue, each with a token from another site and with the cookie of the same site. Fails on any
// console error or policy violation. A PATTERN chooses the steps that match.
//
//   node embed_e2e.mjs [PATTERN]                                           on the server faked in memory
//   node embed_e2e.mjs --url http://127.0.0.1:PORT --shop PORT [PATTERN]   over the real server with the demo's people,
//                                                                          which knows the origin http://localhost:SHOP
//   … --guest TOKEN                                                        guests instead: wall 1 is open, or there is
//                                                                          TOKEN of an application, for wall 1

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { minify } from '../../tools/npm/minify.mjs';
import { modules } from '../../tools/npm/modules.mjs';
import { fakeEmbedded, realEmbedded } from './embedded.mjs';
import { blocksOf } from './printed.mjs';
import { runSteps } from './run_steps.mjs';
import { openBrowser } from './webdriver.mjs';

const web = fileURLToPath(new URL('../../web/', import.meta.url));
const node_modules = await modules();
const require = createRequire(join(node_modules, 'of'));
const esbuild = require('esbuild');
const page = (language) => blocksOf('docs/EMBED.md', language);
const [shop, withToken, withCookie, aroundFrame] = page('js');
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css' };

// The page of another site: what is in `files`, under a policy that allows the chat and nothing else, and sessions for
// its visitor from its own server. It is asked for as localhost; the chat is another origin there, and as 127.0.0.1
// another site.
async function startShop(files, session, chatUrl, port) {
  const tokens = [];
  const server = createServer(async ({ method, url }, response) => {
    const name = url === '/' ? 'index.html' : url.slice(1);
    if (method === 'POST' && name === 'chat-session') {
      tokens.push(await session());
      response.end(JSON.stringify(tokens.at(-1)));
      return;
    }
    const there = Object.hasOwn(files, name);
    response.writeHead(there ? 200 : 404, {
      'Content-Type': TYPES[name.split('.').at(-1)] ?? 'text/plain', 'Cache-Control': 'no-store',
      'Content-Security-Policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ${chatUrl}; frame-src ${chatUrl}; ` +
        "require-trusted-types-for 'script'; trusted-types vue; base-uri 'none'; form-action 'none'",
    });
    response.end(there ? files[name] : '');
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    tokens, url: `http://localhost:${server.address().port}/`,
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}

// One script of `files` (name -> code) and what they import, from npm or from web/.
async function bundle(files) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: files.main, loader: 'jsx', resolveDir: web }, bundle: true, format: 'esm', write: false, jsx: 'automatic', minify: true,
    define: { 'process.env.NODE_ENV': '"production"', __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false',
              __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
    nodePaths: [node_modules],
    plugins: [{ name: 'printed', setup: (build) => {
      build.onResolve({ filter: /^\.\/(chat|wall)\.js$/ }, ({ path, importer }) => (importer.startsWith(join(web, 'pollster')) ? null : { path, namespace: 'printed' }));
      build.onResolve({ filter: /^pollster-client$/ }, () => ({ path: join(web, 'pollster.js') }));
      build.onLoad({ filter: /./, namespace: 'printed' }, ({ path }) => ({ contents: files[path.slice(2)], loader: 'jsx', resolveDir: web }));
    } }],
  });
  return outputFiles[0].text;
}

function compiledVue(source) {
  const { parse, compileScript } = require('vue/compiler-sfc');
  return compileScript(parse(source).descriptor, { id: 'wall', inlineTemplate: true }).content;
}

const EMPTY = '<!doctype html><html lang="en"><title>Shop</title><script type="module" src="main.js"></script><div id="root"></div></html>';
const REACT = `import { StrictMode } from 'react'; import { createRoot } from 'react-dom/client'; import { Wall } from './wall.js'; import { chat } from './chat.js';
  globalThis.chat = chat; createRoot(document.getElementById('root')).render(<StrictMode><Wall id={1} /></StrictMode>);`;
const VUE = `import { createApp } from 'vue'; import Wall from './wall.js'; import { chat } from './chat.js';
  globalThis.chat = chat; createApp(Wall, { id: 1 }).mount('#root');`;

// What a page needs, by its kind; `cookie`: the session is the chat's cookie.
const pages = {
  element: async (cookie) => ({
    'index.html': page('html')[0].replace('</html>', cookie ? '</html>' : '<script type="module" src="shop.js"></script>\n</html>'),
    'shop.css': page('css')[0], 'shop.js': shop, 'pollster-wall.min.js': await minify('pollster-wall'),
  }),
  React: async (cookie) => ({ 'index.html': EMPTY, 'main.js': await bundle({ main: REACT, 'wall.js': page('jsx')[0], 'chat.js': cookie ? withCookie : withToken }) }),
  Vue: async (cookie) => ({ 'index.html': EMPTY, 'main.js': await bundle({ main: VUE, 'wall.js': compiledVue(page('vue')[0]), 'chat.js': cookie ? withCookie : withToken }) }),
};

// What the page shows, inside the element, too.
const TEXT = "[...document.querySelectorAll('pollster-wall')].map((wall) => wall.shadowRoot.textContent).join() + document.body.innerText";
const shows = (browser, text) => browser.until(text, `return (${TEXT}).includes(arguments[0])`, text);
const FIELD = "const field = (document.querySelector('pollster-wall')?.shadowRoot ?? document).querySelector('input, textarea');";
const WRITE = `${FIELD}
  const kind = field.tagName === 'INPUT' ? HTMLInputElement : HTMLTextAreaElement;
  Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(field, arguments[0]);
  field.dispatchEvent(new Event('input', { bubbles: true }));
  return new Promise((resolve) => setTimeout(() => { field.form.requestSubmit(); resolve(); }, 50));`;
// Not before there is a field: what is put into one that is not shown yet belongs to nobody.
const writes = async (browser, text) => {
  await browser.until('the field', `${FIELD} return field?.getClientRects().length > 0`);
  await browser.run(WRITE, text);
};

const steps = {};
for (const [kind, filesOf] of Object.entries(pages)) {
  for (const cookie of [false, true]) {
    steps[`${kind}, ${cookie ? 'by the cookie of the same site' : 'by a token, from another site'}`] = async ({ browser, start }) => {
      const { chat, url, shop: { tokens }, says } = await start(await filesOf(cookie), cookie, cookie && 'ann');
      await browser.go(url);
      await shows(browser, says('what was there'));
      await chat.add(1, 'bob', says('news from bob'));
      await shows(browser, says('news from bob'));
      await writes(browser, says(`written in ${kind}`));
      await browser.until('an empty field', FIELD + "return field.value === ''");
      await shows(browser, says(`written in ${kind}`));
      let posted;
      while (!(posted = await chat.posted(1, says(`written in ${kind}`)))) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(posted.user_name, 'ann');
      if (cookie) return assert.equal(tokens.length, 0);
      // The session ends, and another one takes its place, without a word.
      await chat.drop(tokens[0]);
      await chat.add(1, 'bob', says('with another token'));
      await shows(browser, says('with another token'));
      return assert.equal(tokens.length, 2);
    };
  }
}

steps['a cookie from another site: the API says that there is none, not that a session has expired'] = async ({ browser, start }) => {
  const { url, chatUrl, chat } = await start(await pages.element(true), false);
  const why = 'This browser sends no cookie from a page of another site. Use a token.';
  await browser.go(url);
  await shows(browser, 'Sign in to ask us.');
  await browser.until('no_cookie', "return document.querySelector('pollster-wall').chat?.getSnapshot().reason === 'no_cookie'");
  const said = await browser.async(`const done = arguments[1];
    document.querySelector('pollster-wall').chat.signIn('ann', arguments[0]).then(() => done('signed in'), ({ kind, message }) => done([kind, message]));`,
                                   chat.password('ann'));
  assert.deepEqual(said, ['no_cookie', why]);
  assert.doesNotMatch(await browser.run(`return ${TEXT}`), /has ended/);
  // Whatever is asked for, and however.
  const answers = await browser.async(`const done = arguments[1];
    const form = (path) => fetch(arguments[0] + path, { method: 'POST', credentials: 'include', body: new URLSearchParams({ 'last_post_id[1]': 0 }) });
    Promise.all([fetch(arguments[0] + 'walls', { credentials: 'include' }), form(''), form('events')])
      .then((all) => Promise.all(all.map(async (one) => [one.status, await one.json()]))).then(done);`, `${chatUrl}api/`);
  assert.deepEqual(answers, [[401, { errors: ['Please sign in.'], why }], [400, { errors: ['Invalid user!'], why }], [400, { errors: ['Invalid user!'], why }]]);
};

steps['the element looks as the page says, and its styles stay inside'] = async ({ browser, start }) => {
  const { url, says } = await start(await pages.element(false), false);
  await browser.go(url);
  await shows(browser, says('what was there'));
  assert.deepEqual(await browser.run(`const wall = document.querySelector('pollster-wall'); const button = wall.shadowRoot.querySelector('form button');
    return [getComputedStyle(wall).height, getComputedStyle(button).backgroundColor, getComputedStyle(document.body).display]`),
                   ['480px', 'rgb(10, 125, 85)', 'block']);
};

// The chat's page with one wall, in a frame on one of the shop's.
const framed = (cookie) => ({ 'index.html': page('html')[1].replace('&amp;token', cookie ? '' : '&amp;token'), 'frame.js': aroundFrame });

for (const cookie of [false, true]) {
  steps[`a frame, ${cookie ? 'by the cookie of the same site' : 'by a token, from another site'}`] = async ({ browser, start }) => {
    const { url, chat, shop: { tokens }, says } = await start(framed(cookie), cookie, cookie && 'ann');
    await browser.go(url);
    await browser.frame('iframe');
    await shows(browser, says('what was there'));
    await writes(browser, says('written in a frame'));
    await shows(browser, says('written in a frame'));
    let posted;
    while (!(posted = await chat.posted(1, says('written in a frame')))) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(posted.user_name, 'ann');
    assert.equal(tokens.length, cookie ? 0 : 1);
    assert.equal(await browser.run('return getComputedStyle(document.querySelector("pollster-wall")).height === `${innerHeight}px`'), true);
    if (cookie) return;
    await chat.drop(tokens[0]);
    await chat.add(1, 'bob', says('with another token'));
    await shows(browser, says('with another token'));
    assert.equal(tokens.length, 2);
  };
}

steps['a frame on a page that is not on the list stays empty'] = async ({ browser, start }) => {
  const { url } = await start(framed(true), true, 'ann', { listed: false });
  await browser.go(url);
  await browser.frame('iframe');
  const said = [];
  for (const end = Date.now() + 120_000; !said.some((message) => /frame-ancestors/.test(message));) {
    assert.ok(Date.now() < end, said.join());
    said.push(...(await browser.log()).map(({ message }) => message));
  }
  assert.equal(await browser.run("return document.querySelector('pollster-wall')"), null);
};

steps['two elements share a connection, and one that leaves takes nothing with it'] = async ({ browser, start }) => {
  const { url, chat, says } = await start(await pages.element(true), true, 'ann');
  await browser.go(url);
  await shows(browser, says('what was there'));
  assert.ok(await browser.run(`const one = document.querySelector('pollster-wall'); const two = document.createElement('pollster-wall');
    two.wall = 2; two.setAttribute('base', one.getAttribute('base')); one.after(two);
    return new Promise((resolve) => setTimeout(() => resolve(one.chat === two.chat && one.chat !== null), 0))`));
  await shows(browser, says('on the second wall'));
  await browser.run("document.querySelector('pollster-wall').remove()");
  await chat.add(2, 'bob', says('still here'));
  await shows(browser, says('still here'));
  assert.equal(await browser.run("const wall = document.querySelector('pollster-wall'); const { chat } = wall; wall.remove();" +
    "return new Promise((resolve) => setTimeout(() => resolve([wall.chat, chat.state].join()), 0))"), ',online');
};

// Nobody is signed in: wall 1 is open to all, or the application hands in its token for a guest.
const guests = (token) => {
  const reads = async ({ browser, chat, says }) => {
    await shows(browser, says('what was there'));
    await chat.add(1, 'bob', says('news for guests'));
    await shows(browser, says('news for guests'));
    assert.equal(await browser.run("const { chat, shadowRoot } = document.querySelector('pollster-wall');" +
      "return [chat.state, chat.user.id, shadowRoot.querySelector('form').hidden].join()"), 'online,0,true');
    assert.deepEqual(await browser.run(`const { chat } = document.querySelector('pollster-wall');
      chat.markRead(1);
      return chat.post(1, 'of a guest').then(() => 'posted', ({ kind }) => kind)`), 'signed_out');
  };
  return {
    'a guest of an open wall, on another site': async ({ browser, start }) => {
      const { url, ...there } = await start(await pages.element(true), false);
      await browser.go(url);
      await reads({ browser, ...there });
      await shows(browser, 'Sign in to ask us.');
    },
    'a guest of an open wall, in a frame, who signs in': async ({ browser, start }) => {
      const { url, chatUrl, chat, says } = await start(framed(true), true);
      await browser.go(url);
      await browser.frame('iframe');
      await reads({ browser, chat, says });
      assert.equal(await browser.run(`return fetch('/api/session', { method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ name: 'ann', password: arguments[0] }) }).then(({ status }) => status)`, chat.password('ann')), 201, chatUrl);
      await browser.run("return document.querySelector('pollster-wall').resume()");
      await writes(browser, says('no guest any more'));
      await shows(browser, says('no guest any more'));
    },
    'a guest by the token of the application, on another site': async ({ browser, start }) => {
      const { url, shop: around, ...there } = await start(await pages.element(false), false, null, { session: () => token });
      await browser.go(url);
      await reads({ browser, ...there });
      assert.ok(around.tokens.includes(token));
    },
  };
};

const { values: { url: real, shop: shopPort, guest }, positionals: [pattern = ''] } = parseArgs({
  allowPositionals: true, options: { url: { type: 'string' }, shop: { type: 'string' }, guest: { type: 'string' } },
});

async function run(driver, step) {
  const chat = real ? realEmbedded(real) : await fakeEmbedded();
  const id = Math.random().toString(36).slice(2);
  const says = (text) => `${text} (${id})`;  // what earlier steps have said is still there
  await chat.add(1, 'bob', says('what was there'));
  await chat.add(2, 'bob', says('on the second wall'));
  const browser = await openBrowser(driver);
  const noise = [/ 40[01] \(/];  // nobody is signed in yet, or a session was ended on purpose
  let around;
  // sameSite: the chat is asked for under the host of the page. user: signed in on the chat's own page before.
  // listed: the chat knows the page's origin.
  // session: what the page's own server hands out.
  const start = async (files, sameSite, user, { listed = true, session = () => chat.session('ann') } = {}) => {
    const chatUrl = sameSite ? chat.url.replace('127.0.0.1', 'localhost') : chat.url;
    const filled = Object.fromEntries(Object.entries(files).map(([file, text]) => [file, text.replaceAll('https://chat.shop.example', chatUrl.slice(0, -1))]));
    around = await startShop(filled, session, chatUrl, listed ? Number(shopPort ?? 0) : 0);
    if (listed) chat.knows(around.url.slice(0, -1));
    if (user) {
      await browser.go(chatUrl);
      assert.equal(await browser.run(`return fetch('/api/session', { method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ name: arguments[0], password: arguments[1] }) }).then(({ status }) => status)`, user, chat.password(user)), 201);
      await browser.log();
    }
    return { chat, chatUrl, url: around.url, shop: around, says };
  };
  try {
    await step({ browser, start });
    const errors = (await browser.log()).filter(({ level }) => level !== 'INFO' && level !== 'DEBUG').map(({ message }) => message)
      .filter((message) => !/favicon/.test(message) && !noise.some((pattern_) => pattern_.test(message)));
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
    await around?.close();
    await chat.close();
  }
}

await runSteps(guest ? guests(guest) : steps, pattern, run);
