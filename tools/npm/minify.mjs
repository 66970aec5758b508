// What `npm pack` in web/ adds to the modules that are there: each entry as one small file, for pages without a
// bundler, and the licence. `--clean` takes them away again; `--into FOLDER` puts them elsewhere. Whoever serves web/
// as it is needs none of this.
//
// pollster.min.js leaves the part for tabs to a file beside it, and loads it where it is of use; pollster-wall.min.js
// is for pages that want one file, and has that part in it.
//
// esbuild joins the modules and gives short names to what is private; terser finds what is left. Names of properties
// that no user of the library sees are shortened, too, in all files alike: those of INTERNAL, none of which may be in
// pollster.d.ts, in what a server, a storage or another tab holds or says, or on an object of the browser.
// tests/web/package.test.mjs runs the library's tests on the result.

import { copyFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modules } from './modules.mjs';

const web = fileURLToPath(new URL('../../web/', import.meta.url));
const SOURCES = { pollster: 'pollster.js', 'pollster-tabs': 'pollster/sharing.js', 'pollster-wall': 'pollster-wall.js' };

export const INTERNAL = `
  abandon acknowledge added again agrees alive all alone api backoff bearer began begin bound change changed changes check
  client connection counted cursor cut dead discard end ended enter feed follow follower forget gap heard history hung
  hurry interrupt items json kept late leads leave listDue listIsOld listen look me mine mustRead news next oldest
  online others page paging pause ping poll promise proven pulse readList readTimer refresh refused release renew repeats
  reread resets run sent session sharing spread stale start stopped streams take tell timeline timeout to tokens view wait
  wake woke words
`.trim().split(/\s+/);

// What is smaller when it is sent, though longer.
const COMPRESS = {
  passes: 3, hoist_funs: true, lhs_constants: false, unsafe_arrows: true, unsafe_methods: true, keep_fargs: false, inline: 0, reduce_funcs: false, sequences: false,
};

const beside = {
  name: 'beside',
  setup: (build) => build.onResolve({ filter: /\/sharing\.js$/ }, ({ kind }) => (
    kind === 'dynamic-import' ? { path: './pollster-tabs.min.js', external: true } : null)),
};

// name: of SOURCES.
export async function minify(name) {
  const require = createRequire(join(await modules(), 'of'));
  const built = (entry, mangleCache) => require('esbuild').build({
    entryPoints: [join(web, SOURCES[entry])], bundle: true, format: 'esm', minify: true, target: 'es2022', write: false,
    mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`), mangleCache, plugins: entry === 'pollster' ? [beside] : [],
  });
  const first = await built('pollster', {});  // whose names the others have, too
  const { outputFiles } = name === 'pollster' ? first : await built(name, first.mangleCache);
  const options = { module: true, ecma: 2020, compress: COMPRESS };
  const { code } = await require('terser').minify(outputFiles[0].text, options);
  return `/* MIT */${code}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [option, folder = web] = process.argv.slice(2);
  const names = Object.keys(SOURCES);
  if (option === '--clean') {
    for (const file of ['LICENSE', ...names.map((name) => `${name}.min.js`)]) await rm(join(web, file), { force: true });
  } else {
    for (const name of names) await writeFile(join(folder, `${name}.min.js`), await minify(name));
    await copyFile(join(web, '../LICENSE'), join(folder, 'LICENSE'));
  }
}
