// docs/SECURITY.md names a test for each threat: each must exist.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/SECURITY.md', root), 'utf8');

const sources = new Map(readdirSync(new URL('tests/', root), { recursive: true, withFileTypes: true })
  .filter((file) => file.isFile() && file.name.endsWith('.cpp'))
  .map((file) => [file.name, readFileSync(`${file.path ?? file.parentPath}/${file.name}`, 'utf8')]));

test('every threat has a measure and a test that exists', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (threat|---)/.test(line));
  assert.ok(rows.length > 15, `only ${rows.length} rows`);
  for (const row of rows) {
    const [, threat, measure, tests] = row.split('|').map((cell) => cell.trim());
    assert.ok(measure.length > 10, threat);
    const named = [...tests.matchAll(/`([a-z_0-9]+): ([a-z_0-9]+)`/g)];
    assert.ok(named.length > 0, `no test for "${threat}"`);
    for (const [, program, name] of named) {
      const source = sources.get(`${program}.cpp`);
      assert.ok(source, `there is no ${program}.cpp`);
      assert.match(source, new RegExp(`_TEST_CASE\\(\\s*${name}\\b`), `${program}.cpp has no test ${name}`);
    }
  }
});

test('every file that the page links to exists', () => {
  for (const [, file] of page.matchAll(/\]\((?!https)([^)]+)\)/g)) {
    assert.ok(existsSync(new URL(file, new URL('docs/', root))), file);
  }
});
