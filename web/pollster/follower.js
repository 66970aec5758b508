// How news of all walls come: over one stream, or with one hanging request after the other where something on the way
// keeps a stream's events back. Which one it is makes no difference for whoever uses the library.

import { ApiError } from './api.js';

const MOST_WALLS = 1_000;         // the server's limit; walls beyond it are not followed live
const EARLY_ANSWER = 50_000;      // ms; an empty answer is due after 55-60 s; earlier, something happened
const SETTLED = 1_000;            // a poll that hangs this long after a failure has been accepted
const QUIET = 5_000;              // what has just said something needs no other connection
const STREAM_AGAIN = 600_000;     // after so long with polls a stream is tried once more: another network?

export class Follower {
  transport = 'poll';  // 'stream' while one is open
  #api;
  #timers;
  #random;
  #backoff;
  #pause;
  #pulse;
  #on;
  #streamAt;           // when a stream may be tried; Infinity: never
  #heard = 0;          // when the request began, or something came
  #request = null;     // AbortController of the stream or poll under way; aborted to ask with a new local hash

  // `streams`: false for polls alone. Told of: online(); take({wall id: its part of an answer}); listIsOld(lost), walls
  // were taken away or given. Asked for: listDue(), when the list of walls is to be read again; mustRead(), something
  // is to be read before it goes on.
  constructor({ api, timers, random, backoff, pause, pulse, streams, ...on }) {
    this.#api = api;
    this.#timers = timers;
    this.#random = random;
    this.#backoff = backoff;
    this.#pause = pause;
    this.#pulse = pulse;
    this.#streamAt = streams ? 0 : Infinity;
    this.#on = on;
  }

  // Until the stream, or the poll, ends. Rejects with ApiError; `aborted` after interrupt().
  async follow(walls, signal, afterFailure) {
    const request = this.#request = new AbortController();
    this.#heard = this.#timers.now();
    const stop = () => request.abort();
    signal.addEventListener('abort', stop);
    const cursors = [...walls].slice(0, MOST_WALLS).map(({ id, timeline }) => [id, timeline.cursor, timeline.epoch]);
    try {
      if (this.#timers.now() >= this.#streamAt) {
        await this.#stream(cursors, signal, request);
      } else {
        await this.#poll(cursors, signal, request.signal, afterFailure);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#request = null;
    }
  }

  // So that it is asked again with other walls, or from where they stand now.
  interrupt() {
    this.#request?.abort();
  }

  // The same if it is silent: the network is back, and the connection may be one of before.
  refresh() {
    if (this.#timers.now() - this.#heard >= QUIET) this.interrupt();
  }

  async #stream(cursors, signal, request) {
    // A stream does not tell of a new wall any more than a poll does.
    const due = this.#timers.setTimeout(() => request.abort(), Math.max(0, this.#on.listDue() - this.#timers.now()));
    try {
      const { reason, retry } = await this.#api.stream(cursors, {
        signal: request.signal,
        connected: () => {
          this.transport = 'stream';
          this.#on.online();
        },
        heard: () => {
          this.#heard = this.#timers.now();
          this.#pulse.heard();
        },
        take: (name, data) => {
          if (request.signal.aborted) return;  // it will be asked again, maybe from further back
          if (name === 'access') this.#on.listIsOld(data.lost);
          if (name === 'walls') this.#on.take(data.walls);
          if (this.#on.mustRead()) request.abort();
        },
      });
      if (reason === 'signed_out') throw new ApiError('signed_out', 'The session has ended.');
      if (reason === 'no_wall') this.#on.listIsOld();
      if (reason === 'unavailable' || reason === 'failed') {
        throw new ApiError('busy', 'The server is not available.', { retryAfter: retry });
      }
      await this.#comeBack(retry, signal);
    } catch (error) {
      if (error.kind !== 'no_stream') throw error;
      if (!error.status) await this.#api.ping(signal);  // or is it the network that keeps everything back?
      this.#streamAt = this.#timers.now() + STREAM_AGAIN * (0.5 + this.#random() / 2);
    } finally {
      this.transport = 'poll';
      this.#timers.clearTimeout(due);
    }
  }

  // The server has said when: until then it is asked for nothing, not even a ping.
  #comeBack(delay, signal) {
    this.#pulse.stop();
    return this.#pause.wait(delay, signal);
  }

  async #poll(cursors, signal, pollSignal, afterFailure) {
    const started = this.#timers.now();
    // After the ping, or the list of walls, the connection is known to work. After a failure the poll
    // itself must survive a moment too: with the database away it is refused at once.
    if (!afterFailure) this.#on.online();
    const settled = this.#timers.setTimeout(() => this.#on.online(), SETTLED);
    try {
      const { walls, retry_ms: comeBackIn, spread_ms: spread = 0 } = await this.#api.poll(cursors, pollSignal);
      const lasted = this.#timers.now() - started;
      if (Object.keys(walls).length === 0) {
        this.#backoff.spread = spread;
        if (comeBackIn === undefined && lasted < EARLY_ANSWER) this.#on.listIsOld();  // a wall was taken away
        // Polling again at once would hammer a server that keeps answering like this at once.
        const wait = lasted < SETTLED ? this.#backoff.next(comeBackIn) : comeBackIn;  // it stops, and says when
        if (wait > 0) await this.#comeBack(wait, signal);
      }
      if (!signal.aborted) this.#on.take(walls);
      this.#on.online();
    } finally {
      this.#timers.clearTimeout(settled);
    }
  }
}
