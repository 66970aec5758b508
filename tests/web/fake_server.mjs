// FakeChat behind HTTP as the shipped site has it: the page at /, the application at /api/, and the
// same Content-Security-Policy. `node fake_server.mjs [PORT]` serves the demo for work on the page.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demo } from './fake_chat.mjs';

const WEB = fileURLToPath(new URL('../../web/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
            "form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

// framedBy: origins whose pages may frame the one page that may be framed.
async function serveFile(path, response, framedBy) {
  const name = normalize(path === '/' ? '/index.html' : path);
  const body = await readFile(join(WEB, name));
  response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream',
                            'Content-Security-Policy': path === '/embed.html' ? CSP.replace(/'none'$/, framedBy.join(' ')) : CSP, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
  response.end(body);
}

// CORS as docs/PROTOCOL.md has it, and no cookie for whom a page of another site signs in.
function grant({ headers }, origins) {
  if (!origins.includes(headers.origin)) return {};
  return {
    'Access-Control-Allow-Origin': headers.origin, 'Access-Control-Allow-Credentials': 'true', Vary: 'Origin',
    'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-CSRF-Token, X-Pollster-User, traceparent',
  };
}

async function serveApi(chat, url, request, response, origins) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { status, body, headers } = await chat.handle({
    method: request.method, path: url.pathname.slice(4), query: url.searchParams, headers: request.headers,
    body: Buffer.concat(chunks).toString(), aborted: new Promise((resolve) => response.on('close', resolve)),
  });
  if (request.headers['sec-fetch-site'] === 'cross-site') delete headers['Set-Cookie'];
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...grant(request, origins), ...headers });
  response.end(JSON.stringify(body));
}

// Returns {chat, url, hangs, lacks, close()}; hangs(path), of a file: whether it is never answered; lacks(path):
// whether it is not there. port 0 takes a free one.
// origins: those of other pages that may ask and read, and frame the one page that may be framed.
export async function startFakeServer(chat = demo(), port = 0, origins = []) {
  const fake = { chat, hangs: () => false, lacks: () => false };
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://fake');
    if (fake.hangs(url.pathname)) return;
    if (fake.lacks(url.pathname)) {
      response.writeHead(502).end();
      return;
    }
    const served = url.pathname.startsWith('/api/') ? serveApi(chat, url, request, response, origins) : serveFile(url.pathname, response, origins);
    served.catch(() => {
      if (!response.headersSent) response.writeHead(404);
      response.end();
    });
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(fake, {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startFakeServer(demo(), Number(process.argv[2] ?? 8080));
  console.log(`${url}  (ann / ann-secret, bob / bob-secret, eve / eve-secret)`);
}
