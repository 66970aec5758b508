// A client that ann has just signed in to, with everything around it faked. It polls, unless a test says otherwise.

import { Pollster } from '../../web/pollster.js';
import { FakeNetwork, FakeStorage, FakeTimers, settle, wall } from './fakes.mjs';

const ann = { id: 3, name: 'ann' };

export function client({ storage = new FakeStorage(), random = () => 0.5, ...options } = {}) {
  const network = new FakeNetwork();
  const timers = new FakeTimers();
  const events = [];
  let keys = 0;
  const log = (name) => (...values) => events.push([name, ...values]);
  const chat = new Pollster(
    { base: '/api/', fetch: network.fetch, timers, random, storage, newKey: () => `key-${++keys}`, transport: 'poll', ...options },
    { onState: log('state'), onWalls: log('walls'), onPosts: log('posts'), onChanged: log('changed'), onOutbox: log('outbox'), onGap: log('gap') });
  const named = (name) => events.filter(([other]) => other === name).map(([, ...values]) => values);
  return {
    chat, network, timers, storage, events,
    states: () => named('state').map(([{ state }]) => state),
    lastState: () => named('state').at(-1)[0],
    received: () => named('posts').flatMap(([, posts]) => posts.map(({ id }) => id)),
    gaps: () => named('gap').map(([, gap]) => gap),
  };
}

// walls, access: as GET /walls answers. Ends with the first poll, or stream, hanging.
export async function signedIn(walls = [wall(1, 56)], { access, ...options } = {}) {
  const all = client(options);
  const done = all.chat.signIn('ann', 'secret');
  await settle();
  await all.network.call('POST', '/session').answer(201, { session_id: 'the-session', user: ann });
  await done;
  await all.network.call('GET', '/walls').answer(200, { access, walls });
  return all;
}
