// The packages of tools/npm/package-lock.json: installed once for each lock, in build/npm, without running any script
// of theirs. `node tools/npm/modules.mjs` installs them and prints where.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const all = fileURLToPath(new URL('../../build/npm/', import.meta.url));
const files = ['package.json', 'package-lock.json'];

// The path of node_modules.
export async function modules() {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(here, file)));
  const folder = join(all, hash.digest('hex').slice(0, 12));
  const path = join(folder, 'node_modules');
  if (existsSync(path)) return path;
  await mkdir(all, { recursive: true });
  const fresh = await mkdtemp(join(all, 'new-'));
  try {
    for (const file of files) await cp(join(here, file), join(fresh, file));
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', fresh]);
    await rename(fresh, folder).catch((error) => { if (!existsSync(path)) throw error; });  // another was first
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await modules());
