// What docs/SCALE.md calculates is what its own constants give.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, rows, section, sources } from './sources.mjs';

const page = read('docs/SCALE.md');
const table = rows(section(page, 'The model')).map((cells) => cells.map((cell) => cell.replaceAll('*', '')));
const row = (begin) => {
  const found = table.find(([name]) => name.startsWith(begin));
  assert.ok(found, `no row ${begin}`);
  return found.slice(1);
};
// "0.56 ms" in seconds.
const seconds = (text) => {
  const [, number, unit] = text.match(/([\d.]+) (ms|µs)/);
  return Number(number) * { ms: 1e-3, µs: 1e-6 }[unit];
};
const numbers = (text) => [...text.matchAll(/\d[\d,.]*/g)].map((m) => Number(m[0].replaceAll(',', '')));

const look = seconds(row('looks')[1]);
const changed = seconds(row('changed walls')[1]);
const listener = seconds(row('… and for each connection')[1]);
const posts = row('posts/s').map((cell) => numbers(cell)[0]);
const processes = [10, 100, 1000];

// As many digits as the page has.
const says = (cell, index, exact, what) => {
  const shown = cell.match(/\d[\d,.]*/g)[index].replaceAll(',', '');
  const unit = 10 ** -(shown.split('.')[1]?.length ?? 0);
  assert.ok(Math.abs(Number(shown) - exact) <= unit / 2 + 1e-9, `${what}: the page says ${shown}, it is ${exact}`);
};

test('looks with notifications', () => {
  row('PostgreSQL, notifications on').forEach((cell, i) => {
    says(cell, 0, 50 * processes[i], 'looks');
    says(cell, 1, 50 * processes[i] * look + posts[i] * processes[i] * changed, 'cores');
  });
  row('… waking listeners').forEach((cell, i) => {
    const cores = posts[i] * processes[i] * listener;
    assert.ok(Math.abs(numbers(cell)[0] / cores - 1) < 0.06, `${cell}: it is ${cores}`);
  });
});

test('looks without notifications', () => {
  // Twice a period: refresher_test has the same.
  const perProcess = 2;
  assert.match(row('looks')[0], new RegExp(`^${perProcess} N with \`notify = off\``));
  row('PostgreSQL, notifications removed').forEach((cell, i) => {
    says(cell, 0, perProcess * processes[i], 'looks');
    says(cell, 1, perProcess * processes[i] * look + posts[i] * processes[i] * changed, 'cores');
  });
});

test('posts and deliveries of the examples', () => {
  const clients = [200_000, 2_000_000, 20_000_000];
  clients.forEach((c, i) => says(row('posts/s')[i], 0, Math.floor(c / 600), 'posts'));
  row('deliveries/s').forEach((cell, i) => {
    const deliveries = (clients[i] / 600) * 20;
    says(cell, 0, Math.round(deliveries), 'deliveries');
    says(cell, 1, (deliveries / processes[i]) * seconds(row('deliveries, on')[1]) * 100, 'percent');
  });
});

test('connections', () => {
  const each = (own, notified) => 2 * own + 6 + (notified ? 1 : 0);
  assert.match(row('connections')[0], /2 × `database_connections` \+ 6, \+ 1 with notifications/);
  const shown = row('connections with').map((cell) => numbers(cell)[0]);
  assert.deepEqual(shown, processes.map((n, i) => n * each(2, i === 0)));
});

// The 6 and the 1 are those of the help.
test('seven connections beside those for posts and reads', () => {
  const [, table_] = sources('fcgi_app/config/').find(([path]) => path.endsWith('/options.cpp'));
  assert.match(table_, /seven more \(with 1: five\) are for looks, sessions, changes of posts, sign-ins and notifications/);
});
