// Posts on their way: each keeps its client_key until the server acknowledges it, so however often
// it is sent, it is posted once. One at a time, in the order written; kept (kept.js) so that neither a reload nor a
// closed tab loses one. Another tab of the same user may take over what it finds there: both then send it, with one
// key, and whoever is first takes it away.
//
// An item is {key, wall, after, body, created_at, state, reason}. It never changes; another one replaces it. `after`
// is the wall's newest entry when it was written: the feed may bring a post before its acknowledgement arrives, and an
// equal post of ours above `after` is then most likely this one (a page need not show it twice). State is
//   sending   on its way
//   waiting   the server cannot be reached or is busy; sent again by itself, with the same key
//   failed    the server refused it, for `reason`; retry(key) or discard(key) decide

import { ApiError, aborted } from './api.js';
import { Backoff } from './backoff.js';

// The server remembers a key for 24 h. Later a repeated send could post twice, so a human decides.
const KEY_LIFETIME = 23 * 3_600_000;

export class Outbox {
  items = [];      // another array after each change
  #given;
  #promises = new Map();  // key -> {promise, resolve, reject} of those that somebody waits for
  #written = 0;    // orders what was written in one millisecond
  #backoff;
  #owner;          // the user whose posts these are, or were: promises wait until another one comes
  #stop = null;    // AbortController of the running sender; null while stopped

  // given: {api, timers, random, kept, newKey, walls}; stopped: nothing goes on; on('onOutbox', wall): an item
  // appeared, changed or left.
  constructor(given) {
    this.#given = given;
    this.#backoff = new Backoff(given);
  }

  // Loads what this user left behind and begins to send it.
  start(owner) {
    if (this.#owner !== owner) this.abandon();
    this.#owner = owner;
    this.items = this.#load();
    for (const { wall } of this.items) this.#given.on('onOutbox', wall);
    // What is not there any more another tab has taken away.
    for (const key of this.#promises.keys()) if (!this.#find(key)) this.#settle(key, 'resolve', null);
    this.#run();
  }

  // Nothing is sent any more; what is unacknowledged stays for the next start().
  stop() {
    this.#stop?.abort();
    this.#stop = null;
    for (const item of this.items) if (item.state === 'sending') this.#put({ ...item, state: 'waiting' });
  }

  // The user is gone: nothing is shown or sent any more, and everything is there for the next start() of that user.
  leave() {
    this.stop();
    this.items = [];
  }

  // Nobody waits any more.
  abandon() {
    for (const key of this.#promises.keys()) this.#settle(key, 'reject', aborted());
  }

  // The user wants no more of what was shown here. What another tab has written since stays: nobody was asked about it.
  forget() {
    for (const { key } of this.items) this.#given.kept.remove(this.#slot(key));
  }

  // Returns the post's key. What is under way with the same key is this post.
  add(wall, after, body, key = this.#given.newKey()) {
    if (!this.#find(key)) {
      this.#change({ key, wall, after, body, created_at: this.#now(), state: 'waiting', reason: null, order: ++this.#written });
      this.#run();
    }
    return key;
  }

  // Resolves with the entry when the server has acknowledged this post, also one that was written before a reload; with
  // null if another tab took it over. Rejects with the refusal, at once if it came before, or if there is no such post.
  // refused: the ApiError of a post that was not even taken.
  promise(key, refused) {
    if (this.#promises.has(key)) return this.#promises.get(key).promise;
    const made = {};
    const promise = made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    promise.catch(() => {});  // nobody has to wait: what was refused is in the outbox, and no error of the program
    this.#promises.set(key, made);
    const item = this.#find(key);
    if (!item || item.state === 'failed') this.#settle(key, 'reject', refused ?? new ApiError('refused', item?.reason ?? 'No such post.'));
    if (this.#given.stopped) this.abandon();
    return promise;
  }

  // The same key again, unless it is too old to be safe: then it is a new post, as the user wishes. Returns the key.
  retry(key) {
    const item = this.#find(key);
    if (item?.state !== 'failed') return key;
    const next = { ...item, state: 'waiting', reason: null };
    if (this.#stale(item)) {
      this.#given.kept.remove(this.#slot(key));
      next.key = this.#given.newKey();
      next.created_at = this.#now();
    }
    this.#change(next, key);
    this.#run();
    return next.key;
  }

  discard(key) {
    const item = this.#find(key);
    if (item?.state === 'failed') this.#remove(item);
  }

  // The connection is back: no need to wait for the next retry.
  hurry() {
    this.#backoff.end();
  }

  async #run() {
    if (this.#stop || this.#given.stopped) return;
    const stop = this.#stop = new AbortController();
    let item;
    while (!stop.signal.aborted && (item = this.items.find((candidate) => candidate.state !== 'failed'))) {
      if (this.#given.kept.get(this.#slot(item.key)) === null) this.#remove(item, null);  // another tab has sent it
      else if (this.#stale(item)) this.#fail(item, new ApiError('refused', 'Not sent for a day.'));
      else await this.#sendOne(item, stop.signal);
    }
    if (this.#stop === stop) this.#stop = null;
  }

  async #sendOne(item, signal) {
    this.#change({ ...item, state: 'sending' });
    try {
      const { post: entry } = await this.#given.api.post(item.wall, item.body, item.key, signal);
      this.#backoff.reset();
      if (!signal.aborted) this.#remove(item, entry);
    } catch (error) {
      if (signal.aborted) return;  // also when the session has ended: api.js says so before
      if (error.passing) {
        this.#change({ ...item, state: 'waiting', reason: error.message });
        await this.#backoff.wait(this.#backoff.next(error.retryAfter), signal);
      } else {
        this.#fail(item, error);
      }
    }
  }

  #fail(item, error) {
    this.#change({ ...item, state: 'failed', reason: error.message });
    this.#settle(item.key, 'reject', error);
  }

  // `entry`: as the server has acknowledged it.
  #remove({ key, wall }, entry) {
    this.items = this.items.filter((item) => item.key !== key);
    this.#given.kept.remove(this.#slot(key));
    if (entry) this.#given.walls.acknowledge(wall, entry);
    this.#given.on('onOutbox', wall);
    this.#settle(key, 'resolve', entry);
  }

  #settle(key, how, result) {
    this.#promises.get(key)?.[how](result);
    this.#promises.delete(key);
  }

  #find(key) {
    return this.items.find((item) => item.key === key);
  }

  // In the place of the one with that key, or at the end.
  #put(item, key = item.key) {
    Object.freeze(item);
    this.items = this.#find(key) ? this.items.map((other) => (other.key === key ? item : other)) : [...this.items, item];
  }

  #now() {
    return new Date(this.#given.timers.now()).toISOString();
  }

  #stale(item) {
    return this.#given.timers.now() - Date.parse(item.created_at) > KEY_LIFETIME;
  }

  #change(item, key) {
    this.#put(item, key);
    this.#given.kept.set(this.#slot(item.key), JSON.stringify(item));
    this.#given.on('onOutbox', item.wall);
  }

  #load() {
    const items = this.#given.kept.keys(this.#slot('')).map((slot) => this.#read(slot)).filter(Boolean);
    items.sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at) || a.order - b.order);
    this.#written = items.at(-1)?.order ?? 0;
    return items;
  }

  #read(slot) {
    try {
      const item = JSON.parse(this.#given.kept.get(slot));
      if (item.state !== 'failed') item.state = 'waiting';
      return slot === this.#slot(item.key) && Object.freeze(item);
    } catch {
      return null;  // not ours
    }
  }

  #slot(key) {
    return `pollster.outbox.${this.#owner}.${key}`;
  }
}
