// How long to wait before trying again, and the wait.
// When the server is lost every client fails in the same second, so already the first wait is random (0-2 s, or
// the `spread` of a server with many clients); later ones double up to 30 s and keep half of their length as
// jitter.

export class Backoff {
  spread = 0;  // ms, in which the clients of this server are to come back
  #given;
  #failures = 0;
  #done = null;

  // given: {timers, random}; random() returns a number in [0, 1).
  constructor(given) {
    this.#given = given;
  }

  // Milliseconds to wait now. `retryAfter` (ms) is the server's own wish: never earlier, and spread as the first
  // wait so that the clients it sent away do not come back together.
  // `longest`: without such a wish.
  next(retryAfter = 0, longest = 30_000) {
    const first = Math.max(2_000, this.spread);
    const ceiling = Math.max(first, Math.min(longest, 2_000 * 2 ** this.#failures));
    const floor = this.#failures === 0 ? 0 : ceiling / 2;
    this.#failures = Math.min(this.#failures + 1, 10);
    const wait = floor + this.#given.random() * (ceiling - floor);
    return Math.round(retryAfter > 0 ? Math.max(wait, retryAfter + this.#given.random() * first) : wait);
  }

  reset() {
    this.#failures = 0;
  }

  // A wait that is ended by a timer, by end() or by the signal. One at a time.
  wait(delay, signal) {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = this.#done = () => {
        this.#given.timers.clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#given.timers.setTimeout(done, delay);
      return signal.addEventListener('abort', done);
    });
  }

  end() {
    this.#done?.();
  }
}
