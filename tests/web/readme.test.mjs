// The README keeps its word: its client code runs as printed, its figures are those of the results, its
// links lead somewhere.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FakeChat } from './fake_chat.mjs';
import { startFakeServer } from './fake_server.mjs';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('README.md', root), 'utf8');

// Resolves with the first line that the program prints.
function firstLineOf(program) {
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    program.stderr.on('data', (chunk) => { errors += chunk; });
    program.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('\n')) resolve(output.slice(0, output.indexOf('\n')));
    });
    program.on('exit', (code) => reject(new Error(`ended with ${code} before it printed a line: ${errors}`)));
  });
}

test('the five lines of client code receive a post, as printed', async () => {
  const blocks = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);
  assert.equal(blocks.length, 1);
  assert.equal(blocks[0].trimEnd().split('\n').length, 5);

  // The users of ./run (db/demo.cpp), on a server in memory. Only the address differs: port 8080 may be taken.
  const chat = new FakeChat();
  chat.addUser('ann', 'ann-demo-pass');
  chat.addUser('bob', 'bob-demo-pass');
  chat.addWall(1, 'General', ['ann', 'bob']);
  const server = await startFakeServer(chat);
  const folder = await mkdtemp(join(tmpdir(), 'pollster-readme-'));
  let program;
  try {
    for (const name of ['pollster.js', 'pollster']) {
      await symlink(fileURLToPath(new URL(`web/${name}`, root)), join(folder, name));
    }
    await writeFile(join(folder, 'hello.mjs'), blocks[0]);
    await writeFile(join(folder, 'address.mjs'), `
      const { fetch } = globalThis;
      globalThis.fetch = (url, options) => fetch(url.replace('http://localhost:8080/', '${server.url}'), options);
    `);
    const polled = new Promise((resolve) => {
      const { handle } = chat;
      chat.handle = (request) => {
        if (request.method === 'POST' && request.path === '/') resolve();
        return handle.call(chat, request);
      };
    });
    program = spawn(process.execPath, ['--import', './address.mjs', 'hello.mjs'],
                    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const line = firstLineOf(program);
    await Promise.race([polled, line]);
    chat.add(1, 'bob', 'hello from bob');
    assert.equal(await line, 'General, bob: hello from bob');
  } finally {
    program?.kill();
    await server.close();
    await rm(folder, { recursive: true });
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
