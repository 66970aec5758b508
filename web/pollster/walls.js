// The walls of the user: the list as the server has it, what news say of each wall, and the reading of their history.

import { ApiError, aborted } from './api.js';
import { Wall } from './wall.js';

const LIST_EVERY = 300_000;       // ms; nothing tells of a new name, or of what was read elsewhere
const READ_DELAY = 1_000;         // one read mark for a burst of posts

export class Walls {
  all = new Map();     // id -> Wall, by id
  access;              // which walls these are, as a number of the server's; undefined: an old server
  listDue = 0;         // when the list is to be read again
  #listed = false;     // the list has been read
  #waiting = [];       // resolve functions of those who asked for a wall before
  #view = new Map();
  #given;

  // given: {api, timers, random}; client.user; stopped: nothing goes on; on(name, ...values): as the handlers of
  // Pollster; news() -> what is interrupted so that news are asked for anew.
  constructor(given) {
    this.#given = given;
  }

  // Nothing is known any more: another user, or none.
  forget() {
    this.all = new Map();
    this.listDue = 0;
    this.#listed = false;
    this.wake();
  }

  // A wall of which nothing is known yet is waited for, until the list is read, the user is gone, or all has stopped.
  async find(id) {
    const user = this.#given.client.user?.id;
    for (;;) {
      const refused = this.check(id, user);
      if (refused) throw refused;
      const wall = this.all.get(id);
      if (wall) return wall;
      if (this.#given.stopped) throw aborted();
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  // The ApiError, if this is no wall of this user; none while nobody knows.
  check(id, user) {
    if (!(user >= 0 && user === this.#given.client.user?.id)) return new ApiError('signed_out', 'Please sign in.');
    return this.#listed && !this.all.has(id) ? new ApiError('forbidden', 'This wall is not yours.', { status: 403 }) : null;
  }

  // As users of the library see them (wall.js): another map after each change.
  get view() {
    const now = new Map([...this.all].map(([id, wall]) => [id, wall.view]));
    const differs = now.size !== this.#view.size || [...now].some(([id, wall]) => this.#view.get(id) !== wall);
    return differs ? this.#view = now : this.#view;
  }

  // Something is to be read before it goes on.
  get mustRead() { return this.listDue === 0 || this.stale.length > 0; }
  get stale() { return [...this.all.values()].filter((wall) => wall.stale); }

  async readList(signal) {
    // First: what is heard meanwhile makes this answer old.
    this.listDue = this.#given.timers.now() + LIST_EVERY * (0.5 + this.#given.random() / 2);
    const { user, walls, access } = await this.#given.api.walls(signal).catch((error) => {
      this.listDue = 0;
      throw error;
    });
    this.access = access;
    if (user && user.name !== this.#given.client.user.name) this.#given.client.user = Object.freeze(user);
    const known = this.all;
    this.all = new Map(walls.map(({ id, name, kind, newest, epoch, read, unread }) => {
      const wall = known.get(id) ?? new Wall(id, newest, epoch, this.#given.client);
      if (!wall.timeline.agrees(epoch)) wall.stale = true;
      wall.timeline.epoch ??= epoch;
      // What was marked as read here the server had not heard yet. All that came since is held, or comes.
      if (wall.read > (read ?? 0)) wall.counted(0, wall.read);
      else wall.counted(unread, newest, read);
      return [id, Object.assign(wall, { name, kind })];
    }));
    this.#listed = true;
    this.wake();
    this.#given.on('onWalls');
  }

  // An answer: {wall id: its part}.
  take(walls) {
    // Ids that are no exact numbers are texts everywhere.
    for (const [id, part] of Object.entries(walls)) this.#take(this.all.has(id) ? id : +id, part);
  }

  listIsOld() {
    this.listDue = 0;
  }

  // `more` needs nothing: the next poll goes out at once anyway.
  #take(id, { posts = [], reset, epoch }) {
    const wall = this.all.get(id);
    if (!wall) return;
    if (reset || !wall.timeline.agrees(epoch)) {
      wall.stale = true;
      return;
    }
    const { unread } = wall;
    const { added, changes, gap } = wall.timeline.feed(posts);
    if (added.length) this.#given.on('onPosts', wall.view, added);
    // What a page has brought before is held already, and is live only now.
    if (changes.length || !added.length) this.#given.on('onChanged', wall.view, changes);
    if (wall.unread !== unread) this.#given.on('onWalls');
    if (gap) {
      wall.stale = true;
      this.#given.on('onGap', wall.view, gap);
    }
  }

  // Drops what is held of the stale walls and reads their newest posts from the history.
  async reread(signal) {
    const walls = this.stale;
    for (const wall of walls) {
      const page = await this.#given.api.history(wall.id, { signal });
      wall.timeline.reset(page.newest, page.epoch);
      wall.timeline.page(page);
      wall.stale = false;
      wall.read = 0;
      this.#given.on('onChanged', wall.view, []);
    }
    if (walls.length) await this.readList(signal);  // for the unread counts
  }

  // Pages of one wall come one after the other; a second call joins the first.
  page(wall, limit) {
    const { timeline } = wall;
    wall.paging ??= (async () => {
      try {
        const held = timeline.resets;
        const page = await this.#given.api.history(wall.id, { before: timeline.loaded ? timeline.oldest : undefined, limit });
        if (held !== timeline.resets || this.all.get(wall.id) !== wall) return;  // belongs to what was dropped
        if (!timeline.agrees(page.epoch)) {
          wall.stale = true;  // read again as a whole
          this.#given.news().interrupt();
          return;
        }
        const { unread } = wall;
        if (!timeline.page(page)) this.#given.news().interrupt();
        this.#given.on('onChanged', wall.view, []);
        if (wall.unread !== unread) this.#given.on('onWalls');
      } finally {
        wall.paging = null;
      }
    })();
    return wall.paging;
  }

  // Everything held of this wall has been read. The server is told a moment later.
  markRead(id) {
    const wall = this.all.get(id);
    if (!wall || wall.read >= wall.timeline.cursor) return;
    wall.read = wall.timeline.cursor;
    wall.counted(0, wall.read);
    this.#given.on('onWalls');
    if (this.#given.client.user?.id) wall.readTimer ??= this.#given.timers.setTimeout(() => {
      wall.readTimer = null;
      if (this.all.get(wall.id) !== wall) return;  // signed out meanwhile
      // A lost mark is repaired by the next one.
      this.#given.api.markRead(wall.id, wall.read).catch(() => { wall.read = 0; });
    }, READ_DELAY);
  }

  // Our own post or change, as the server has written it.
  acknowledge(id, entry) {
    const wall = this.all.get(id);
    if (wall?.timeline.acknowledge(entry)) this.#given.on('onChanged', wall.view, []);
  }

  changed(wall, entry) {
    if (this.all.get(wall.id) !== wall) return;  // signed out meanwhile
    wall.timeline.change(entry);
    this.#given.on('onChanged', wall.view, [entry]);
  }

  // Who waits for a wall looks again.
  wake() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
