// The table of routes, docs/PROTOCOL.md and the client of the browser know the same calls.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, same, sources } from './sources.mjs';

const table = sources('fcgi_app/routes/').find(([path]) => path.endsWith('/table.cpp'))[1];
const routes = new Set([...table.matchAll(/route\{"([A-Z]+)", "([^"]+)",/g)].map((m) => `${m[1]} ${m[2]}`));

// What the page does not ask for: the operator does, or an EventSource.
const forOthers = new Set(['GET /metrics', 'GET /healthz', 'GET /readyz', 'GET /events']);

test('the protocol describes each route, and no other', () => {
  assert.ok(routes.size > 10);
  const described = new Set([...read('docs/PROTOCOL.md').matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^\s`?]*)/g)]
    .filter((m) => !m[2].includes('…')) // "POST /walls/…": all of them
    .filter((m) => m[2] !== '/api/') // where the shipped site mounts it
    .map((m) => `${m[1]} ${m[2]}`));
  same(routes, described, 'only in table.cpp; only in PROTOCOL.md');
});

test('the client of the browser calls each route, and no other', () => {
  const called = new Set([...read('web/pollster/api.js').matchAll(/this\.#call\('([A-Z]+)', ['`]([^'`?]*)/g)]
    .map((m) => `${m[1]} /${m[2].replace('${wall}', '{id}').replace('${post}', '{post_id}')}`));
  same(new Set([...routes].filter((r) => !forOthers.has(r))), called, 'only in table.cpp; only in api.js');
});
