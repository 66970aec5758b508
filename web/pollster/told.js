// Those who use the library and are told of what happens: its handlers, and the listeners that subscribed. Whatever
// they throw is reported, and changes nothing for anybody else.

export class Told {
  #handlers;
  #listeners = new Set();

  constructor(handlers) {
    this.#handlers = handlers;
  }

  // Returns the function that ends it. The same listener twice is two.
  add(listener) {
    const mine = (now) => listener(now);
    this.#listeners.add(mine);
    return () => { this.#listeners.delete(mine); };
  }

  // now(): the snapshot that the listeners get.
  tell(name, values, now) {
    this.#guarded(() => this.#handlers[name]?.(...values));
    for (const listener of this.#listeners) this.#guarded(() => listener(now()));
  }

  #guarded(call) {
    try {
      call()?.catch?.((error) => this.#report(error));
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error) {
    try {
      (this.#handlers.onError ?? globalThis.reportError ?? console.error)(error);
    } catch { /* it was told */ }
  }
}
