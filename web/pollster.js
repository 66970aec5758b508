// Pollster's client: signs in, follows all walls of the user with one stream, or one hanging request, sends
// posts safely, edits and deletes them, pages through history, searches. An ES module without DOM,
// dependencies or build step; copy this file and the folder pollster/ beside it. The protocol is
// docs/PROTOCOL.md.
//
//   const chat = new Pollster({ base: '/api/' }, {
//     onState: ({ state, retryAt, reason }) => …,   // see below
//     onWalls: () => …,               // chat.walls changed: names, unread counts, order
//     onPosts: (wall, posts) => …,    // new live posts, in order (wall.posts already holds them)
//     onChanged: (wall, changes) => …,  // wall.posts changed otherwise: history, edit, deletion; the
//                                     //   edit and delete entries, also of posts not in wall.posts
//     onOutbox: (wallId) => …,        // chat.outbox(wallId) changed
//     onGap: (wall, gap) => …,        // entry {expected} was missing, {got} came: a server error.
//   });                               //   The wall is read again by itself; report it.
//   if (!await chat.resume()) await chat.signIn('ann', 'secret');
//   await chat.open(1);               // newest posts -> chat.walls.get(1).posts
//   chat.post(1, 'hi');
//
// States: signed_out (`reason` 'expired' if the session ended by itself) · connecting · online ·
// offline (`reason` for people; tries again at `retryAt`, in ms as timers.now() counts). chat.transport tells
// how news come: 'stream', or 'poll' where something on the way keeps a stream's events back.
//
// Promises of signIn, open, loadOlder … reject with ApiError (pollster/api.js; `kind` says what to do).
// Background work (polling, sending) never rejects: it retries and reports to onState / onOutbox.

import { Api, ApiError } from './pollster/api.js';
import { Backoff } from './pollster/backoff.js';
import { Changes } from './pollster/changes.js';
import { randomKey, realFetch, realTimers } from './pollster/defaults.js';
import { Follower } from './pollster/follower.js';
import { Outbox } from './pollster/outbox.js';
import { Pause } from './pollster/pause.js';
import { Wall } from './pollster/wall.js';

export { ApiError };

const WALLS_EVERY = 300_000;      // ms; nothing tells of a new wall, so the list is read again
const WALLS_RETRY = 30_000;       // the same while the user has no wall at all
const READ_DELAY = 1_000;         // one read mark for a burst of posts

export class Pollster {
  user = null;         // {id, name} while signed in
  walls = new Map();   // id -> {id, name, kind, unread, posts, loaded, complete}, by id
  state = 'signed_out';
  #api;
  #bearer;
  #timers;
  #random;
  #on;
  #backoff;
  #pause;
  #outbox;
  #changes;
  #loop = null;        // AbortController of the running loop
  #follower;
  #wallsAt = 0;        // when the list of walls is due again

