// Whether the way to the server still works while something hangs on it. A network may swallow everything without a
// word: a poll is silent for a minute anyway, and a stream for 25 s. So beside it a ping is sent after each 10 s of
// silence, and if that is not answered in 5 s (pollster/api.js), the way is lost.
//
// Only while somebody watches: a browser slows the timers of a hidden tab down to one a minute, and a page in sight
// costs the server a ping in 10 s (docs/CLIENT.md, "What a quiet page costs"), but thousands of forgotten tabs cost it
// nothing. A page that comes into sight asks at once (Pollster.retryNow). And only in the tab that has the connection
// (sharing.js).

const EVERY = 10_000;   // ms
const LATE = 5_000;     // a timer that is so late has slept with its machine

export class Pulse {
  dead = false;         // it was not answered; to be set back
  #given;
  #running = false;
  watched = true;       // somebody looks
  #timer = null;
  #due = 0;             // when the timer is to fire
  #heard = 0;           // when something came
  #asking = null;       // AbortController of the ping under way

  // given: {api, timers}; cut(): nothing is answered. client.retryNow(): the machine has slept.
  constructor(given) {
    this.#given = given;
  }

  look(on) {
    this.watched = on;
    this.#wait();
  }

  start() {
    this.#running = true;
    this.heard();
    this.#wait();
  }

  stop() {
    this.#running = false;
    this.#asking?.abort();
    this.#asking = null;
    this.#wait();
  }

  heard() {
    this.#heard = this.#given.timers.now();
  }

  // Asks now. Whether there was an answer, of whatever kind.
  async ask() {
    if (!this.#running) return false;
    this.#asking?.abort();  // that one may hang on a connection of before
    const asking = this.#asking = new AbortController();
    const answered = await this.#given.api.ping(asking.signal).then(() => true, (error) => error.status > 0);
    if (asking.signal.aborted) return false;
    this.#asking = null;
    if (answered) {
      this.heard();
      this.#wait();
    } else {
      this.dead = true;
      this.stop();
      this.#given.cut();
    }
    return answered;
  }

  #wait() {
    this.#given.timers.clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#running || !this.watched || this.#asking) return;
    this.#due = Math.max(this.#heard + EVERY, this.#given.timers.now());
    this.#timer = this.#given.timers.setTimeout(() => this.#beat(), this.#due - this.#given.timers.now());
  }

  #beat() {
    const now = this.#given.timers.now();
    if (now - this.#due > LATE) this.#given.client.retryNow();
    else if (now < this.#heard + EVERY) this.#wait();
    else this.ask();
  }
}
