// How news keep coming: what is to be read is read, the stream or poll is followed, and after a failure it is tried
// again, until leave(). Whether the server is there is proven, and verified, here as well.

import { ApiError } from './api.js';
import { linked } from './linked.js';

const UNREACHED = 8_000;         // ms, the longest wait while nothing at all answers: there is nobody to spare
const VERIFY_GAP = 2_000;        // several events tell of the same return
const PART_LIMIT = 5_000;        // in which the part for tabs is to be there

export class Connection {
  sharing = null;      // with other tabs; null: not loaded
  alone = null;        // 'alone' if it could not be
  #given;
  #loop = null;        // AbortController of what goes on
  #attempt = null;     // that of what it does at the moment
  #proving = null;     // that of the call that finds out whether the server is there
  #verified = 0;       // when retry() last had everything verified
  #resting = false;    // until retry()

  // given: {api, backoff, base, bearer, channel, client, follower, locks, pulse, timers, walls}; now(): the state,
  // which state({state, retryAt, reason}) changes; news() -> what is followed; refused(kind): as api.js says it.
  constructor(given) {
    this.#given = given;
  }

  // Something goes on until leave(). Returns the signal of that.
  begin() {
    this.#loop = new AbortController();
    return this.#loop.signal;
  }

  // News come from now on.
  enter() {
    this.#resting = false;
    this.#run(this.begin());
  }

  leave() {
    this.#resting = false;
    this.#loop?.abort();
    this.#loop = null;
    this.sharing?.stop();
    this.#given.pulse.stop();
  }

  // As leave(), if there is something to leave, until retry().
  rest() {
    if (!this.#loop || !this.#given.client.user) return;
    this.leave();
    this.#resting = true;
  }

  // The way to the server is lost.
  cut() {
    this.#attempt.abort();
  }

  // Tries now; what hangs is verified, and sent anew if it may hang in vain.
  retry() {
    if (this.#resting) this.enter();
    this.#given.backoff.end();
    const elsewhere = this.sharing?.retry();
    if (this.#proving) this.#proving.abort();
    else this.#verify(this.#loop, elsewhere);
  }

  // A call that proves that the server is there; retry() begins it anew, because it may have been swallowed.
  async proven(call, signal) {
    const proving = this.#proving = linked(signal);
    try {
      return await call(proving.signal);
    } finally {
      proving.release();
      if (this.#proving === proving) this.#proving = null;
    }
  }

  // Until it is to be tried again after this failure.
  async wait(error, signal) {
    const { backoff } = this.#given;
    const delay = backoff.next(error.retryAfter, error.passing && !error.status ? UNREACHED : undefined);
    this.#given.state({ state: 'offline', retryAt: this.#given.timers.now() + delay, reason: error.message });
    await backoff.wait(delay, signal);
  }

  // Before the first poll, which another tab may have already. If the part for tabs cannot be had, or not in time, this
  // one is alone, until the next sign-in.
  async #share(signal) {
    const { base, bearer, locks, channel, timers } = this.#given;
    // A session that is no cookie is another one in each tab.
    if (bearer || !locks || channel === null) return;
    let limit;
    const part = await new Promise((resolve) => {
      import('./sharing.js').then(resolve, () => resolve());
      limit = timers.setTimeout(resolve, PART_LIMIT);
    });
    timers.clearTimeout(limit);
    this.alone = part ? null : 'alone';
    if (!part || signal.aborted) return;
    this.sharing ??= new part.Sharing(this.#given);
    this.sharing.start(`${base} ${this.#given.client.user.id}`, this.#given.now());
  }

  async #run(signal) {
    let failed = this.#given.now().state === 'offline';
    await this.#share(signal);
    while (!signal.aborted) {
      const attempt = this.#attempt = linked(signal);
      try {
        await this.#follow(attempt.signal, failed);
        this.#given.backoff.reset();
        // Whoever has just taken over from a tab that could not reach the server does not know better yet.
        failed = this.sharing?.leads && this.#given.now().state === 'offline';
      } catch (error) {
        if (signal.aborted) return;
        if (error.kind === 'aborted') continue;  // by us, to ask with another local hash
        if (error.kind === 'signed_out') {  // said by a stream
          if (await this.#given.api.renew().catch(() => true)) continue;  // without one the next call finds out
          if (!signal.aborted) this.#given.refused('signed_out');
          return;
        }
        // "Invalid parameters!": the walls are no longer what we think they are.
        if (!error.passing) this.#given.walls.listDue = 0;
        failed = true;
        await this.wait(error, signal);
      } finally {
        attempt.release();
      }
    }
  }

  // Once: until the stream or the poll ends. A poll that hangs looks like one that is lost: a ping tells them apart.
  async #follow(signal, failed) {
    const { api, pulse, timers, walls } = this.#given;
    pulse.dead = false;
    try {
      if (failed) await this.proven((stop) => api.ping(stop), signal);
      pulse.start();
      while (timers.now() >= walls.listDue) await walls.readList(signal);
      await walls.reread(signal);
      await this.#given.news().follow(walls.all.values(), signal, failed);
    } catch (error) {
      throw error.kind === 'aborted' && pulse.dead ? new ApiError('network', 'No answer from the server.') : error;
    } finally {
      pulse.stop();
    }
  }

  // A cookie may have become another user's, too. `elsewhere`: the tab whose connection it is verifies that; here it is
  // only asked whose session it is, for whoever looks.
  async #verify(loop, elsewhere) {
    const { api, pulse } = this.#given;
    if (!loop || !this.#given.client.user || this.#given.timers.now() - this.#verified < VERIFY_GAP) return;
    this.#verified = this.#given.timers.now();
    const asked = !this.#given.bearer && (!elsewhere || pulse.watched)
      && api.session(loop.signal).then(() => true, () => false);  // which ends it, if it is another's
    if (!await (elsewhere ? asked : pulse.ask()) || this.#loop !== loop) return;
    this.#given.follower.refresh();  // nothing, if its request is not there
    api.again();
  }
}
