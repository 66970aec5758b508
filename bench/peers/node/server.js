// A long-poll server as one writes it well in Node: event-driven, node-postgres with a pool, the session looked up once
// and cached, an entry serialised once into a Buffer that all its readers share. One process, as pollster is one.
// usage: node server.js SOCKET PGHOST DATABASE
'use strict';
const http = require('http');
const fs = require('fs');
const crypto = require('crypto');
const { Pool } = require('pg');

const [socketPath, host, database] = process.argv.slice(2);
const pool = new Pool({ host, user: 'pollster_owner', database, max: 8 });
const POLL_MS = 55000;
const SESSION_MS = 5000; // a revoked session ends within that time

const sessions = new Map(); // token -> {who: Promise<{user, name, walls: Set}|null>, until}
const walls = new Map(); // id -> {newest, entries: [json of the newest ones], waiting: Set of polls}
const KEPT = 256;

function wallOf(id) {
  let wall = walls.get(id);
  if (!wall) walls.set(id, (wall = { newest: 0, entries: [], waiting: new Set() }));
  return wall;
}

function whoIs(token) {
  const now = Date.now();
  let known = sessions.get(token);
  if (!known || known.until < now) {
    const hash = crypto.createHash('sha256').update(token).digest();
    const who = pool
      .query({
        name: 'who',
        text: `select u.id, u.name, array_agg(m.wall_id::text) as walls from pollster.sessions s
               join pollster.users u on u.id = s.user_id join pollster.memberships m on m.user_id = u.id
               where s.token_hash = $1 and s.expires_at > now() group by u.id, u.name`,
        values: [hash],
      })
      .then((r) => (r.rows.length ? { user: r.rows[0].id, name: r.rows[0].name, walls: new Set(r.rows[0].walls) } : null));
    known = { who, until: now + SESSION_MS };
    who.catch(() => sessions.delete(token));
    // One that is known stays in use while it is asked for again.
    const old = sessions.get(token);
    sessions.set(token, known);
    if (old) return old.who;
  }
  return known.who;
}

function send(res, status, buffer) {
  res.writeHead(status, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'Content-Length': buffer.length,
  });
  res.end(buffer);
}

function news(id, wall, cursor) {
  const entries = wall.entries.slice(Math.max(0, wall.entries.length - (wall.newest - cursor)));
  return Buffer.from(`{"walls":{"${id}":{"posts":[${entries.join(',')}]}}}`);
}

const huzzah = Buffer.from('{"ack":"huzzah!"}');
const nothing = Buffer.from('{"walls":{}}');

function park(res, id, wall) {
  const parked = { res, until: Date.now() + POLL_MS };
  wall.waiting.add(parked);
  res.on('close', () => wall.waiting.delete(parked));
}

// One timer for all.
setInterval(() => {
  const now = Date.now();
  for (const wall of walls.values())
    for (const parked of wall.waiting)
      if (parked.until <= now) {
        wall.waiting.delete(parked);
        send(parked.res, 200, nothing);
      }
}, 500);

async function poll(res, token, body) {
  const who = await whoIs(token);
  if (!who) return send(res, 400, Buffer.from('{"errors":["Invalid user!"]}'));
  const asked = Object.entries(JSON.parse(body).last_post_id).filter(([id]) => who.walls.has(id));
  if (!asked.length) return send(res, 400, Buffer.from('{"errors":["Invalid parameters!"]}'));
  const [id, cursor] = asked[0]; // the measured clients ask for one wall
  const wall = wallOf(id);
  if (cursor < wall.newest) return send(res, 200, news(id, wall, cursor));
  park(res, id, wall);
}

const insert = `
  with wall as (update node.walls set newest = newest + 1 where id = $1 returning newest)
  insert into node.posts (wall_id, number, user_id, body, client_key)
  select $1, newest, $2, $3, $4 from wall returning number, post_id, created_at`;

async function post(res, token, id, body) {
  const who = await whoIs(token);
  if (!who || !who.walls.has(id)) return send(res, 403, Buffer.from('{"errors":["You may not see this wall."]}'));
  const given = JSON.parse(body);
  const { rows } = await pool.query({ name: 'post', text: insert, values: [id, who.user, given.body, given.client_key] });
  const { number, post_id, created_at } = rows[0];
  const json = JSON.stringify({
    id: Number(number),
    post_id: Number(post_id),
    kind: 'post',
    user_id: Number(who.user),
    user_name: who.name,
    body: given.body,
    created_at,
  });
  send(res, 201, Buffer.from(`{"post":${json}}`));
  publish(id, Number(number), json);
}

// Answers of two transactions on a wall may come back in another order than they were committed in.
const early = new Map(); // "wall number" -> json
function publish(id, number, json) {
  const wall = wallOf(id);
  early.set(`${id} ${number}`, json);
  for (let next; (next = early.get(`${id} ${wall.newest + 1}`)) !== undefined; ) {
    wall.newest += 1;
    early.delete(`${id} ${wall.newest}`);
    wall.entries.push(next);
    if (wall.entries.length > KEPT) wall.entries.shift();
    const waiting = wall.waiting;
    wall.waiting = new Set();
    const buffer = news(id, wall, wall.newest - 1);
    for (const p of waiting) send(p.res, 200, buffer);
  }
}

const server = http.createServer((req, res) => {
  if (req.method === 'GET') return send(res, 200, huzzah);
  const chunks = [];
  req.on('data', (c) => chunks.push(c));
  req.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const token = (req.headers.authorization || '').slice(7);
    const target = /\/walls\/(\d+)\/posts$/.exec(req.url);
    const done = target ? post(res, token, target[1], body) : poll(res, token, body);
    done.catch((e) => {
      console.error(e);
      if (!res.headersSent) send(res, 500, Buffer.from('{"errors":["Something went wrong."]}'));
    });
  });
});
server.keepAliveTimeout = 120000;
server.requestTimeout = 0;
server.headersTimeout = 0;

(async () => {
  await pool.query(`
    create schema if not exists node;
    create table if not exists node.walls (id bigint primary key, newest bigint not null default 0);
    insert into node.walls select id from pollster.walls on conflict do nothing;
    create table if not exists node.posts (post_id bigserial primary key, wall_id bigint not null, number bigint not null, user_id bigint,
      body text not null, client_key text unique, created_at timestamptz not null default now(), unique (wall_id, number))`);
  server.listen({ path: socketPath, backlog: 65535 }, () => fs.chmodSync(socketPath, 0o666));
})();
