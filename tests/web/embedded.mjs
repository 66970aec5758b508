// A chat for pages of other origins that show its walls 1 and 2, of which ann and bob are members: faked in memory, or
// the real server, over its API. Both: {url, knows(origin), password(name), session(name), drop(token),
// add(wall, name, body), posted(wall, body), close()}.

import { FakeChat } from './fake_chat.mjs';
import { startFakeServer } from './fake_server.mjs';

export async function fakeEmbedded() {
  const chat = new FakeChat();
  const password = (name) => `${name}-secret`;
  for (const name of ['ann', 'bob']) chat.addUser(name, password(name));
  for (const [id, wall] of [[1, 'Questions'], [2, 'Answers']]) chat.addWall(id, wall, ['ann', 'bob']);
  const origins = [];
  const { url, close } = await startFakeServer(chat, 0, origins);
  return { ...overApi(url, password), knows: (origin) => { origins.push(origin); }, close };
}

// Of the demo; it must know the origins.
export function realEmbedded(base) {
  return { ...overApi(base.replace(/\/*$/, '/'), (name) => `${name}-demo-pass`), knows: () => {}, close: () => {} };
}

function overApi(url, password) {
  const sessions = new Map();
  const call = async (method, path, token, body) => {
    const response = await fetch(`${url}api/${path}`, {
      method, headers: { ...token && { Authorization: `Bearer ${token}` }, ...body && { 'Content-Type': 'application/json' } },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const session = async (name) => (await call('POST', 'session', null, { name, password: password(name) })).session_id;
  const of = async (name) => {
    if (!sessions.has(name)) sessions.set(name, await session(name));
    return sessions.get(name);
  };
  return {
    url, password, session,
    drop: (token) => call('DELETE', 'session', token),
    add: async (wall, name, body) => (await call('POST', `walls/${wall}/posts`, await of(name), { body })).post,
    posted: async (wall, body) => (await call('GET', `walls/${wall}/posts`, await of('bob'))).posts.find((post) => post.body === body),
  };
}
