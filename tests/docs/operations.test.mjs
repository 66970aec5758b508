// docs/OPERATIONS.md quotes the shipped configuration: what it says must be so. The log and the metrics have tests of
// their own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { options, read, section as sectionOf } from './sources.mjs';

const page = read('docs/OPERATIONS.md');
const section = (title) => sectionOf(page, title);

// As docs/OPTIONS.md says, which tests/fcgi_app/options_test compares with the program.
function defaultOf(option) {
  assert.ok(options().has(option), `there is no option ${option}`);
  return Number(options().get(option).value);
}

test('the page speaks of each option that decides how much it takes', () => {
  for (const name of ['poll_seconds', 'max_connections', 'max_parked', 'stop_timeout_seconds', 'statement_timeout_ms',
    'database_connections', 'receive_timeout_seconds', 'send_timeout_seconds', 'max_body_bytes']) {
    assert.ok(page.includes(name), `the page no longer speaks of ${name}`);
    assert.ok(defaultOf(name) > 0, `there is no option ${name}`);
  }
});

const numberOf = (text, pattern) => {
  const found = text.match(pattern);
  assert.ok(found, `${pattern} is nowhere`);
  return Number(found[1].replace(/[',]/g, ''));
};

test('the times fit together, and the page says them as they are', () => {
  const application = read('nginx/snippets/application.conf');
  const unit = read('systemd/pollster.service');
  const times = section('Times that must fit together');

  const poll = defaultOf('poll_seconds');
  const readTimeout = numberOf(application, /fastcgi_read_timeout (\d+)s/);
  assert.ok(readTimeout > poll);
  assert.ok(times.includes(`${readTimeout} s > ${poll} s`));

  const stop = defaultOf('stop_timeout_seconds');
  const unitStop = numberOf(unit, /TimeoutStopSec=(\d+)/);
  assert.ok(unitStop > stop);
  assert.ok(times.includes(`${unitStop} s > ${stop} s`));

  const keepalive = numberOf(read('nginx/snippets/server.conf'), /keepalive_timeout (\d+)s/);
  assert.ok(times.includes(`| ${keepalive} s |`));
  assert.ok(times.includes(`| ${numberOf(unit, /WatchdogSec=(\d+)/)} s |`));
  assert.equal(defaultOf('statement_timeout_ms'), 5000);
});

test('the shipped nginx is right up to 15,000 clients on two workers', () => {
  const nginx = read('nginx/nginx.conf');
  const sizes = section('Sizes');
  const row = (name) => {
    const line = sizes.split('\n').find((l) => l.startsWith(`| \`${name}\``));
    assert.ok(line, `no row ${name}`);
    return line.split('|').slice(3, 6).map((cell) => Number(cell.replace(/[*, ]/g, '')));
  };
  const clients = [1000, 15000, 100000];
  const workers = row('worker_processes');
  const connections = row('worker_connections');
  const files = row('worker_rlimit_nofile');
  const kept = row('keepalive');
  clients.forEach((c, i) => {
    assert.equal(connections[i], ((2 * c) / workers[i]) * 1.25);
    assert.equal(files[i], connections[i] + 100);
    assert.equal(kept[i], (c / workers[i]) * 1.25);
  });
  assert.ok(numberOf(nginx, /worker_connections (\d+)/) >= connections[2]);
  assert.ok(numberOf(nginx, /worker_rlimit_nofile (\d+)/) >= files[2]);
  assert.ok(numberOf(read('nginx/snippets/upstream.conf'), /keepalive (\d+);/) >= kept[1]);
  // nginx.conf repeats the table's rows beside the values they are about.
  for (const numbers of [workers, connections, files]) {
    const written = numbers.map((n) => n.toLocaleString('en-US')).join('\\s+');
    assert.match(nginx, new RegExp(written));
  }
});

test('what the page cites is there', () => {
  for (const [, file] of page.matchAll(/\]\((?:\.\.\/)?([a-zA-Z_/0-9-]+\.(?:md|conf))\)/g)) {
    const path = page.includes(`](../${file})`) ? file : `docs/${file}`;
    assert.ok(read(path).length > 0, path);
  }
});
