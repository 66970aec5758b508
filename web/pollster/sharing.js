// One poll or stream for all tabs of a browser that show the same user: HTTP/1.1 has six connections for all of them.
// One tab leads (election.js): it asks from where the slowest tab stands (places.js), and hands each answer to the
// others over a BroadcastChannel. Where one is refused, each tab is alone and asks for itself.
//
// Loaded only where it is of use (connection.js, #share), so that what everybody loads stays small.
//
// Each tab takes from an answer what follows its own cursors, so it may get one twice, or from two tabs that both
// believe to lead. What it may not do is miss one: a tab says where it stands (`follow`) when it begins to listen,
// when there is a new leader, and when the numbers of the messages show that one was lost; and the leader asks the
// server again from there. When it is time for another leader is known by leader_watch.js.

import { Election } from './election.js';
import { LeaderWatch } from './leader_watch.js';
import { idOf, Places } from './places.js';

// ms
const RETRY_GAP = 1_000; // all tabs hear that the network is back, and all say so
const LIST_GAP = 5_000;  // tabs whose servers tell them different epochs would read their lists without an end

export class Sharing {
  #given;
  #timers;
  #follower;
  #places = new Places();
  #channel = null;       // null: alone
  #election = null;
  #id;                   // of this tab
  #term = 0;             // of the newest leader that was heard of
  #said;                 // what we say of the connection if we lead
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
  #watch;

  // given: {locks, channel, timers, newKey, follower, walls, pulse, backoff}; locks: as navigator.locks; channel(name):
  // a BroadcastChannel; newKey(): of this tab. Told of: state({state, retryAt, reason}) of the connection that another
  // tab has; client.retryNow(), another tab wants ours to be verified.
  constructor(given) {
    const { timers, random } = this.#given = given;
    this.#timers = timers;
    this.#follower = given.follower;
    this.#watch = new LeaderWatch({
      timers, random, steal: () => this.#election.steal(),
      ask: () => { if (this.#known) this.#send({ kind: 'ask' }); else this.#tell(); },
    });
  }

  get leads() { return this.#election?.leads ?? false; }
  get transport() { return this.#channel && !this.leads ? 'shared' : this.#follower.transport; }

  // name: that of the user, at this server; said: what is known of the connection.
  start(user, said) {
    // Wherever a page, or a worker, names it from: another server at this origin has users with the same numbers.
    const here = globalThis.document?.baseURI ?? globalThis.location?.href;
    const name = here ? new URL(user, here).href : user;
    const { locks, channel = (id) => new BroadcastChannel(id), newKey } = this.#given;
    this.#said = said;
    this.look(this.#given.pulse.watched);
    try {
      this.#channel = channel(`pollster.1 ${name}`);  // a number: what tabs say may change
    } catch {
      return;
    }
    this.#id ??= newKey();
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#election = new Election({
      locks, name: `pollster.1 ${name}`, changed: () => this.#changed(), failed: () => { this.stop(); this.#given.backoff.end(); },
    });
    this.#election.enter();
  }

  stop() {
    this.#end();
    this.#channel?.close();
    this.#election?.leave();
    this.#channel = this.#election = null;
  }

  // As that of the follower.
  async follow(walls, signal, afterFailure) {
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

  // Whether somebody looks at this tab.
  look(on) { this.#watch.watched = on; }

  // ---- leading ---------------------------------------------------------------------------------

  // What the follower has got.
  take(walls) {
    if (!this.leads) return this.#given.walls.take(walls);
    const from = this.#places.advance(walls);
    this.#number += 1;
    this.#say({ kind: 'news', walls, from });
    return this.#given.walls.take(walls);
  }

  // Of the follower, too. `lost`: walls that were taken away.
  listIsOld(lost = []) {
    this.#given.walls.listIsOld();
    if (!this.leads) return;
    this.#places.drop(lost);
    this.#number += 1;
    this.#say({ kind: 'list' });
  }

  // The state of the connection is another one.
  state(said) {
    this.#said = said;
    this.look(this.#given.pulse.watched);
    if (this.leads) this.#here();
  }

  #here(more) { this.#say({ kind: 'here', state: this.#said, watched: this.#given.pulse.watched, ...more }); }
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
    this.#given.backoff.end();
  }

  async #asked({ kind, tab, ask, cursors }) {
    if (!await this.#election.awake()) return;
    const now = this.#timers.now();
    if (kind === 'ask') this.#here();
    if (kind === 'retry' && now - this.#retried >= RETRY_GAP) {
      this.#retried = now;
      this.#given.client.retryNow();
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
    this.#given.pulse.stop();
    this.#walls = new Map([...walls].map((wall) => [wall.id, wall]));
    const due = this.#timers.setTimeout(() => this.#end(), Math.max(0, this.#given.walls.listDue - this.#timers.now()));
    const ended = new Promise((resolve) => { this.#end = resolve; });
    signal.addEventListener('abort', this.#end);
    this.#watch.start();
    this.#tell();
    await ended;
    signal.removeEventListener('abort', this.#end);
    this.#end = () => {};
    this.#walls = null;
    this.#timers.clearTimeout(due);
    this.#watch.stop();
  }

  // Where we stand.
  #tell() {
    this.#known = false;
    this.#asks += 1;
    const cursors = [...this.#walls.values()].map(({ id, timeline }) => [id, timeline.cursor, timeline.epoch]);
    this.#send({ kind: 'follow', tab: this.#id, ask: this.#asks, cursors });
  }

  #hear(message) {
    if (message.term === undefined) {
      if (this.leads) this.#asked(message);
      return;
    }
    if (message.term < this.#term) return;  // of a leader that was frozen, and does not know yet that it is none
    const another = message.term > this.#term;
    this.#term = message.term;
    if (this.leads) return;
    if (!this.#walls) {  // we say where we stand when we listen again
      if (message.kind === 'list') this.#given.walls.listIsOld();
      return;
    }
    if (another && !this.#answers(message)) this.#tell();
    this.#watch.heard();
    if (message.kind === 'here') this.#hearHere(message);
    else if (this.#known && message.number > this.#heard + 1) this.#missed();
    else this.#hearNews(message);
  }

  // The leader knows where we stand.
  #answers({ tab, ask }) { return tab === this.#id && ask === this.#asks; }

  #hearHere(message) {
    const { number, state, watched } = message;
    this.#watch.leaderWatched = watched;
    if (this.#answers(message)) {
      this.#known = true;
      this.#heard = number;
    }
    if (!this.#known) return;
    if (number > this.#heard) this.#missed();
    else if (state.state !== 'connecting') this.#given.state(state);
  }

  #hearNews({ kind, number, walls, from }) {
    if (kind === 'list') {
      this.#missed();
      return;
    }
    this.#heard = number;
    const parts = Object.entries(walls).filter(([id]) => this.#walls.has(idOf(id)));
    const ours = parts.filter(([id, { reset }]) => reset || from[id] <= this.#walls.get(idOf(id)).timeline.cursor);
    this.#given.walls.take(Object.fromEntries(ours));
    if (this.#given.walls.mustRead) this.#end();
    else if (ours.length < parts.length) this.#tell();
  }

  // The list is old, or may be: a message was lost.
  #missed() {
    this.#given.walls.listIsOld();
    this.#end();
  }
}
