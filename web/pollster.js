// Pollster's client: signs in, follows all walls of the user with one stream, or one hanging request, sends
// posts safely, edits and deletes them, pages through history, searches. An ES module without DOM,
// dependencies or build step; copy this file and the folder pollster/ beside it. docs/CLIENT.md is its manual,
// pollster.d.ts has the types, docs/PROTOCOL.md the protocol.
//
//   const chat = new Pollster({ base: '/api/' }, {
//     onState: ({ state, retryAt, reason }) => …,   // see below
//     onWalls: () => …,               // chat.walls changed: names, unread counts, order
//     onPosts: (wall, posts) => …,    // new live posts, in order (wall.posts already holds them)
//     onChanged: (wall, changes) => …,  // wall.posts changed otherwise: history, edit, deletion; the
//                                     //   edit and delete entries, also of posts not in wall.posts
//     onOutbox: (wallId) => …,        // chat.outbox(wallId) changed
//     onGap: (wall, gap) => …,        // entry {expected} was missing, {got} came: a server error.
//                                     //   The wall is read again by itself; report it.
//     onError: (error) => …,          // a handler, or a listener, has thrown; nothing else happens
//   });
//   if (!await chat.resume()) await chat.signIn('ann', 'secret');
//   const wall = await chat.open(1);  // wall.posts: the newest ones
//   await chat.post(1, 'hi');         // the entry, when the server has it
//
// What is handed out, walls, posts, snapshots, never changes: after a change there is another object.
//
// States: signed_out (`reason` 'expired' if the session ended by itself, 'other_user' if the cookie has become that of
// another user, who signed in in another tab: nothing more is shown, sent or answered then; 'no_cookie' if none is sent
// from a page of another site) · connecting · online (`reason` 'alone' if the part for tabs could not be loaded, so
// that this tab has a connection of its own) · offline (`reason` for people; tries again at `retryAt`, in ms as
// timers.now() counts). chat.transport tells how news come: 'stream', or 'poll' where something on the way keeps a
// stream's events back; 'shared' over that of another tab.
//
// Promises of signIn, open, loadOlder … reject with ApiError (pollster/api.js; `kind` says what to do).
// Background work (polling, sending) never rejects: it retries and reports to onState / onOutbox.

import { Api, ApiError, aborted } from './pollster/api.js';
import { Backoff } from './pollster/backoff.js';
import { Changes } from './pollster/changes.js';
import { Connection } from './pollster/connection.js';
import { randomKey, realFetch, realTimers } from './pollster/defaults.js';
import { Follower } from './pollster/follower.js';
import { Kept } from './pollster/kept.js';
import { Outbox } from './pollster/outbox.js';
import { Pulse } from './pollster/pulse.js';
import { Told } from './pollster/told.js';
import { Walls } from './pollster/walls.js';

export { ApiError };

export class Pollster {
  user = null;         // {id, name} while signed in
  #now = { state: 'signed_out', retryAt: null, reason: null };
  #snapshot = null;    // null: to be made
  #given;
  #api;
  #told;
  #outbox;
  #changes;
  #pulse;
  #connection;
  #walls;

  // All options have defaults: base; fetch; timers {setTimeout, clearTimeout, now}; random() in [0, 1);
  // storage (as localStorage: unacknowledged posts survive a reload and a closed tab, and are sent when their user is
  // back; null for none);
  // newKey() for client_key; credentials as in fetch ('include' across origins);
  // auth 'cookie' or 'bearer' (the session stays in memory and never becomes a cookie of ours);
  // token: a session that somebody else has made, or (refused) => one, or a promise of it: called when the first is
  // needed, and again with the one that the server has refused, until it returns null; implies 'bearer';
  // transport 'auto' or 'poll': polls alone;
  // locks (as navigator.locks) and channel(name) (a BroadcastChannel): all tabs of a browser, and clients of a page,
  // that show one user by cookie have one poll or stream together; null for either: each has its own, and the part for
  // tabs (sharing.js) is never loaded.
  constructor(options = {}, handlers = {}) {
    const { base = '/api/', fetch = realFetch, timers = realTimers, random = Math.random,
            storage, newKey = randomKey, credentials = 'same-origin', token, auth = token ? 'bearer' : 'cookie',
            transport, locks = globalThis.navigator?.locks, channel } = options;
    // All parts have one object: what they stand on, each other, and what they tell.
    const given = {
      base: base.replace(/\/?$/, '/'), fetch, timers, random, newKey, credentials, locks, channel,
      tokens: typeof token === 'string' ? (refused) => (refused ? null : token) : token, streams: transport !== 'poll',
      kept: new Kept(storage), client: this,
      bearer: auth === 'bearer',
      on: (...event) => this.#emit(...event),
      now: () => this.#now,
      state: (now) => this.#setState(now),
      refused: (kind) => {
        if (kind === 'signed_out') this.#end(this.user?.id ? 'expired' : null);
        if (kind === 'other_user') this.#end(kind);
        if (kind === 'forbidden') this.refreshWalls();  // of a wall that is not ours any more
      },
      cut: () => this.#connection.cut(),
      news: () => this.#connection.sharing ?? given.follower,
      to: () => this.#connection.sharing ?? this.#walls,
    };
    this.#given = given;
    this.#told = new Told(handlers);
    given.backoff = new Backoff(given);
    this.#api = given.api = new Api(given);
    this.#walls = given.walls = new Walls(given);
    this.#outbox = new Outbox(given);
    this.#changes = new Changes(given);
    this.#pulse = given.pulse = new Pulse(given);
    given.follower = new Follower(given);
    this.#connection = new Connection(given);
  }

