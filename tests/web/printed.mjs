// Runs client code as a page of the docs prints it. Only the address of the server differs: port 8080 may be taken.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

// The code blocks of a page, in a language.
export function blocksOf(page, language = 'js') {
  return [...readFileSync(new URL(page, root), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language).map(([, , code]) => code);
}

// Starts the code as a module in `folder`, or in a fresh one with the library in it. url: of the server, with the / at
// its end. Returns {lines(count): promise of that many printed lines, ended: promise of the exit code, stop()}.
export async function startPrinted(code, url, folder = null) {
  const at = folder ?? await mkdtemp(join(tmpdir(), 'pollster-printed-'));
  if (!folder) for (const name of ['pollster.js', 'pollster']) await symlink(fileURLToPath(new URL(`web/${name}`, root)), join(at, name));
  await writeFile(join(at, 'printed.mjs'), code);
  await writeFile(join(at, 'address.mjs'), `
    const { fetch } = globalThis;
    globalThis.fetch = (to, options) => fetch(to.replace('http://localhost:8080/', '${url}'), options);
  `);
  const program = spawn(process.execPath, ['--import', './address.mjs', 'printed.mjs'], { cwd: at, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  const looking = new Set();
  program.stderr.on('data', (chunk) => { errors += chunk; });
  program.stdout.on('data', (chunk) => {
    output += chunk;
    for (const look of looking) look();
  });
  const ended = new Promise((resolve) => program.on('close', resolve));
  return {
    ended,
    lines: (count) => new Promise((resolve, reject) => {
      const look = () => { if (output.split('\n').length > count) resolve(output.split('\n').slice(0, count)); };
      looking.add(look);
      look();
      ended.then((status) => reject(new Error(`ended with ${status}; printed: ${output}${errors}`)));
    }),
    stop: async () => {
      program.kill();
      await ended;
      if (!folder) await rm(at, { recursive: true });
    },
  };
}

// The quick start of docs/CLIENT.md, to its end.
export async function quickStart(url) {
  const printed = await startPrinted(blocksOf('docs/CLIENT.md')[0], url);
  try {
    const lines = await printed.lines(2);
    return { lines, code: await printed.ended };
  } finally {
    await printed.stop();
  }
}
