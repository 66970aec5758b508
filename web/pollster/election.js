// Which of the tabs leads: the one that holds a lock of the browser. The others stand in the queue for it, so it goes
// to the next one as soon as its tab is closed, or has crashed. A tab that is frozen keeps it, until it is taken away.

export class Election {
  leads = false;
  #locks;
  #name;
  #on;
  #mine = null;        // our request: in the queue, or granted

  // locks: as navigator.locks. Told of: changed(), `leads` is another one; failed(), no lock can be had here.
  constructor({ locks, name, ...on }) {
    this.#locks = locks;
    this.#name = name;
    this.#on = on;
  }

  enter() { this.#request(false); }
  steal() { this.#request(true); }

  // True at once, but not in a tab that is frozen. Chromium gives messages of a channel to a frozen tab, and nothing
  // else: no answer of the network, no timer and no lock.
  awake() { return this.#locks.request(`${this.#name} awake`, { ifAvailable: true }, () => {}).then(() => true, () => false); }

  leave() {
    const mine = this.#mine;
    this.#mine = null;
    this.leads = false;
    mine?.withdraw.abort();
    mine?.release();
  }

  async #request(steal) {
    this.leave();
    const mine = this.#mine = { withdraw: new AbortController(), release: () => {} };
    let lost = false;
    try {
      await this.#locks.request(this.#name, steal ? { steal } : { signal: mine.withdraw.signal }, () => {
        if (this.#mine !== mine) return undefined;  // withdrawn in this instant: given back
        this.leads = true;
        const held = new Promise((resolve) => { mine.release = resolve; });
        this.#on.changed();
        return held;
      });
    } catch (error) {
      lost = error.name === 'AbortError';
    }
    if (this.#mine !== mine) return;
    this.leads = false;
    if (!lost) {
      this.#mine = null;
      this.#on.failed();
      return;
    }
    this.enter();  // another tab has stolen it
    this.#on.changed();
  }
}
