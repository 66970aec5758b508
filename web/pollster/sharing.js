// One poll or stream for all tabs of a browser that show the same user: HTTP/1.1 has six connections for all of them. One
// tab leads (election.js): it asks from where the slowest tab stands (places.js), and hands each answer to the others
// over a BroadcastChannel. Where locks or channels are missing, each tab is alone and asks for itself.
//
// Each tab takes from an answer what follows its own cursors, so it may get one twice, or from two tabs that both
// believe to lead. What it may not do is miss one: a tab says where it stands (`follow`) when it begins to listen,
// when there is a new leader, and when the numbers of the messages show that one was lost; and the leader asks the
// server again from there.
//
// A frozen tab does not let go of its lock. So a leader that has said nothing for a while is asked whether it is there, and
// without an answer its lock is stolen. It is asked because a hidden leader's timers are slow, not so its messages.
// The timers are also why a tab that somebody looks at takes over from one that nobody looks at.

import { Election } from './election.js';
import { Places } from './places.js';

// ms, each with its random part: so that one tab asks, and one steals, and not all. Together less than two seconds.
const ASK = [500, 500];
const ANSWER = [500, 250];
const TAKE_OVER = [3_000, 500];
const LATE = 1_000;      // a timer that is so late has slept, and knows nothing
const RETRY_GAP = 1_000; // all tabs hear that the network is back, and all say so
const LIST_GAP = 5_000;  // tabs whose servers tell them different epochs would read their lists without an end

export class Sharing {
  #options;
  #timers;
  #follower;
  #on;
  #places = new Places();
  #channel = null;       // null: alone
  #election = null;
  #id;                   // of this tab
  #term = 0;             // of the newest leader that was heard of
  #said = { state: 'connecting' };  // what we say of the connection if we lead
  #watched = true;
  // If we lead:
  #reign = 0;            // our own term
  #number = 0;           // of the last message that nobody may miss
  #retried = 0;
  #listed = 0;
  // If another one does, while we listen:
  #walls = null;         // id -> wall; null: we do not listen now
  #end = () => {};
  #asks = 0;             // how often we have said where we stand
  #known = false;        // the leader has heard of the last time
  #heard = 0;            // `#number` of the leader, as far as we got
  #leaderWatched = true;
  #unanswered = 0;       // questions to the leader
  #due = 0;
  #timer = null;
  #taking = null;

  // locks: as navigator.locks; channel(name): a BroadcastChannel; newKey(): of this tab. Told of: take({wall id: part});
  // listIsOld(); listens(), the connection is another tab's; state({state, retryAt, reason}) of that connection; turned(),
  // we lead, or do not any more; retry(), another tab wants the connection to be verified. Asked for: listDue(),
  // mustRead(), as by the follower.
  constructor({ locks, channel, timers, random, newKey, follower, ...on }) {
    this.#options = { locks, channel, random, newKey };
    this.#timers = timers;
    this.#follower = follower;
    this.#on = on;
  }

  get leads() { return this.#election?.leads ?? false; }
  get transport() { return this.#channel && !this.leads ? 'shared' : this.#follower.transport; }

  // name: that of the user, at this server.
  start(name) {
    const { locks, channel, newKey } = this.#options;
    if (!locks || !channel) return;
    try {
      this.#channel = channel(`pollster.1 ${name}`);  // a number: what tabs say may change
    } catch {
      return;
    }
    this.#id ??= newKey();
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#election = new Election({
      locks, name: `pollster.1 ${name}`, changed: () => this.#changed(), failed: () => { this.stop(); this.#on.turned(); },
    });
    this.#election.enter();
  }

