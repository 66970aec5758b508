// What `npm pack` in web/ adds to the modules that are there: each entry as one small file, for pages without a
// bundler, and the licence. `--clean` takes them away again; `--into FOLDER` puts them elsewhere. Whoever serves web/
// as it is needs none of this.
//
// esbuild joins the modules and gives short names to what is private; terser finds what is left. Names of properties
// that no user of the library sees are shortened, too: those of INTERNAL, none of which may be in pollster.d.ts, in
// what a server or a storage holds, or on an object of the browser. tests/web/package.test.mjs runs the library's tests
// on the result.

import { copyFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modules } from './modules.mjs';

const web = fileURLToPath(new URL('../../web/', import.meta.url));
const ENTRIES = ['pollster', 'pollster-wall'];

export const INTERNAL = `acknowledge added again agrees alive all api ask backoff began bound change changed check connected
  cursor discard ended feed follow forget heard hung hurry interrupt items kept late
  leave listDue listIsOld lost me mine mustRead oldest online page paging pause promise pulse
  readList readTimer refresh release renew repeats reread resets retry run sent spread stale start
  streams take tell timeline tokens view wait woke`.split(/\s+/);

export async function minify(entry) {
  const require = createRequire(join(await modules(), 'of'));
  const { outputFiles } = await require('esbuild').build({
    entryPoints: [join(web, `${entry}.js`)], bundle: true, format: 'esm', minify: true, target: 'es2022', write: false,
    mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`),
  });
  const { code } = await require('terser').minify(outputFiles[0].text, { module: true, ecma: 2020, compress: { passes: 3 } });
  return `/* Pollster, MIT licence */${code}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [option, folder = web] = process.argv.slice(2);
  if (option === '--clean') {
    for (const file of ['LICENSE', ...ENTRIES.map((entry) => `${entry}.min.js`)]) await rm(join(web, file), { force: true });
  } else {
    for (const entry of ENTRIES) await writeFile(join(folder, `${entry}.min.js`), await minify(entry));
    await copyFile(join(web, '../LICENSE'), join(folder, 'LICENSE'));
  }
}