  get state() { return this.#now.state; }
  get walls() { return this.getSnapshot().walls; }  // id -> {id, name, kind, unread, posts, loaded, complete}, by id
  // 'stream' while one is open, 'poll', or 'shared': another tab's.
  get transport() { return this.#given.news().transport; }

  // Everything there is to show, {state, retryAt, reason, user, walls, outbox}, as one value that never changes:
  // another one after each change, the same one without. Both functions may be handed on without `chat`.
  getSnapshot = () => this.#snapshot ??= Object.freeze({
    ...this.#now, user: this.user, walls: this.#walls.view, outbox: this.#outbox.items,
  });

  // listener(snapshot) is called after each change, until the returned function is.
  subscribe = (listener) => this.#told.add(listener);

  // ---- session -------------------------------------------------------------------------------

  // Continues the session of an earlier visit (cookie). Returns the user, or null: then sign in. While the server
  // cannot be reached nobody knows which, so it is asked again, with the states connecting and offline, until stop().
  // With {guest: true} as a guest instead, user 0, who reads the walls that are open to all; null: none is.
  // Rejects as aborted if stop(), or another resume(), came first: then nobody is to sign in, or to be a guest, here.
  resume({ guest } = {}) {
    const done = (async () => {
      this.#halt();
      this.#api.user = guest ? 0 : this.#api.user || null;
      const signal = this.#connection.begin();
      this.#setState({ state: 'connecting' });
      while (!signal.aborted) {
        try {
          const { user } = await this.#connection.proven((stop) => this.#api.session(stop), signal);
          if (!signal.aborted) this.#begin(user);
        } catch (error) {
          if (signal.aborted) break;
          if (error.kind === 'signed_out') this.#end();
          else if (error.kind === 'no_cookie') this.#end(error.kind);
          else if (error.passing) await this.#connection.wait(error, signal);
          else if (error.kind !== 'aborted') throw error;
        }
      }
      if (this.user || this.state === 'signed_out') return this.user;
      done.catch(() => {});  // whoever stops it need not wait for it
      throw aborted();
    })();
    return done;
  }

  async signIn(name, password) {
    const session = await this.#api.signIn(name, password);
    if (this.#given.bearer) {
      this.#api.token = session.session_id;
    } else if (this.#given.credentials === 'include') {
      this.#api.user = null;  // it is asked who that is now
      await this.#api.session();  // or the cookie is not sent from here
    }
    this.#begin(session.user);
    return this.user;
  }

  // Ends at once on this side; rejects if the server could not be told, because its session then lives on. What is in
  // the outbox is thrown away.
  async signOut() {
    this.stop();  // first, or the poll under way is answered that its session is unknown
    const told = this.#api.signOut();  // while it is known whose session ends
    this.#outbox.forget();
    this.#end();
    try {
      await told;
    } catch (error) {
      if (error.kind !== 'other_user') throw error;
    } finally {
      if (this.user === null) this.#api.token = null;
    }
  }

  // Stops polling and sending without signing out, for a page that goes away. Whoever waits for anything is told
  // (`aborted`); what is in the outbox stays there.
  stop() {
    this.#halt();
    this.#given.stopped = true;
    this.#walls.wake();
    this.#outbox.abandon();
  }

  // Whether somebody looks (true unless told otherwise): then the way to the server is proven all the time.
  set watched(on) {
    this.#pulse.look(on);
    this.#connection.sharing?.look(on);
  }

