// The chat page in a real browser against what people may write and where they may click: on the server faked in
// memory, as one user. `node page_e2e.mjs [PATTERN]` runs the steps whose names match. Fails on any console error.

import assert from 'node:assert/strict';
import { FakeChat } from './fake_chat.mjs';
import { startFakeServer } from './fake_server.mjs';
import { openBrowser } from './webdriver.mjs';
import { steps as directions } from './page_directions.mjs';
import { steps as long } from './page_long.mjs';
import { steps as posts } from './page_posts.mjs';
import { steps as unread } from './page_unread.mjs';
import { steps as writing } from './page_writing.mjs';
import { runSteps } from './run_steps.mjs';

// Each step has a server and a browser of its own.
async function run(driver, { prepare, check, args, noise = [] }) {
  const chat = new FakeChat();
  for (const name of ['ann', 'bob', 'eve']) chat.addUser(name, `${name}-secret`);
  chat.addWall(1, 'General', ['ann', 'bob', 'eve']);
  prepare?.(chat);
  const server = await startFakeServer(chat);
  const browser = await openBrowser(driver, args);
  try {
    await signIn(browser, server.url);
    await check(browser, chat, server);
    const errors = (await browser.log()).filter(({ level }) => level !== 'INFO' && level !== 'DEBUG').map(({ message }) => message);
    assert.deepEqual(errors.filter((message) => !noise.some((pattern) => pattern.test(message))), []);
  } finally {
    await browser.close();
    await server.close();
  }
}

// As ann, without the form: its own test is browser_e2e.mjs.
async function signIn(browser, url) {
  await browser.go(`${url}#wall-1`);
  assert.equal(await browser.run(`return fetch('/api/session', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': '1' },
    body: JSON.stringify({ name: 'ann', password: 'ann-secret' }) }).then(({ status }) => status)`), 201);
  await browser.log();
  await browser.reload();
  await browser.until('posts', "return document.getElementById('history-state').textContent !== 'Loading…' && !document.getElementById('room').hidden");
}

await runSteps({ ...directions, ...long, ...posts, ...unread, ...writing }, process.argv[2] ?? '', run);
