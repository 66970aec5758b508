// docs/ARCHITECTURE.md has each thread, docs/DATABASE.md each view of the contract, and pages name options that exist.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { options, read, rows, same, section, sources } from './sources.mjs';

const root = new URL('../../', import.meta.url);
const code = sources('fcgi_app/', 'db/', 'walls/', 'fibers/', 'passwords/');
const threads = rows(section(read('docs/ARCHITECTURE.md'), 'Threads')).slice(1);

test('each thread begins where the page says, and none elsewhere', () => {
  const begin = new Set(threads.flatMap((cells) => [...cells[3].matchAll(/\(\.\.\/([^)]+)\)/g)].map((m) => m[1])));
  // Whoever has a std::thread owns it: as a member.
  const own = new Set(code.filter(([, text]) => /std::j?thread(?:>)? \w+_;/.test(text)).map(([path]) => path));
  assert.ok(own.size > 2);
  same(own, begin, 'only in the code; only in the page');
  const unowned = code.filter(([, text]) => /std::async\b|std::j?thread\b[^;]*\.detach\(\)/.test(text));
  assert.deepEqual(unowned.map(([path]) => path), []);
});

test('each purpose of the database has its workers in the page, the replica included', () => {
  const purposes = new Set(code.filter(([path]) => path.startsWith('db/'))
    .flatMap(([, text]) => [...text.matchAll(/\b(?:for_\w+|little)\(\s*s,\s*(?:(?:s\.)?database,\s*)?purpose::([a-z_]+)/g)].map((m) => m[1].replaceAll('_', '-'))));
  assert.ok(purposes.size > 4, [...purposes].join());
  const [workers] = threads.find(([name]) => name.startsWith('database workers'));
  same(purposes, new Set([...workers.matchAll(/\*([a-z-]+)\*/g)].map((m) => m[1])), 'only in the code; only in the page');
  const replica = code.some(([path, text]) => path.startsWith('db/') && /make_unique<pool>\(\s*for_reads\(s, s\.database_read\)/.test(text));
  assert.equal(workers.includes('*reads* of the replica'), replica);
});

// open_walls is none of the contract's: it may be left as it is. Others are for servers, and named in DATABASE.md, "The
// role that serves" (rights_pgtest).
const views = new Set(readdirSync(new URL('db/migrations/', root)).sort()
  .flatMap((file) => [...read(`db/migrations/${file}`).matchAll(/^create (?:or replace )?view pollster\.(?!served_)(\w+)/gm)].map((m) => m[1]))
  .filter((name) => name !== 'open_walls'));
const words = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven'];

test('the contract has the views that the page says, and as many as any page says', () => {
  const [, contract] = rows(read('docs/DATABASE.md')).find(([name]) => name === '`pollster`');
  const named = contract.match(/the contract \(the (\w+) views ([^)]*)\)/);
  same(new Set([...named[2].matchAll(/`(\w+)`/g)].map((m) => m[1])), views, 'only in the page; only in the migrations');
  for (const page of ['README.md', 'CHANGELOG.md', ...readdirSync(new URL('docs/', root)).filter((f) => f.endsWith('.md')).map((f) => `docs/${f}`)]) {
    for (const [sentence, count] of read(page).matchAll(/\b(two|three|four|five|six|seven)(?: \w+)? views\b/g)) {
      assert.equal(count, words[views.size], `${page}: ${sentence}`);
    }
  }
});

const fieldsOfAnswers = new Set(['retry_ms', 'spread_ms']);

// `max_bytes` was one once, in a label, and never an option.
test('each option that a page names exists', () => {
  const known = options();
  const option = /`(?!pollster_|process_)(max_[a-z_]+|database_(?!name)[a-z_]+|(?:user|address)_[a-z]+_per_[a-z]+|[a-z]+_(?:[a-z]+_)?(?:[a-z]+_)?(?:seconds|ms|days|origins)|(?:wall|answer|history|recent)_bytes|page_entries|notify|secure_cookies)(?: = [^`]*)?`/g;
  let seen = 0;
  for (const page of ['README.md', ...readdirSync(new URL('docs/', root)).filter((f) => f.endsWith('.md')).map((f) => `docs/${f}`)]) {
    for (const [, name] of read(page).matchAll(option)) {
      assert.ok(known.has(name) || fieldsOfAnswers.has(name), `${page} names ${name}`);
      seen += 1;
    }
  }
  assert.ok(seen > 60);
});

test('what pauses is not said to close', () => {
  assert.match(options().get('max_queued_bytes').description, /waits/);
  assert.doesNotMatch(options().get('max_queued_bytes').description, /closed/);
});
