// docs/METRICS.md and the code name the same metrics, with the same type, help and labels; each is set or raised
// somewhere; and each label of a limit is an option.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { argumentsAt, options, read, rows, same, section, sources } from './sources.mjs';

const files = sources('fcgi_app/', 'db/');
const definitions = files.find(([path]) => path === 'fcgi_app/routes/metrics.cpp')[1];

// Names and help texts that several counters share are constants of the file.
const constants = new Map([...definitions.matchAll(/const std::string (\w+) = "([^"]*)"/g)].map((m) => [m[1], m[2]]));
const value = (argument) => (argument.startsWith('"') ? argument.slice(1, -1) : constants.get(argument));

// [{ member, type, name, help, label, labelValue }] of all that the class holds.
const held = [...definitions.matchAll(/(\w+)\(\s*(counter|gauge)(?=\()/g)]
  .filter((m) => m[1] !== 'metrics')
  .map((m) => {
    const [name, help, labels] = argumentsAt(definitions, m.index + m[0].length);
    const [, label, labelValue] = labels?.match(/"(\w+)", "?(\w+)"?/) ?? [];
    return { member: m[1], type: m[2], name: value(name), help: value(help), label, labelValue };
  });
// The histograms, in a file of their own: families, some with a label whose values are names of db/.
const histograms = files.find(([path]) => path === 'fcgi_app/routes/histograms.cpp')[1];
const names = files.find(([path]) => path === 'db/call_times.hpp')[1];
for (const [, variable, name, help] of histograms.matchAll(/(?:auto& (\w+) =\s*)?\bfamily\(\s*into,\s*"(\w+)",\s*"([^"]*)"\)/g)) {
  const found = { member: variable, type: 'histogram', name, help };
  const [, list, label] = histograms.match(`: db::(\\w+)\\) \\{\\s*\\w+\\.push_back\\(\\w+\\(${variable}, \\{\\{"(\\w+)"`) ?? [];
  const values = list && names.match(`${list}\\s*\\{([^}]*)\\}`)[1].match(/[\w-]+/g);
  held.push(...(values?.map((labelValue) => ({ ...found, label, labelValue })) ?? [found]));
}
assert.ok(new Set(held.filter((m) => m.type === 'histogram').map((m) => m.name)).size >= 4);
// The rate limits make theirs by the option's name.
const rateLimits = files.find(([path]) => path === 'fcgi_app/routes/rate_limits.cpp')[1];
const rateLabels = [...rateLimits.matchAll(/\((?:metrics_|m), "(\w+)"/g)].map((m) => m[1]);

const page = read('docs/METRICS.md');
const table = rows(section(page, 'All of them')).slice(1)
  .map(([name, type, help, labels]) => ({ name: name.replaceAll('`', ''), type, help, labels }));

test('the page has each metric of the code, with its type and help, and no other', () => {
  assert.ok(held.length > 40, `only ${held.length} found`);
  for (const m of held) {
    assert.ok(m.name && m.help, `${m.member}: name or help was not understood`);
  }
  const told = (list) => new Set(list.map(({ name, type, help }) => `${name}, ${type}: ${help}`));
  same(told(held), told(table), 'only in the code; only in the page');
  assert.equal(new Set(table.map((row) => row.name)).size, table.length);
});

test('what only rises is a counter in _total, and no gauge is', () => {
  for (const { name, type } of held) {
    assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
  }
});

test('each metric is set or raised somewhere', () => {
  const others = files.filter(([path]) => !path.startsWith('fcgi_app/routes/metrics.h')).map(([, text]) => text).join('\n');
  for (const { member, name, type } of held.filter((m) => m.type !== 'histogram')) {
    const direct = new RegExp(`\\b${member}\\s*\\.(?:${type === 'gauge' ? 'Set|Increment' : 'Increment'})\\(`);
    const handed = new RegExp(`\\b${type === 'gauge' ? 'set' : 'raise'}\\(\\s*m\\.${member},`);
    assert.ok(direct.test(others) || handed.test(others), `${name} is never ${type === 'gauge' ? 'set' : 'raised'}`);
  }
});

test('the page has each label and its values', () => {
  for (const { name, labels } of table) {
    const here = held.filter((m) => m.name === name && m.label);
    if (here.length === 0) {
      assert.equal(labels, '', name);
      continue;
    }
    const label = here[0].label;
    if (label === 'version') {
      assert.equal(labels, '`version`');
      continue;
    }
    if (label === 'limit') {
      assert.match(labels, /^`limit`: an option/);
      continue; // below
    }
    assert.ok(labels.startsWith(`\`${label}\`: `), `${name} has the label ${label}`);
    same(new Set(here.map((m) => m.labelValue)), new Set(labels.slice(label.length + 4).split(', ')), name);
  }
});

// Options that say when the server refuses, ends or delays something: whether one was reached can be seen.
const limit = /^max_|_per_(?:user|second|minute)$|waiting_|_timeout_seconds$|longest_delay/;
const notCounted = new Map([
  ['returns_per_second', 'a pace that clients are told: nobody is refused'],
  ['stop_timeout_seconds', 'the process ends with it, and the log says so'],
]);

test('each label of a limit is an option, and each option that is a limit is a label', () => {
  const counted = new Set([...held.filter((m) => m.label === 'limit').map((m) => m.labelValue), ...rateLabels]);
  const known = options();
  for (const label of counted) {
    assert.ok(known.has(label), `${label} is no option`);
    assert.match(label, limit);
  }
  same(counted, new Set([...known.keys()].filter((name) => limit.test(name) && !notCounted.has(name))), 'limits');
});

// Whatever else speaks of a metric: other pages, scripts of the benchmarks, tests.
test('every metric that is spoken of exists', () => {
  const all = new Set(held.flatMap((m) => (m.type === 'histogram'
    ? ['', '_bucket', '_sum', '_count'].map((end) => m.name + end) : [m.name])));
  const root = new URL('../../', import.meta.url);
  const speaking = ['docs/', 'monitoring/', 'bench/', 'tests/e2e/', 'tests/prove/', 'tests/restore/', 'tests/instructions/', 'web/', 'README.md']
    .flatMap((place) => (place.endsWith('/')
      ? readdirSync(new URL(place, root), { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile() && !/\.(png|svg|json)$/.test(file.name))
        .map((file) => `${file.path ?? file.parentPath}/${file.name}`.slice(root.pathname.length))
      : [place]));
  let seen = 0;
  for (const file of speaking) {
    if (file.startsWith('bench/results')) continue; // as it was when it was measured
    // Other things are called pollster_, too: schemas, cookies, targets of the build.
    for (const [, name] of read(file).matchAll(/\b(pollster_[a-z_]+(?:_total|_gauge|_now)|pollster_(?:sql|session|answer|schema|sign|posts|looks|parked|clients|connections|cached|recent|global|wall_loads)[a-z_]*)\b(?!\s*[=:(]|_)/g)) {
      if (['pollster_session', 'pollster_session_csrf'].includes(name)) continue; // the cookie
      assert.ok(all.has(name), `${file} speaks of ${name}`);
      seen += 1;
    }
  }
  assert.ok(seen > 30, `only ${seen}`);
});
