// Posts on their way: each keeps its client_key until the server acknowledges it, so however often
// it is sent, it is posted once. One at a time, in the order written; kept (kept.js) so that neither a reload nor a
// closed tab loses one. Another tab of the same user may take over what it finds there: both then send it, with one
// key, and whoever is first takes it away.
//
// An item is {key, wall, after, body, created_at, state, reason}. `after` is the wall's newest entry
// when it was written: the feed may bring a post before its acknowledgement arrives, and an equal
// post of ours above `after` is then most likely this one (a page need not show it twice). State is
//   sending   on its way
//   waiting   the server cannot be reached or is busy; sent again by itself, with the same key
//   failed    the server refused it, for `reason`; retry(key) or discard(key) decide

import { Backoff } from './backoff.js';
import { Pause } from './pause.js';

// The server remembers a key for 24 h. Later a repeated send could post twice, so a human decides.
const KEY_LIFETIME = 23 * 3_600_000;

export class Outbox {
  items = [];
  #options;
  #kept;
  #written = 0;    // orders what was written in one millisecond
  #backoff;
  #owner = null;   // the user whose posts these are
  #stop = null;    // AbortController of the running sender; null while stopped
  #pause;

  // send(item, signal) -> entry, throws ApiError.
  // changed(wall): an item appeared, changed or left. sent(item, entry): acknowledged.
  constructor({ send, changed, sent, timers, random, kept, newKey }) {
    this.#options = { send, changed, sent, timers, newKey };
    this.#kept = kept;
    this.#backoff = new Backoff(random);
    this.#pause = new Pause(timers);
  }

  // Loads what this user left behind and begins to send it.
  start(owner) {
    if (this.#owner !== owner) {
      this.#owner = owner;
      this.items = this.#load();
      for (const wall of new Set(this.items.map((item) => item.wall))) this.#options.changed(wall);
    }
    this.#run();
  }

  // Nothing is sent any more; what is unacknowledged stays for the next start().
  stop() {
    this.#stop?.abort();
    this.#stop = null;
    for (const item of this.items) if (item.state === 'sending') item.state = 'waiting';
  }

  // The user is gone: nothing is shown or sent any more, and everything is there for the next start() of that user.
  leave() {
    this.stop();
    this.items = [];
    this.#owner = null;
  }

  // The user wants no more of it: nothing written stays behind on this machine.
  forget() {
    if (this.#owner !== null) for (const slot of this.#kept.keys(this.#slot(''))) this.#kept.remove(slot);
    this.leave();
  }

  add(wall, after, body) {
    const { newKey, timers } = this.#options;
    const created_at = new Date(timers.now()).toISOString();
    const item = { key: newKey(), wall, after, body, created_at, state: 'waiting', reason: null, order: ++this.#written };
    this.items.push(item);
    this.#changed(item);
    this.#run();
    return item;
  }

  // The same key again, unless it is too old to be safe: then it is a new post, as the user wishes.
  retry(key) {
    const item = this.items.find((candidate) => candidate.key === key);
    if (item?.state !== 'failed') return;
    if (this.#stale(item)) {
      this.#kept.remove(this.#slot(item.key));
      item.key = this.#options.newKey();
      item.created_at = new Date(this.#options.timers.now()).toISOString();
    }
    item.state = 'waiting';
    item.reason = null;
    this.#changed(item);
    this.#run();
  }

  discard(key) {
    const item = this.items.find((candidate) => candidate.key === key);
    if (item?.state === 'failed') this.#remove(item);
  }

  // The connection is back: no need to wait for the next retry.
  hurry() {
    this.#pause.end();
  }

  async #run() {
    if (this.#stop || this.#owner === null) return;
    const stop = this.#stop = new AbortController();
    let item;
    while (!stop.signal.aborted && (item = this.items.find((candidate) => candidate.state !== 'failed'))) {
      if (this.#kept.get(this.#slot(item.key)) === null) this.#remove(item);  // another tab has sent it
      else if (this.#stale(item)) this.#fail(item, 'Not sent for a day.');
      else await this.#sendOne(item, stop.signal);
    }
    if (this.#stop === stop) this.#stop = null;
  }

  async #sendOne(item, signal) {
    item.state = 'sending';
    this.#changed(item);
    try {
      const entry = await this.#options.send(item, signal);
      this.#backoff.reset();
      if (signal.aborted) return;
      this.#remove(item, () => this.#options.sent(item, entry));
    } catch (error) {
      if (signal.aborted) return;
      if (error.kind === 'signed_out') {
        item.state = 'waiting';
        this.#changed(item);
        this.stop();
      } else if (error.passing) {
        item.state = 'waiting';
        item.reason = error.message;
        this.#changed(item);
        await this.#pause.wait(this.#backoff.next(error.retryAfter), signal);
      } else {
        this.#fail(item, error.message);
      }
    }
  }

  #fail(item, reason) {
    item.state = 'failed';
    item.reason = reason;
    this.#changed(item);
  }

  #remove(item, before = () => {}) {
    this.items = this.items.filter((other) => other !== item);
    this.#kept.remove(this.#slot(item.key));
    before();
    this.#options.changed(item.wall);
  }

  #stale(item) {
    return this.#options.timers.now() - Date.parse(item.created_at) > KEY_LIFETIME;
  }

  #changed(item) {
    this.#kept.set(this.#slot(item.key), JSON.stringify(item));
    this.#options.changed(item.wall);
  }

  #load() {
    const items = this.#kept.keys(this.#slot('')).map((slot) => this.#read(slot)).filter(Boolean);
    for (const item of items) if (item.state === 'sending') item.state = 'waiting';
    items.sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at) || a.order - b.order);
    this.#written = Math.max(0, ...items.map(({ order }) => order));
    return items;
  }

  #read(slot) {
    try {
      const item = JSON.parse(this.#kept.get(slot));
      return item?.key && slot === this.#slot(item.key) ? item : null;
    } catch {
      return null;  // not ours
    }
  }

  #slot(key) {
    return `pollster.outbox.${this.#owner}.${key}`;
  }
}
