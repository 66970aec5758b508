// docs/DATABASE.md, "What each statement costs", has each statement of the server. tests/db/plans_pgtest compares the
// page with what it measures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code, read, rows, same, section } from './sources.mjs';

// Those that are measured as part of another, under its name, and those that are not.
const within = new Map([
  ['password_of', 'sign_in'],
  ['add_session', 'sign_in'],
  ['recorded_version', 'look'],
]);
const notMeasured = new Map([
  ['has_replayed', 'it reads no table'],
  ['find_named', 'as find_identities, without the index of sessions'],
  ['find_guest', 'as find_named'],
  ['walls_read', 'as walls_of, without what is unread'],
]);

test('each statement of a server is measured', () => {
  const declared = [...code(read('db/queries.hpp')).matchAll(/\b(\w+)\(connection& conn\b/g)].map((m) => m[1]);
  assert.ok(declared.length > 12, `only ${declared}`);
  const names = rows(section(read('docs/DATABASE.md'), 'What each statement costs')).slice(1)
    .map(([link]) => link.match(/^\[([^\]]+)\]/)[1]);
  const measured = new Set(names.flatMap((name) => [name.match(/^\w+/)[0], ...[...name.matchAll(/\bwith (\w+)/g)].map((m) => m[1])]));
  for (const [name, reason] of [...within, ...notMeasured]) {
    assert.ok(declared.includes(name) && !measured.has(name), `${name} (${reason}) is no exception any more`);
  }
  const expected = declared.filter((name) => !notMeasured.has(name)).map((name) => within.get(name) ?? name);
  same(new Set([...expected, 'look']), measured, 'not in the page; only in the page');
});
