// Whether the tab that leads is there, and fit for it, as another tab sees it.
//
// A frozen tab does not let go of its lock. So a leader that has said nothing for a while is asked whether it is there,
// and its lock is stolen if it does not answer. It is asked, because a hidden tab's timers are slow (once a minute),
// but not its answers. Because of these timers, too, a tab that somebody looks at takes over from one that nobody looks
// at.

// ms, each with a random part, so that one tab asks, and one steals, and not all. Together less than two seconds.
const ASK = [500, 500];
const ANSWER = [500, 250];
const TAKE_OVER = [3_000, 500];
const LATE = 1_000;      // a timer that is so late has slept, and so may have what came meanwhile

export class LeaderWatch {
  #timers;
  #random;
  #on;
  #running = false;
  #watched = true;
  #leaderWatched = true;
  #unanswered = 0;       // questions
  #due = 0;
  #timer = null;
  #taking = null;

  // Asked to ask(), and to steal().
  constructor({ timers, random, ...on }) {
    this.#timers = timers;
    this.#random = random;
    this.#on = on;
  }

  // Whether somebody looks at this tab, and at that of the leader.
  set watched(on) {
    this.#watched = on;
    this.#consider();
  }
  set leaderWatched(on) {
    this.#leaderWatched = on;
    this.#consider();
  }

  // Ends with stop(). A question is to be on its way.
  start() {
    this.#running = true;
    this.#wait(1);
    this.#consider();
  }

  stop() {
    this.#running = false;
    this.#timers.clearTimeout(this.#timer);
    this.#consider();
  }

  heard() { this.#wait(0); }

  #wait(unanswered) {
    this.#unanswered = unanswered;
    this.#timers.clearTimeout(this.#timer);
    const delay = this.#draw(unanswered ? ANSWER : ASK);
    this.#due = this.#timers.now() + delay;
    this.#timer = this.#timers.setTimeout(() => this.#silent(), delay);
  }

  // If this timer is late, an answer may have come that this tab has not seen yet; but not the next time.
  #silent() {
    const late = this.#timers.now() - this.#due > LATE;
    if (this.#unanswered > (late ? 1 : 0)) {
      this.#on.steal();
    } else {
      this.#wait(this.#unanswered + 1);
      this.#on.ask();
    }
  }

  #consider() {
    if (!this.#running || !this.#watched || this.#leaderWatched) {
      this.#timers.clearTimeout(this.#taking);
      this.#taking = null;
      return;
    }
    this.#taking ??= this.#timers.setTimeout(() => {
      this.#taking = null;
      this.#on.steal();
    }, this.#draw(TAKE_OVER));
  }

  #draw([least, spread]) { return least + Math.round(this.#random() * spread); }
}