  // The page is to be frozen: it holds no connection any more, and the other tabs have it, until retryNow().
  rest() {
    this.#connection.rest();
  }

  // To be called whenever something may have changed: the network came back, or went; the page was hidden, or asleep;
  // the user asked. Tries now instead of at `retryAt`; what hangs is verified, and sent anew if it may hang in vain;
  // and whose session it is, is asked again.
  retryNow() {
    this.#outbox.hurry();
    this.#changes.hurry();
    this.#connection.retry();
  }

  // ---- walls ---------------------------------------------------------------------------------

  // Reads the newest posts of a wall, once; later calls return at once. One call at a time for each wall. Like the
  // others of a wall it may be called before the walls are known, and resolves with the wall.
  async open(wallId) {
    const wall = this.#walls.all.get(wallId) ?? await this.#walls.find(wallId);
    if (!wall.timeline.loaded) await this.#walls.page(wall);
    return wall.view;
  }

  // One page further back; `wall.complete` tells when there is none left.
  async loadOlder(wallId, limit = 50) {
    const wall = this.#walls.all.get(wallId) ?? await this.#walls.find(wallId);
    if (!wall.timeline.complete) await this.#walls.page(wall, limit);
    return wall.view;
  }

  // The newest posts of a wall that contain the words, below entry `before`: {posts, more, before, newest} as
  // in docs/PROTOCOL.md; the next page is the one below the answer's `before`. They do not join wall.posts,
  // which has no holes.
  async search(wallId, words, before, limit) {
    if (!this.#walls.all.has(wallId)) await this.#walls.find(wallId);
    return this.#api.history(wallId, { words, before, limit });
  }

  // Everything held of this wall has been read. The server is told a moment later.
  markRead(wallId) {
    this.#walls.markRead(wallId);
  }

  // Reads the list of walls soon: because one was granted, or the page was in the background for a long time.
  refreshWalls() {
    this.#walls.listDue = 0;
    this.#given.news().interrupt();
    this.#given.backoff.end();
  }

  // ---- posting -------------------------------------------------------------------------------

  // Sent until the server answers, once, whatever happens meanwhile. Returns a promise of the entry (outbox.js), which
  // has the post's `key`; a reload ends it, but not the post: posted(key) is its promise then. With a key of the
  // caller's own (1-64 of A-Z a-z 0-9 . _ -) the same call may be repeated for 24 h, and is the same post.
  post(wallId, body, { key } = {}) {
    const refused = this.#walls.check(wallId, this.user?.id || null);  // a guest only reads
    if (refused) return this.posted(key, refused);
    // Before the walls are known nothing that comes may be taken for this post.
    const after = this.#walls.all.get(wallId)?.timeline.cursor ?? 2 ** 53;
    return this.posted(this.#outbox.add(wallId, after, body, key));
  }
  posted(key, refused) { return Object.assign(this.#outbox.promise(key, refused), { key }); }
  retryPost(key) { return this.posted(this.#outbox.retry(key)); }
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

  // Until something begins anew.
  #halt() {
    this.#given.stopped = false;
    this.#connection.leave();
    this.#outbox.stop();
    this.#changes.stop();
  }

  #begin(user) {
    this.#halt();
    if (this.user?.id !== user.id) {
      this.#outbox.leave();
      this.#walls.forget();
    }
    this.user = Object.freeze(user);
    this.#api.user = user.id;
    this.#given.backoff.reset();
    this.#walls.listDue = 0;
    this.#setState({ state: 'connecting' });
    this.#connection.enter();
    this.#outbox.start(user.id);
  }

  #end(reason) {
    this.#halt();
    this.#outbox.leave();
    this.user = this.#api.user = null;
    this.#walls.forget();
    this.#setState({ state: 'signed_out', reason });
    this.#emit('onWalls');
  }

  #setState({ state, retryAt = null, reason = null }) {
    if (this.state === state && state !== 'offline') return;
    this.#now = Object.freeze({ state, retryAt, reason: state === 'online' ? this.#connection.alone : reason });
    this.#connection.sharing?.state(this.#now);
    this.#emit('onState', this.#now);
    if (state !== 'online') return;
    this.#api.again();
    this.#outbox.hurry();
    this.#changes.hurry();
  }

  #emit(name, ...values) {
    this.#snapshot = null;
    this.#told.tell(name, values, this.getSnapshot);
  }

  async #change(wallId, postId, send, signal) {
    const wall = this.#walls.all.get(wallId) ?? await this.#walls.find(wallId);
    const { post } = await this.#changes.run(postId, send, signal);
    this.#walls.changed(wall, post);
  }
}
