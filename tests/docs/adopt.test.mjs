// Each word of `pollster adopt --check` is explained in docs/ADOPT.md, and each explained word is one that it says; the
// functions that the page names are there.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { read, rows, same, section } from './sources.mjs';

const root = new URL('../../', import.meta.url);
const sql = readdirSync(new URL('db/migrations/', root)).map((name) => read(`db/migrations/${name}`)).join('\n');
const page = read('docs/ADOPT.md');

test('every word is explained, and every explained word is said', () => {
  const said = new Set([...sql.matchAll(/\bword := '([a-z-]+)';/g)].map((m) => m[1]));
  const explained = new Set(rows(section(page, 'What the check says')).map(([word]) => word.replaceAll('`', '')).slice(1));
  assert.ok(said.size > 10, `only ${said.size} words`);
  same(new Set([...said, 'check']), explained, 'words');
});

test('the functions that the page names are there', () => {
  const named = new Set([...page.matchAll(/pollster\.([a-z_]+)\(/g)].map((m) => m[1]));
  assert.ok(named.size > 6, `only ${named.size}`);
  for (const name of named) {
    assert.match(sql, new RegExp(`create (or replace )?function pollster\\.${name}\\(`), name);
  }
});
