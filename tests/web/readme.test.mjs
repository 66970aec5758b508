// The README keeps its word: its client code runs as printed, its figures are those of the results, its
// links lead somewhere.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { FakeChat } from './fake_chat.mjs';
import { startFakeServer } from './fake_server.mjs';
import { blocksOf, quickStart, startPrinted } from './printed.mjs';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('README.md', root), 'utf8');

// The users of ./run (db/demo.cpp), on a server in memory. `polled` resolves with the first poll.
async function demo() {
  const chat = new FakeChat();
  chat.addUser('ann', 'ann-demo-pass');
  chat.addUser('bob', 'bob-demo-pass');
  chat.addWall(1, 'General', ['ann', 'bob']);
  const server = await startFakeServer(chat);
  const { handle } = chat;
  const polled = new Promise((resolve) => {
    chat.handle = (request) => {
      if (request.method === 'POST' && request.path === '/') resolve();
      return handle.call(chat, request);
    };
  });
  return { chat, server, polled };
}

test('the five lines of client code receive a post, as printed', async () => {
  const blocks = blocksOf('README.md');
  assert.equal(blocks.length, 1);
  assert.equal(blocks[0].trimEnd().split('\n').length, 5);
  const { chat, server, polled } = await demo();
  const printed = await startPrinted(blocks[0], server.url);
  try {
    const line = printed.lines(1);
    await Promise.race([polled, line]);
    chat.add(1, 'bob', 'hello from bob');
    assert.deepEqual(await line, ['General, bob: hello from bob']);
  } finally {
    await printed.stop();
    await server.close();
  }
});

test('the quick start of docs/CLIENT.md opens a wall and posts, as printed', async () => {
  const { chat, server } = await demo();
  try {
    const { lines, code } = await quickStart(server.url);
    assert.deepEqual(lines, ['General has 0 posts', 'ann has posted hi']);
    assert.equal(code, 0);
    assert.equal(chat.posted('hi').user_name, 'ann');
  } finally {
    await server.close();
  }
});

test('every figure is in the result that it cites', () => {
  const section = page.split(/^## /m).find((part) => part.startsWith('Figures\n'));
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !/^\| (what|---)/.test(line));
  assert.ok(rows.length > 5);
  for (const row of rows) {
    const [, what, figure, bench, result] = row.split('|').map((cell) => cell.trim());
    const results = readFileSync(new URL(result.match(/\]\((.+)\)/)[1], root), 'utf8');
    assert.ok(results.includes(bench.replaceAll('`', '')), `${bench} did not write ${result}`);
    const numbers = figure.match(/\d[\d,.]*\d/g) ?? ['PASS'];
    for (const number of numbers) assert.ok(results.includes(number), `${number} (${what}) is not in ${result}`);
  }
});

test('it is short, its picture is small, and what it links to is there', () => {
  assert.ok(page.split('\n').length <= 121);
  assert.ok(statSync(new URL('docs/screenshot.png', root)).size < 200_000);
  const files = [...page.matchAll(/\]\((?!https:)([^)#]+)(?:#([^)]+))?\)/g)];
  assert.ok(files.length > 20);
  for (const [, file, anchor] of files) {
    assert.ok(existsSync(new URL(file, root)), file);
    if (!anchor) continue;
    const headings = [...readFileSync(new URL(file, root), 'utf8').matchAll(/^#+ (.+)$/gm)]
      .map(([, heading]) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
    assert.ok(headings.includes(anchor), `${file} has no heading ${anchor}`);
  }
});
