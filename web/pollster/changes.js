// Edits and deletions on their way. Each may be repeated safely, because the server makes only one entry of
// it, so it is sent until it is answered. Unlike a new post it does not survive a reload: the only loss is a
// change that its author can see is missing.

import { aborted } from './api.js';
import { Backoff } from './backoff.js';
import { linked } from './linked.js';

export class Changes {
  #given;
  #running = new Map();  // post_id -> {stop: as linked() makes it, backoff}

  constructor(given) {  // {timers, random}
    this.#given = given;
  }

  // send(signal) -> answer, throws ApiError. Passing failures are tried again; others reject, and so does a
  // change that ends early (kind 'aborted'): by `signal`, by stop(), or by a later change of the same post.
  async run(postId, send, signal) {
    this.#running.get(postId)?.stop.abort();
    const stop = linked(signal);
    const backoff = new Backoff(this.#given);
    const change = { stop, backoff };
    this.#running.set(postId, change);
    try {
      while (!stop.signal.aborted) {
        try {
          return await send(stop.signal);
        } catch (error) {
          if (!error.passing) throw error;
          await backoff.wait(backoff.next(error.retryAfter), stop.signal);
        }
      }
      throw aborted();
    } finally {
      stop.release();
      if (this.#running.get(postId) === change) this.#running.delete(postId);
    }
  }

  // Nothing is sent any more.
  stop() {
    for (const { stop } of this.#running.values()) stop.abort();
  }

  // The connection is back: no need to wait for the next retry.
  hurry() {
    for (const { backoff } of this.#running.values()) backoff.end();
  }
}
