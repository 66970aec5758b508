// What a user's handler throws is reported, and changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pollster } from '../../web/pollster.js';
import { entry, FakeNetwork, FakeStorage, FakeTimers, settle, wall } from './fakes.mjs';

const ann = { id: 3, name: 'ann' };

// A client all of whose handlers throw, each in its own way.
async function angry(more = {}) {
  const network = new FakeNetwork();
  const timers = new FakeTimers();
  const called = [];
  const throwing = (name) => () => { called.push(name); throw new Error(name); };
  const handlers = Object.fromEntries(['onState', 'onWalls', 'onPosts', 'onChanged', 'onOutbox', 'onGap'].map((name) => [name, throwing(name)]));
  const chat = new Pollster({ fetch: network.fetch, timers, random: () => 0.5, storage: new FakeStorage(), newKey: () => 'key' },
                            { ...handlers, ...more });
  const done = chat.signIn('ann', 'secret');
  await settle();
  await network.call('POST', '/session').answer(201, { session_id: 'x', user: ann });
  await done;
  await network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  return { chat, network, timers, called };
}

const ids = (chat) => chat.walls.get(1).posts.map(({ id }) => id);

test('with handlers that all throw, everything arrives, once, on one stream, and what is posted is posted', async () => {
  const reported = [];
  const { chat, network, timers, called } = await angry({ onError: (error) => reported.push(error.message) });
  const stream = await network.events.stream();
  for (const id of [57, 58]) await stream.push(`event: walls\ndata: ${JSON.stringify({ walls: { 1: { posts: [entry(id)] } } })}\n\n`);
  assert.deepEqual(ids(chat), [57, 58]);
  const sent = chat.post(1, 'hi');
  await network.call('POST', '/walls/1/posts').answer(201, { post: entry(59, { user_id: 3, body: 'hi' }) });
  assert.equal((await sent).id, 59);
  assert.deepEqual(chat.outbox(1), []);
  const opened = chat.open(1);
  await network.history.answer(200, { posts: [entry(56)], more: true, before: 56, newest: 58 });
  assert.deepEqual((await opened).posts.map(({ id }) => id), [56, 57, 58, 59]);
  await stream.push('event: walls\ndata: {"walls":{"1":{"posts":[{"id":70,"kind":"post"}]}}}\n\n');
  await timers.pass(0);
  assert.equal(network.calls.filter(({ path }) => path === '/events').length, 0);
  network.history;  // the gap is read again
  assert.equal(chat.state, 'online');
  assert.deepEqual(reported, called);
  assert.deepEqual(new Set(called), new Set(['onState', 'onWalls', 'onPosts', 'onChanged', 'onOutbox', 'onGap']));
});

test('a handler that returns a promise is one, too, as is a listener', async () => {
  const reported = [];
  const quiet = Object.fromEntries(['onState', 'onWalls', 'onChanged', 'onOutbox', 'onGap'].map((name) => [name, () => {}]));
  const { chat, network } = await angry({ ...quiet, onPosts: async () => { throw new Error('late'); }, onError: (error) => reported.push(error.message) });
  chat.subscribe(() => { throw new Error('listener'); });
  const seen = [];
  chat.subscribe((now) => seen.push(now));
  const stream = await network.events.stream();
  await stream.push(`event: walls\ndata: ${JSON.stringify({ walls: { 1: { posts: [entry(57, { user_id: 3 })] } } })}\n\n`);
  assert.deepEqual(reported, ['listener', 'listener', 'late']);  // of online, and of the post
  assert.deepEqual(seen.at(-1).walls.get(1).posts.map(({ id }) => id), [57]);
});

test('without onError it goes where errors that nobody caught go, and one that throws is not asked again', async () => {
  const seen = [];
  const { reportError } = globalThis;
  globalThis.reportError = (error) => seen.push(error.message);
  try {
    const { network } = await angry();
    await network.events.stream();
    assert.ok(seen.includes('onWalls'));
    let told = 0;
    const other = await angry({ onError: () => { told += 1; throw new Error('again'); } });
    assert.ok(told > 0);
    assert.equal(other.chat.state, 'connecting');
  } finally {
    globalThis.reportError = reportError;
  }
});
