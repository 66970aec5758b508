// What the tests of this folder read: pages and C++.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
export const read = (file) => readFileSync(new URL(file, root), 'utf8');

// The part of a page below the heading "## title".
export function section(page, title) {
  const found = page.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  assert.ok(found, `there is no section "${title}"`);
  return found;
}

// Rows of the tables of a text, each an array of its cells.
export function rows(text) {
  return text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

// C++ without its comments; literals that the formatter broke over lines are one again.
export function code(text) {
  return text
    .replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (found) => (found.startsWith('"') ? found : ''))
    .replace(/"\s*\n\s*"/g, '');
}

// [path, code] of each C++ file below these folders.
export function sources(...folders) {
  return folders.flatMap((folder) => readdirSync(new URL(folder, root), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && /\.[ch]pp$/.test(file.name))
    .map((file) => {
      const path = `${file.path ?? file.parentPath}/${file.name}`;
      return [path.slice(root.pathname.length).replaceAll('//', '/'), code(readFileSync(path, 'utf8'))];
    }));
}

// The arguments of the call whose "(" is at `open`, split at its own commas.
export function argumentsAt(text, open) {
  const found = [];
  let depth = 0;
  let from = open + 1;
  for (const { 0: token, index } of text.slice(open).matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[()[\]{},]/g)) {
    const at = open + index;
    if ('([{'.includes(token)) depth += 1;
    if (')]}'.includes(token)) depth -= 1;
    if (depth === 0 || (depth === 1 && token === ',')) {
      found.push(text.slice(from, at).trim());
      from = at + 1;
    }
    if (depth === 0) return found;
  }
  throw new Error(`a call without its end: ${text.slice(open, open + 80)}`);
}

// "as docs/OPTIONS.md says, which tests/fcgi_app/options_test compares with the program": name -> cells.
export function options() {
  const found = new Map(rows(read('docs/OPTIONS.md')).slice(1).map(([name, unit, value, description]) =>
    [name.replaceAll('`', ''), { unit, value, description }]));
  assert.ok(found.size > 40, `only ${found.size} options`);
  return found;
}

// Nothing is in one set alone.
export function same(these, those, what) {
  const only = (a, b) => [...a].filter((x) => !b.has(x));
  assert.deepEqual([only(these, those), only(those, these)], [[], []], what);
}
