// Every page: its prose keeps to 120 columns (not the generated results), and what it links to is there,
// headings included.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
const under = (folder) => readdirSync(new URL(folder, root)).filter((name) => name.endsWith('.md')).map((name) => folder + name);
const pages = [...under('./'), ...under('docs/'), ...under('bench/'), ...under('web/'), ...under('fibers/'), ...under('fcgi_app/fastcgi/')];
const read = (file) => readFileSync(new URL(file, root), 'utf8');
const withoutBlocks = (text) => text.replace(/^( *)```.*?^\1```$/gms, '');

// As GitHub makes them of headings.
function anchors(file) {
  return [...withoutBlocks(read(file)).matchAll(/^#+ (.+)$/gm)]
    .map(([, heading]) => heading.toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-'));
}

test('prose keeps to 120 columns', () => {
  assert.ok(pages.length > 12);
  for (const page of pages) {
    for (const line of withoutBlocks(read(page)).split('\n')) {
      const prose = !line.startsWith('|') && !line.startsWith('    ') && !line.startsWith('![');
      assert.ok(!prose || [...line].length <= 120, `${page}: ${line}`);
    }
  }
});

test('every link within the repository leads somewhere', () => {
  let links = 0;
  for (const page of [...pages, ...under('bench/results/')]) {
    for (const [, file, anchor] of withoutBlocks(read(page)).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)/g)) {
      const target = file === '' ? page : new URL(file, new URL(page, root)).pathname.slice(root.pathname.length);
      assert.ok(existsSync(new URL(target, root)), `${page} links to ${file}`);
      assert.ok(!anchor || anchors(target).includes(anchor), `${page} links to ${file}#${anchor}`);
      links += 1;
    }
  }
  assert.ok(links > 100);
});

test('the page of the fuzzers has each target', () => {
  const [, targets] = read('tests/fuzz/CMakeLists.txt').match(/set\(fuzz_targets ([^)]+)\)/);
  const rows = [...read('docs/FUZZING.md').matchAll(/^\| `(\w+)` \|/gm)].map((m) => m[1]);
  assert.deepEqual(rows.sort(), targets.split(' ').sort());
});

// Media types, and files that the reader is about to make.
const otherwise = new Set(['text/plain', 'text/event-stream', 'web/hello.mjs', 'web/start.mjs', 'db/migrations/NNNN_what_it_does.sql']);

test('every file that a page names is there', () => {
  const path = /`((?:text|fibers|walls|passwords|db|fcgi_app|web|tests|bench|nginx|systemd|tools|docs)\/[\w/.-]+)`/g;
  let named = 0;
  for (const page of pages) {
    for (const [, file] of read(page).matchAll(path)) {
      if (otherwise.has(file)) continue;
      const there = ['', '.hpp', '.cpp'].some((ending) => existsSync(new URL(file + ending, root)));
      assert.ok(there, `${page} names ${file}`);
      named += 1;
    }
  }
  assert.ok(named > 60, `only ${named}`);
});
