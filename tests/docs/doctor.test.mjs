// Each word that the doctor can say is explained in docs/DOCTOR.md, and each explained word is one that it says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, rows, section, sources } from './sources.mjs';

// The first member of a finding or of an advice.
const said = new Set(sources('fcgi_app/cli/', 'db/')
  .filter(([path]) => path.startsWith('fcgi_app/cli/doctor') || path === 'db/admin_advise.cpp')
  .flatMap(([, text]) => [...text.matchAll(/(?:(?<!table\.)push_back\(|finding|return \{)\s*\{+\s*"([a-z0-9-]+)",/g)].map((m) => m[1])));
const explained = rows(section(read('docs/DOCTOR.md'), '`pollster doctor [URL]`'))
  .filter(([words]) => words !== 'word')
  .flatMap(([words]) => words.split(',').map((word) => word.trim().replaceAll('`', '')));

test('every word of the doctor is explained', () => {
  assert.ok(said.size > 30, `only ${said.size} words`);
  assert.deepEqual([...said].filter((word) => !explained.includes(word)), []);
});

test('every explained word is one that the doctor says, and stands once', () => {
  assert.deepEqual(explained.filter((word) => !said.has(word)), []);
  assert.equal(new Set(explained).size, explained.length);
});