  // All options have defaults: base; fetch; timers {setTimeout, clearTimeout, now}; random() in [0, 1);
  // storage (setItem, getItem, removeItem: unacknowledged posts survive a reload; null for none);
  // newKey() for client_key; credentials as in fetch ('include' across origins);
  // auth 'cookie' or 'bearer' (the session stays in memory and never becomes a cookie of ours);
  // transport 'auto' or 'poll': polls alone.
  constructor(options = {}, handlers = {}) {
    const { base = '/api/', fetch = realFetch, timers = realTimers, random = Math.random,
            storage = null, newKey = randomKey, credentials, auth = 'cookie', transport = 'auto' } = options;
    this.#api = new Api({ base, fetch, timers, credentials });
    this.#bearer = auth === 'bearer';
    this.#timers = timers;
    this.#random = random;
    this.#on = (name, ...values) => handlers[name]?.(...values);
    this.#backoff = new Backoff(random);
    this.#pause = new Pause(timers);
    this.#outbox = new Outbox({
      timers, random, storage, newKey,
      send: async (item, signal) => (await this.#api.post(item.wall, item.body, item.key, signal)).post,
      changed: (wallId) => this.#on('onOutbox', wallId),
      sent: (item, entry) => this.#sent(item, entry),
    });
    this.#changes = new Changes({ timers, random });
    this.#follower = new Follower({
      api: this.#api, timers, random, backoff: this.#backoff, pause: this.#pause, streams: transport === 'auto',
      online: () => this.#setState('online'),
      take: (walls) => { for (const [id, answer] of Object.entries(walls)) this.#take(Number(id), answer); },
      listIsOld: () => { this.#wallsAt = 0; },
      listDue: () => this.#wallsAt,
      mustRead: () => this.#wallsAt === 0 || [...this.walls.values()].some((wall) => wall.stale),
    });
  }

  get transport() { return this.#follower.transport; }  // 'stream' while one is open, or 'poll'

  // ---- session -------------------------------------------------------------------------------

  // Continues the session of an earlier visit (cookie). Returns the user, or null: then sign in.
  async resume() {
    try {
      this.#begin((await this.#api.session()).user);
    } catch (error) {
      if (error.kind !== 'signed_out') throw error;
    }
    return this.user;
  }

  async signIn(name, password) {
    const session = await this.#api.signIn(name, password);
    if (this.#bearer) this.#api.token = session.session_id;
    this.#begin(session.user);
    return this.user;
  }

  // Ends at once on this side; rejects if the server could not be told, because its session then lives on.
  async signOut() {
    this.#outbox.forget();
    this.#end();
    try {
      await this.#api.signOut();
    } finally {
      this.#api.token = null;
    }
  }

  // Stops polling and sending without signing out, for a page that goes away.
  stop() {
    this.#loop?.abort();
    this.#loop = null;
    this.#outbox.stop();
    this.#changes.stop();
  }

  // Tries now instead of at `retryAt`: the network came back, the user asked.
  retryNow() {
    this.#pause.end();
    this.#outbox.hurry();
    this.#changes.hurry();
  }

  // ---- walls ---------------------------------------------------------------------------------

  // Reads the newest posts of a wall, once; later calls return at once. One call at a time for each wall.
  open(wallId) {
    const wall = this.#wall(wallId);
    return wall.loaded ? Promise.resolve() : this.#page(wall);
  }

  // One page further back; `wall.complete` tells when there is none left.
  loadOlder(wallId, limit = 50) {
    const wall = this.#wall(wallId);
    return wall.complete ? Promise.resolve() : this.#page(wall, limit);
  }

  // The newest posts of a wall that contain the words, below entry `before`: {posts, more, before, newest} as
  // in docs/PROTOCOL.md; the next page is the one below the answer's `before`. They do not join wall.posts,
  // which has no holes.
  async search(wallId, words, before, limit) {
    return this.#api.history(this.#wall(wallId).id, { words, before, limit });
  }

  // Everything held of this wall has been read. The server is told a moment later.
  markRead(wallId) {
    const wall = this.walls.get(wallId);
    if (!wall || wall.read >= wall.timeline.cursor) return;
    wall.read = wall.timeline.cursor;
    if (wall.unread !== 0) {
      wall.unread = 0;
      this.#on('onWalls');
    }
    wall.readTimer ??= this.#timers.setTimeout(() => {
      wall.readTimer = null;
      if (this.walls.get(wall.id) !== wall) return;  // signed out meanwhile
      // A lost mark is repaired by the next one.
      this.#api.markRead(wall.id, wall.read).catch(() => { wall.read = 0; });
    }, READ_DELAY);
  }

  // Reads the list of walls soon: because one was granted, or the page was in the background for a long time.
  refreshWalls() {
    this.#wallsAt = 0;
    this.#follower.interrupt();
    this.#pause.end();
  }

  // ---- posting -------------------------------------------------------------------------------

  post(wallId, body) { return this.#outbox.add(wallId, this.#wall(wallId).timeline.cursor, body); }
  retryPost(key) { this.#outbox.retry(key); }
  discardPost(key) { this.#outbox.discard(key); }
  outbox(wallId) { return this.#outbox.items.filter((item) => item.wall === wallId); }

  // Changes a post of ours. Repeated until the server answers or `signal` fires; a later change of the same
  // post takes its place. Resolves when wall.posts shows it, rejects with the refusal.
  edit(wallId, postId, body, signal) {
    return this.#change(wallId, postId, (stop) => this.#api.edit(wallId, postId, body, stop), signal);
  }
  remove(wallId, postId, signal) {
    return this.#change(wallId, postId, (stop) => this.#api.remove(wallId, postId, stop), signal);
  }

  // ---- within --------------------------------------------------------------------------------

  #begin(user) {
    this.stop();
    this.user = user;
    this.#backoff.reset();
    this.#wallsAt = 0;
    this.#setState('connecting');
    this.#loop = new AbortController();
    this.#run(this.#loop.signal);
    this.#outbox.start(user.id);
  }

  #end(reason) {
    this.stop();
    this.user = null;
    this.walls = new Map();
    this.#setState('signed_out', { reason });
    this.#on('onWalls');
  }

  #setState(state, { retryAt = null, reason = null } = {}) {
    if (this.state === state && state !== 'offline') return;
    this.state = state;
    this.#on('onState', { state, retryAt, reason });
    if (state !== 'online') return;
    this.#outbox.hurry();
    this.#changes.hurry();
  }

  async #run(signal) {
    let failed = false;
    while (!signal.aborted) {
      try {
        // A poll that hangs looks like one that is lost: a ping tells them apart.
        if (failed) await this.#api.ping(signal);
        if (this.#timers.now() >= this.#wallsAt) await this.#readWalls(signal);
        await this.#reread([...this.walls.values()].filter((wall) => wall.stale), signal);
        if (this.walls.size > 0) {
          await this.#follower.follow(this.walls.values(), signal, failed);
        } else {
          this.#setState('online');
          await this.#pause.wait(WALLS_RETRY, signal);
          this.#wallsAt = 0;
        }
        this.#backoff.reset();
        failed = false;
      } catch (error) {
        if (signal.aborted) return;
        if (error.kind === 'aborted') continue;  // by us, to ask with another local hash
        if (error.kind === 'signed_out') return this.#end('expired');
        // "Invalid parameters!": the walls are no longer what we think they are.
        if (!error.passing) this.#wallsAt = 0;
        failed = true;
        const delay = this.#backoff.next(error.retryAfter);
        this.#setState('offline', { retryAt: this.#timers.now() + delay, reason: error.message });
        await this.#pause.wait(delay, signal);
      }
    }
  }

  // One wall's part of a poll answer. `more` needs nothing: the next poll goes out at once anyway.
  #take(id, { posts = [], reset = false, epoch }) {
    const wall = this.walls.get(id);
    if (!wall) return;
    if (reset || !wall.timeline.agrees(epoch)) {
      wall.stale = true;
      return;
    }
    const { added, changes, gap } = wall.timeline.feed(posts);
    const others = added.filter((post) => post.user_id !== this.user.id && post.body !== null).length;
    wall.unread += others;
    if (added.length) this.#on('onPosts', wall, added);
    if (changes.length) this.#on('onChanged', wall, changes);
    if (others) this.#on('onWalls');
    if (gap) {
      wall.stale = true;
      this.#on('onGap', wall, gap);
    }
  }

  // Drops what is held of these walls and reads their newest posts from the history.
  async #reread(walls, signal) {
    for (const wall of walls) {
      const page = await this.#api.history(wall.id, { signal });
      wall.timeline.reset(page.newest, page.epoch);
      wall.timeline.page(page);
      wall.stale = false;
      wall.read = 0;
      this.#on('onChanged', wall, []);
    }
    if (walls.length) await this.#readWalls(signal);  // for the unread counts
  }

  // Pages of one wall come one after the other; a second call joins the first.
  #page(wall, limit) {
    const { timeline } = wall;
    wall.paging ??= (async () => {
      try {
        const held = timeline.resets;
        const page = await this.#api.history(wall.id, { before: timeline.loaded ? timeline.oldest : undefined, limit });
        if (held !== timeline.resets || this.walls.get(wall.id) !== wall) return;  // belongs to what was dropped
        if (!timeline.agrees(page.epoch)) {
          wall.stale = true;  // read again as a whole
          this.#follower.interrupt();
          return;
        }
        if (timeline.page(page) === null) this.#follower.interrupt();
        this.#on('onChanged', wall, []);
      } catch (error) {
        if (error.kind === 'forbidden') this.refreshWalls();
        throw error;
      } finally {
        wall.paging = null;
      }
    })();
    return wall.paging;
  }

  async #readWalls(signal) {
    const { walls } = await this.#api.walls(signal);
    const known = this.walls;
    this.walls = new Map(walls.map(({ id, name, kind, newest, epoch, unread }) => {
      const wall = known.get(id) ?? new Wall(id, newest, epoch);
      if (!wall.timeline.agrees(epoch)) wall.stale = true;
      wall.timeline.epoch ??= epoch;
      // Marked as read here, but the server has not been told yet.
      return [id, Object.assign(wall, { name, kind, unread: wall.read >= newest ? 0 : unread })];
    }));
    this.#wallsAt = this.#timers.now() + WALLS_EVERY * (0.5 + this.#random() / 2);
    this.#on('onWalls');
  }

  #sent(item, entry) {
    const wall = this.walls.get(item.wall);
    if (wall?.timeline.acknowledge(entry)) this.#on('onChanged', wall, []);
  }

  async #change(wallId, postId, send, signal) {
    const wall = this.#wall(wallId);
    try {
      const { post } = await this.#changes.run(postId, send, signal);
      if (this.walls.get(wallId) !== wall) return;  // signed out meanwhile
      wall.timeline.change(post);
      this.#on('onChanged', wall, [post]);
    } catch (error) {
      if (error.kind === 'forbidden') this.refreshWalls();
      throw error;
    }
  }

  #wall(id) {
    const wall = this.walls.get(id);
    if (!wall) throw new ApiError('forbidden', 'This wall is not yours.', { status: 403 });
    return wall;
  }
}
