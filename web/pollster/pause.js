// A wait that is ended by a timer, by end() or by the signal. One at a time.

export class Pause {
  #timers;
  #done = null;

  constructor(timers) {
    this.#timers = timers;
  }

  wait(delay, signal) {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = this.#done = () => {
        this.#timers.clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#done = null;
        resolve();
      };
      const timer = this.#timers.setTimeout(done, delay);
      signal.addEventListener('abort', done);
    });
  }

  end() {
    this.#done?.();
  }
}
