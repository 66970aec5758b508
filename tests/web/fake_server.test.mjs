// The library against the protocol as a server speaks it, over real HTTP: two people chat.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pollster } from '../../web/pollster.js';
import { startFakeServer } from './fake_server.mjs';

// A client that resolves `when(condition)` on the first event after which the condition holds.
async function person(server, name) {
  const waiting = new Set();
  const look = () => { for (const check of waiting) check(); };
  let keys = 0;
  const chat = new Pollster({ base: `${server.url}api/`, auth: 'bearer', newKey: () => `${name}-${++keys}` },
                            { onState: look, onWalls: look, onPosts: look, onChanged: look, onOutbox: look });
  const when = (condition) => new Promise((resolve) => {
    const check = () => {
      if (!condition()) return;
      waiting.delete(check);
      resolve();
    };
    waiting.add(check);
    check();
  });
  await chat.signIn(name, `${name}-secret`);
  await when(() => chat.state === 'online');
  return { chat, when, last: (wall) => chat.walls.get(wall).posts.at(-1)?.body };
}

test('two people see each other, and only their own walls', async () => {
  const server = await startFakeServer();
  const ann = await person(server, 'ann');
  const bob = await person(server, 'bob');
  try {
    assert.deepEqual([...ann.chat.walls.keys()], [1, 2]);
    await Promise.all([ann.chat.open(1), bob.chat.open(1)]);
    ann.chat.post(1, 'hi <b>bob</b>');
    await bob.when(() => bob.last(1) === 'hi <b>bob</b>');
    bob.chat.post(1, 'hi ann');
    await ann.when(() => ann.last(1) === 'hi ann' && ann.chat.outbox(1).length === 0);

    while (!ann.chat.walls.get(1).complete) await ann.chat.loadOlder(1);
    assert.deepEqual(ann.chat.walls.get(1).posts.map(({ id }) => id), Array.from({ length: 122 }, (_, n) => n + 1));

    server.chat.revoke(1, 'bob');
    bob.chat.refreshWalls();
    await bob.when(() => !bob.chat.walls.has(1));

    await ann.chat.signOut();
    assert.equal(ann.chat.state, 'signed_out');
  } finally {
    ann.chat.stop();
    bob.chat.stop();
    await server.close();
  }
});

test('one person edits and deletes, another sees both in place, and search follows', async () => {
  const server = await startFakeServer();
  const ann = await person(server, 'ann');
  const bob = await person(server, 'bob');
  const found = async ({ chat }, words) => (await chat.search(2, words)).posts.map(({ body }) => body);
  try {
    await Promise.all([ann.chat.open(2), bob.chat.open(2)]);
    ann.chat.post(2, 'Frist words');
    await bob.when(() => bob.last(2) === 'Frist words');
    await ann.when(() => ann.chat.outbox(2).length === 0);
    const { post_id: post } = ann.chat.walls.get(2).posts.at(-1);

    await ann.chat.edit(2, post, 'First words');
    await bob.when(() => bob.last(2) === 'First words');
    assert.equal(bob.chat.walls.get(2).posts.length, 2);
    assert.ok(bob.chat.walls.get(2).posts.at(-1).edited_at);
    assert.deepEqual([await found(bob, 'words FIRST'), await found(bob, 'frist')], [['First words'], []]);
    await ann.chat.edit(2, post, 'First words');  // nothing new: no entry
    await assert.rejects(bob.chat.edit(2, post, 'mine'), { kind: 'forbidden', message: 'This post is not yours.' });

    await ann.chat.remove(2, post);
    await bob.when(() => bob.last(2) === null);
    await ann.chat.remove(2, post);
    await assert.rejects(ann.chat.edit(2, post, 'back'), { kind: 'refused', status: 404 });
    assert.deepEqual(await found(bob, 'first'), []);
    assert.equal((await bob.chat.search(2, '')).newest, 4);
    assert.equal(ann.last(2), null);
  } finally {
    ann.chat.stop();
    bob.chat.stop();
    await server.close();
  }
});