  stop() {
    this.#end();
    if (this.#channel) this.#channel.onmessage = null;
    this.#channel?.close();
    this.#election?.leave();
    this.#channel = this.#election = null;
    this.#said = { state: 'connecting' };
  }

  // As that of the follower.
  async follow(walls, signal, afterFailure) {
    if (signal.aborted) return;
    if (this.#channel && !this.leads) await this.#listen(walls, signal);
    else await this.#follower.follow(this.#channel ? this.#places.of(walls) : walls, signal, afterFailure);
  }

  interrupt() {
    this.#end();
    this.#follower.interrupt();
  }

  // Whether another tab verifies the connection instead.
  retry() {
    if (!this.#walls) return false;
    this.#send({ kind: 'retry' });
    return true;
  }

  set watched(on) {
    this.#watched = on;
    if (this.leads) this.#here();
    this.#consider();
  }

  // ---- leading ---------------------------------------------------------------------------------

  // What the follower has got.
  take(walls) {
    if (!this.leads) return this.#on.take(walls);
    const from = this.#places.advance(walls);
    this.#number += 1;
    this.#say({ kind: 'news', walls, from });
    return this.#on.take(walls);
  }

  // Of the follower, too. `lost`: walls that were taken away.
  listIsOld(lost = []) {
    this.#on.listIsOld();
    if (!this.leads) return;
    this.#places.drop(lost);
    this.#number += 1;
    this.#say({ kind: 'list' });
  }

  // The state of the connection is another one.
  state(said) {
    this.#said = said;
    if (this.leads) this.#here();
  }

  #here(more) { this.#say({ kind: 'here', state: this.#said, watched: this.#watched, ...more }); }
  #say(message) { this.#send({ term: this.#reign, number: this.#number, ...message }); }
  #send(message) { this.#channel?.postMessage(message); }

  #changed() {
    this.#end();
    if (this.leads) {
      // A clock that was set back does not make this leader one of before.
      this.#reign = this.#term = Math.max(this.#term + 1, this.#timers.now());
      this.#number = 0;
      this.#places.clear();
      this.#here();
    } else {
      this.#follower.interrupt();
    }
    this.#on.turned();
  }

  #asked({ kind, tab, ask, cursors }) {
    const now = this.#timers.now();
    if (kind === 'ask') this.#here();
    if (kind === 'retry' && now - this.#retried >= RETRY_GAP) {
      this.#retried = now;
      this.#on.retry();
    }
    if (kind !== 'follow') return;
    const { lowered, disagrees } = this.#places.want(cursors);
    this.#here({ tab, ask });
    if (disagrees && now - this.#listed >= LIST_GAP) {
      this.#listed = now;
      this.listIsOld();
      this.#follower.interrupt();
    } else if (lowered) {
      this.#follower.interrupt();
    }
  }

  // ---- listening -------------------------------------------------------------------------------

  // Until something is to be read, or we lead.
  async #listen(walls, signal) {
    this.#on.listens();
    this.#walls = new Map([...walls].map((wall) => [wall.id, wall]));
    const due = this.#timers.setTimeout(() => this.#end(), Math.max(0, this.#on.listDue() - this.#timers.now()));
    const ended = new Promise((resolve) => { this.#end = resolve; });
    signal.addEventListener('abort', this.#end);
    this.#tell();
    this.#consider();
    await ended;
    signal.removeEventListener('abort', this.#end);
    this.#end = () => {};
    this.#walls = null;
    this.#timers.clearTimeout(due);
    this.#timers.clearTimeout(this.#timer);
    this.#consider();
  }

  // Where we stand.
  #tell() {
    this.#known = false;
    this.#asks += 1;
    const cursors = [...this.#walls.values()].map(({ id, timeline }) => [id, timeline.cursor, timeline.epoch]);
    this.#send({ kind: 'follow', tab: this.#id, ask: this.#asks, cursors });
    this.#wait(this.#unanswered + 1);
  }

  #hear(message) {
    if (message.term === undefined) {
      if (this.leads) this.#asked(message);
      // Somebody has asked for all of us.
      else if (message.kind !== 'retry' && this.#walls && this.#known && this.#unanswered === 0) this.#wait(1);
      return;
    }
    if (message.term < this.#term) return;  // of a leader that was frozen, and does not know yet that it is none
    const another = message.term > this.#term;
    this.#term = message.term;
    if (this.leads) return;
    if (!this.#walls) {  // we say where we stand when we listen again
      if (message.kind === 'list') this.#on.listIsOld();
      return;
    }
    if (another) this.#tell();
    this.#wait(0);
    if (message.kind === 'here') this.#hearHere(message);
    else if (this.#known && message.number !== this.#heard + 1) this.#missed();
    else this.#hearNews(message);
  }

  #hearHere({ tab, ask, number, state, watched }) {
    this.#leaderWatched = watched;
    this.#consider();
    if (tab === this.#id && ask === this.#asks) {
      this.#known = true;
      this.#heard = number;
    }
    if (!this.#known) return;
    if (number !== this.#heard) this.#missed();
    else if (state.state !== 'connecting') this.#on.state(state);
  }

  #hearNews({ kind, number, walls, from }) {
    this.#heard = number;
    if (kind === 'list') {
      this.#on.listIsOld();
      this.#end();
      return;
    }
    const parts = Object.entries(walls).filter(([id]) => this.#walls.has(Number(id)));
    const ours = parts.filter(([id, { reset }]) => reset || from[id] <= this.#walls.get(Number(id)).timeline.cursor);
    this.#on.take(Object.fromEntries(ours));
    if (this.#on.mustRead()) this.#end();
    else if (ours.length < parts.length) this.#tell();
  }

  // A message was lost: it may have been one about the list.
  #missed() {
    this.#on.listIsOld();
    this.#end();
  }

  // For a sign of the leader.
  #wait(unanswered) {
    this.#unanswered = unanswered;
    this.#timers.clearTimeout(this.#timer);
    const delay = this.#random(unanswered ? ANSWER : ASK);
    this.#due = this.#timers.now() + delay;
    this.#timer = this.#timers.setTimeout(() => this.#silent(), delay);
  }

  // The answer may be there, too, if this timer is late. If it is not the next time, it does not come.
  #silent() {
    const late = this.#timers.now() - this.#due > LATE;
    if (this.#unanswered > (late ? 1 : 0)) {
      this.#wait(1);
      this.#election.steal();
    } else if (!this.#known) {
      this.#tell();
    } else {
      this.#send({ kind: 'ask' });
      this.#wait(this.#unanswered + 1);
    }
  }

  #consider() {
    const better = this.#walls !== null && this.#watched && !this.#leaderWatched;
    if (!better) {
      this.#timers.clearTimeout(this.#taking);
      this.#taking = null;
    } else {
      this.#taking ??= this.#timers.setTimeout(() => {
        this.#taking = null;
        this.#election.steal();
      }, this.#random(TAKE_OVER));
    }
  }

  #random([least, spread]) { return least + Math.round(this.#options.random() * spread); }
}
