// Texts that must not get lost: in `storage`, so that they outlive the page, and in memory in any case, because a
// storage may be missing, forbidden or full. Several tabs use one storage at the same time, so each text has a key of
// its own, which is only written as a whole, or removed.

export class Kept {
  #storage;
  #memory = new Map();
  #stored = new Set();  // keys whose value of ours is in the storage, too

  // storage: {setItem, getItem, removeItem, key, length} as localStorage has them, or null.
  constructor(storage) {
    this.#storage = storage;
  }

  set(key, value) {
    this.#memory.set(key, value);
    try {
      this.#storage.setItem(key, value);
      this.#stored.add(key);
    } catch {
      this.#stored.delete(key);
    }
  }

  // null if there is none, or another tab has removed it.
  get(key) {
    if (this.#memory.has(key) && !this.#stored.has(key)) return this.#memory.get(key);
    try {
      return this.#storage.getItem(key);
    } catch {
      return this.#memory.get(key) ?? null;
    }
  }

  remove(key) {
    this.#memory.delete(key);
    this.#stored.delete(key);
    try {
      this.#storage.removeItem(key);
    } catch { /* there is none */ }
  }

  // Those that begin so, in no order.
  keys(prefix) {
    const all = new Set(this.#memory.keys());
    try {
      for (let n = 0; n < this.#storage.length; n++) all.add(this.#storage.key(n));
    } catch { /* there is none */ }
    return [...all].filter((key) => key.startsWith(prefix) && this.get(key) !== null);
  }
}
