// What pollster.d.ts promises to a user in TypeScript: this compiles under `tsc --strict`, but for the lines of which
// an error is expected. Never run; package.test.mjs compiles it against the installed package.

import { ApiError, Pollster } from 'pollster-client';
import type { Entry, Id, Sent, Snapshot, Wall } from 'pollster-client';
import { Pollster as Small } from 'pollster-client/min';

const chat = new Pollster({
  base: 'https://chat.example/', fetch, random: Math.random, storage: localStorage, newKey: () => 'k', auth: 'bearer',
  timers: { setTimeout: (run, delay) => setTimeout(run, delay), clearTimeout: (timer) => clearTimeout(timer), now: () => Date.now() },
  credentials: 'include', transport: 'poll', token: async (refused: string | null) => refused,
}, {
  onState: ({ state, retryAt, reason }) => [state === 'online', retryAt, reason],
  onPosts: (wall: Wall, posts: readonly Entry[]) => posts.map(({ body }) => body?.length ?? wall.unread),
  onChanged: async (wall, changes) => changes.length + wall.newest,
  onGap: (_, { expected, got }) => expected - got,
  onError: (error) => console.error(error),
});
new Small({ token: 'fixed', storage: null, locks: null, channel: null });
new Small({ locks: navigator.locks, channel: (name) => new BroadcastChannel(name) });
new Pollster();

export async function all(): Promise<void> {
  const user = await chat.resume() ?? await chat.signIn('ann', 'secret');
  const id: Id = user.id;
  const wall: Wall = await chat.open(1);
  const older: Wall = await chat.loadOlder(1, 100);
  const { posts, more, before } = await chat.search(1, 'words', 7, 10);
  const sent: Sent = chat.post(1, 'hi', { key: 'order-17' });
  const entry: Entry | null = await sent;
  const key: string = sent.key;
  await chat.posted(key).catch((error: unknown) => error instanceof ApiError && error.passing && error.retryAfter);
  chat.retryPost(key).then((again) => again?.id);
  chat.discardPost(key);
  await chat.edit(1, 2, 'better', new AbortController().signal);
  await chat.remove(1, 2);
  const end: () => void = chat.subscribe((now: Snapshot) => now.walls.get(1)?.posts.at(-1)?.created_at);
  const bodies: (string | null)[] = chat.getSnapshot().walls.get(1)!.posts.map((post) => post.body);
  chat.watched = false;
  chat.rest();
  chat.retryNow();
  const shared: boolean = chat.transport === 'shared';
  chat.markRead(1);
  chat.refreshWalls();
  console.log(shared);
  console.log(id, wall.posts, older.complete, posts, more, before, entry, bodies, chat.outbox(1)[0].state, chat.transport, chat.user?.name);
  end();
  chat.stop();
  await chat.signOut();
}

export function wrong(): void {
  // @ts-expect-error no such option
  new Pollster({ url: '/api/' });
  // @ts-expect-error no such transport
  new Pollster({ transport: 'websocket' });
  // @ts-expect-error no such handler
  new Pollster({}, { onMessage: () => {} });
  // @ts-expect-error the id of a wall is a number, or a text
  chat.open(null);
  // @ts-expect-error nothing that is handed out may be changed
  chat.walls.set(1, chat.walls.get(1)!);
  // @ts-expect-error nor a wall
  chat.walls.get(1)!.unread = 0;
  // @ts-expect-error nor its posts
  chat.walls.get(1)!.posts.push();
  // @ts-expect-error nor a post
  chat.walls.get(1)!.posts[0].body = '';
  // @ts-expect-error a deleted post has no body
  chat.walls.get(1)!.posts[0].body.length;
  // @ts-expect-error a snapshot has no unread of its own
  chat.getSnapshot().unread;
  // @ts-expect-error watched is told, not asked
  chat.watched = 'yes';
}

export async function element(): Promise<void> {
  await import('pollster-client/wall');
  const wall = document.createElement('pollster-wall');
  wall.wall = 3;
  wall.token = async () => 'given';
  wall.addEventListener('pollster-state', ({ detail }) => console.log(detail.state));
  await wall.chat?.open(3);
}
