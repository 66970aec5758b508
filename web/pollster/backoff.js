// How long to wait before trying again.
// After a restart of the server every client fails in the same second, so already the first wait
// is random (0-2 s); later ones double up to 30 s and keep half of their length as jitter.

export class Backoff {
  #failures = 0;
  #random;

  // random() returns a number in [0, 1).
  constructor(random) {
    this.#random = random;
  }

  // Milliseconds to wait now. `retryAfter` (ms) is the server's own wish: never earlier, and
  // spread over two seconds so that the clients it sent away do not come back together.
  next(retryAfter = 0) {
    const ceiling = Math.min(30_000, 2_000 * 2 ** this.#failures);
    const floor = this.#failures === 0 ? 0 : ceiling / 2;
    this.#failures = Math.min(this.#failures + 1, 10);
    const wait = floor + this.#random() * (ceiling - floor);
    return Math.round(retryAfter > 0 ? Math.max(wait, retryAfter + this.#random() * 2_000) : wait);
  }

  reset() {
    this.#failures = 0;
  }
}
