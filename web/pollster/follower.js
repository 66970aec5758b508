// How news of all walls come: over one stream, or with one hanging request after the other where something on the way
// keeps a stream's events back. Which one it is makes no difference for whoever uses the library.

import { ApiError } from './api.js';
import { linked } from './linked.js';

const MOST_WALLS = 1_000;         // the server's limit; walls beyond it are not followed live
const SETTLED = 1_000;            // ms; a poll that hangs this long after a failure has been accepted
const QUIET = 5_000;              // what has just said something needs no other connection
const STREAM_AGAIN = 600_000;     // after so long with polls a stream is tried once more: another network?

export class Follower {
  transport = 'poll';  // 'stream' while one is open
  #given;
  #streamAt;           // when a stream may be tried; Infinity: never
  #heard = 0;          // when the request began, or something came
  #request = null;     // AbortController of the stream or poll under way; aborted to ask with a new local hash

  // given: {api, timers, random, backoff, pulse, walls}; `streams`, false for polls alone. Told of:
  // state({state: 'online'}), and to() of take({wall id: its part of an answer}), and of listIsOld(lost): walls were
  // taken away or given.
  constructor(given) {
    this.#given = given;
    this.#streamAt = given.streams ? 0 : Infinity;
  }

  // Until the stream, or the poll, ends. Rejects with ApiError; `aborted` after interrupt().
  async follow(walls, signal, afterFailure) {
    const request = this.#request = linked(signal);
    this.#heard = this.#given.timers.now();
    const followed = [...walls].slice(0, MOST_WALLS);
    try {
      if (this.#given.timers.now() >= this.#streamAt) {
        await this.#stream(followed, signal, request);
      } else {
        await this.#poll(followed, signal, request.signal, afterFailure);
      }
    } finally {
      request.release();
      this.#request = null;
    }
  }

  // So that it is asked again with other walls, or from where they stand now.
  interrupt() {
    this.#request?.abort();
  }

  // The same if it is silent: the network is back, and the connection may be one of before.
  refresh() {
    if (this.#given.timers.now() - this.#heard >= QUIET) this.interrupt();
  }

  async #stream(walls, signal, request) {
    const due = this.#given.timers.setTimeout(() => request.abort(), this.#given.walls.listDue - this.#given.timers.now());
    try {
      const { reason, retry } = await this.#given.api.listen(walls, {
        signal: request.signal,
        heard: () => {
          this.transport = 'stream';
          this.#given.state({ state: 'online' });
          this.#heard = this.#given.timers.now();
          this.#given.pulse.heard();
        },
        take: (name, data) => {
          if (request.signal.aborted) return;  // it will be asked again, maybe from further back
          if (name === 'access') this.#given.to().listIsOld(data.lost);
          if (name === 'walls') this.#given.to().take(data.walls);
          if (this.#given.walls.mustRead) request.abort();
        },
      });
      if (reason === 'signed_out') throw new ApiError('signed_out', 'Please sign in.');
      if (reason === 'no_wall') this.#given.to().listIsOld();
      if (reason === 'unavailable' || reason === 'failed') {
        throw new ApiError('busy', `The server answered ${reason}.`, { retryAfter: retry });
      }
      await this.#comeBack(retry, signal);
    } catch (error) {
      if (error.kind !== 'no_stream') throw error;
      if (!error.status) await this.#given.api.ping(signal);  // or is it the network that keeps everything back?
      this.#streamAt = this.#given.timers.now() + STREAM_AGAIN * (0.5 + this.#given.random() / 2);
    } finally {
      this.transport = 'poll';
      this.#given.timers.clearTimeout(due);
    }
  }

  // The server has said when: until then it is asked for nothing, not even a ping.
  #comeBack(delay, signal) {
    this.#given.pulse.stop();
    return this.#given.backoff.wait(delay, signal);
  }

  async #poll(asked, signal, pollSignal, afterFailure) {
    const started = this.#given.timers.now();
    // After the ping, or the list of walls, the connection is known to work. After a failure the poll
    // itself must survive a moment too: with the database away it is refused at once.
    if (!afterFailure) this.#given.state({ state: 'online' });
    const settled = this.#given.timers.setTimeout(() => this.#given.state({ state: 'online' }), SETTLED);
    try {
      const { walls, access, retry_ms: comeBackIn, spread_ms: spread = 0 } = await this.#given.api.poll(asked, pollSignal);
      const lasted = this.#given.timers.now() - started;
      if (access !== undefined) {
        this.#given.to().listIsOld();
      } else if (Object.keys(walls).length === 0) {
        this.#given.backoff.spread = spread;
        // Polling again at once would hammer a server that keeps answering like this at once.
        const wait = lasted < SETTLED ? this.#given.backoff.next(comeBackIn) : comeBackIn;  // it stops, and says when
        if (wait > 0) await this.#comeBack(wait, signal);
      }
      if (!pollSignal.aborted) this.#given.to().take(walls);
      this.#given.state({ state: 'online' });
    } finally {
      this.#given.timers.clearTimeout(settled);
    }
  }
}
