// monitoring/: the rules are the table "Watch" of docs/OPERATIONS.md and fire when they should, the dashboard asks for
// metrics that exist, and Prometheus understands all of it. Needs promtool (Debian's package prometheus).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { read, rows, same, section } from './sources.mjs';

const path = (file) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

function promtool(...words) {
  try {
    return execFileSync('promtool', words, { encoding: 'utf8', stdio: 'pipe' });
  } catch (e) {
    throw new Error(`promtool ${words.join(' ')}: ${e.stdout ?? ''}${e.stderr ?? e.message}`);
  }
}

// The names that Prometheus has after a scrape: a histogram has three. Those of the canary come from another program.
const metrics = new Set(rows(section(read('docs/METRICS.md'), 'All of them')).slice(1).flatMap(([name, type]) => {
  const plain = name.replaceAll('`', '');
  return type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => plain + end) : [plain];
}));
for (const [name] of rows(section(read('docs/METRICS.md'), 'The canary')).slice(1)) metrics.add(name.replaceAll('`', ''));
metrics.add('up'); // Prometheus' own

// Metrics of an expression or of a sentence: what is no function, keyword, label or string.
const namesIn = (text) => new Set([...text.replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"|(?:\b(?:by|on)) \([^)]*\)/g, '')
  .matchAll(/\b(?:pollster|process)_\w+|\bup\b/g)].map(([name]) => name));

const rules = read('monitoring/pollster.rules.yml').split(/^ {6}- /m).slice(1).map((text) => {
  const field = (name) => text.match(new RegExp(`\\b${name}: (.*)`))?.[1] ?? '';
  return { alert: field('alert'), expr: field('expr'), for: field('for'), summary: JSON.parse(field('summary')), action: JSON.parse(field('action')) };
});
const table = rows(section(read('docs/OPERATIONS.md'), 'Watch')).filter((cells) => cells.length === 5).slice(1)
  .map(([alert, when, time, means, act]) => ({ alert, when, for: time, means, act }));
const plain = (text) => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');

test('the page and the rules have the same alerts, about the same metrics, with the same words', () => {
  assert.ok(rules.length > 14, `only ${rules.length}`);
  same(new Set(rules.map((r) => r.alert)), new Set(table.map((r) => r.alert)), 'only in the rules; only in the page');
  for (const rule of rules) {
    const row = table.find((r) => r.alert === rule.alert);
    same(new Set([...namesIn(rule.expr)].map((name) => name.replace(/_bucket$/, ''))),
      namesIn([...row.when.matchAll(/`([^`]*)`/g)].map((m) => m[1]).join(' ')), rule.alert);
    assert.deepEqual([rule.for, rule.summary, rule.action], [row.for, plain(row.means), plain(row.act)], rule.alert);
  }
});

test('each metric of the rules exists, and Prometheus understands them', () => {
  for (const { alert, expr } of rules) {
    for (const name of namesIn(expr)) assert.ok(metrics.has(name), `${alert} asks for ${name}`);
  }
  promtool('check', 'rules', path('monitoring/pollster.rules.yml'));
});

test('each alert fires when it should, and none while all is well', () => {
  const cases = read('tests/monitoring/rules.test.yml');
  for (const { alert } of rules) assert.ok(cases.includes(alert), `nothing tests ${alert}`);
  promtool('test', 'rules', path('tests/monitoring/rules.test.yml'));
});

test('the dashboard asks for metrics that exist, in words that Prometheus understands', () => {
  const { panels, templating } = JSON.parse(readFileSync(path('monitoring/grafana.json'), 'utf8'));
  const asked = panels.flatMap((p) => p.targets.map((t) => ({ panel: p.title, expr: t.expr })));
  asked.push({ panel: 'the variable', expr: templating.list.find((v) => v.name === 'instance').query.match(/label_values\((\w+),/)[1] });
  assert.ok(asked.length > 20);
  for (const { panel, expr } of asked) {
    const names = namesIn(expr);
    assert.ok(names.size > 0, `${panel}: ${expr}`);
    for (const name of names) assert.ok(metrics.has(name), `${panel} asks for ${name}`);
  }
  const folder = mkdtempSync(`${tmpdir()}/pollster-dashboard-`);
  try {
    const as = (expr) => JSON.stringify(expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'));
    writeFileSync(`${folder}/rules.yml`, `groups: [{name: d, rules: [${asked.map(({ expr }, i) => `{record: 'd:${i}', expr: ${as(expr)}}`).join(', ')}]}]`);
    assert.match(promtool('check', 'rules', `${folder}/rules.yml`), new RegExp(`${asked.length} rules found`));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('Prometheus understands the shipped configuration, which scrapes the job that the rules name', () => {
  const shipped = read('monitoring/prometheus.yml');
  assert.match(shipped, /job_name: pollster\b/);
  const folder = mkdtempSync(`${tmpdir()}/pollster-prometheus-`);
  try {
    writeFileSync(`${folder}/prometheus.yml`, shipped.replace('/usr/share/pollster/monitoring', path('monitoring')));
    assert.match(promtool('check', 'config', `${folder}/prometheus.yml`), /1 rule files found/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
