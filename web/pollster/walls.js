// The walls of the user: the list as the server has it, what news say of each wall, and the reading of their history.

import { ApiError } from './api.js';
import { Wall } from './wall.js';

const LIST_EVERY = 300_000;       // ms; nothing tells of a new wall, so the list is read again
const READ_DELAY = 1_000;         // one read mark for a burst of posts

export class Walls {
  all = new Map();     // id -> Wall, by id
  listDue = 0;         // when the list is to be read again
  #api;
  #timers;
  #random;
  #me;
  #on;
  #interrupt;
  #refresh;

  // me() -> the user; on(name, ...values): as the handlers of Pollster; interrupt(): so that news are asked for anew;
  // refresh(): the list is to be read, a wall may no longer be ours.
  constructor({ api, timers, random, me, on, interrupt, refresh }) {
    this.#api = api;
    this.#timers = timers;
    this.#random = random;
    this.#me = me;
    this.#on = on;
    this.#interrupt = interrupt;
    this.#refresh = refresh;
  }

  // Nothing is known any more: another user, or none.
  forget() {
    this.all = new Map();
    this.listDue = 0;
  }

  get(id) {
    const wall = this.all.get(id);
    if (!wall) throw new ApiError('forbidden', 'This wall is not yours.', { status: 403 });
    return wall;
  }

  // Something is to be read before it goes on.
  get mustRead() { return this.listDue === 0 || this.stale.length > 0; }
  get stale() { return [...this.all.values()].filter((wall) => wall.stale); }

  async readList(signal) {
    // First: what is heard meanwhile makes this answer old.
    this.listDue = this.#timers.now() + LIST_EVERY * (0.5 + this.#random() / 2);
    const { walls } = await this.#api.walls(signal).catch((error) => {
      this.listDue = 0;
      throw error;
    });
    const known = this.all;
    this.all = new Map(walls.map(({ id, name, kind, newest, epoch, unread }) => {
      const wall = known.get(id) ?? new Wall(id, newest, epoch);
      if (!wall.timeline.agrees(epoch)) wall.stale = true;
      wall.timeline.epoch ??= epoch;
      // Marked as read here, but the server has not been told yet.
      return [id, Object.assign(wall, { name, kind, unread: wall.read >= newest ? 0 : unread })];
    }));
    this.#on('onWalls');
  }

  // One wall's part of a poll answer. `more` needs nothing: the next poll goes out at once anyway.
  take(id, { posts = [], reset = false, epoch }) {
    const wall = this.all.get(id);
    if (!wall) return;
    if (reset || !wall.timeline.agrees(epoch)) {
      wall.stale = true;
      return;
    }
    const { added, changes, gap } = wall.timeline.feed(posts);
    const others = added.filter((post) => post.user_id !== this.#me().id && post.body !== null).length;
    wall.unread += others;
    if (added.length) this.#on('onPosts', wall, added);
    if (changes.length) this.#on('onChanged', wall, changes);
    if (others) this.#on('onWalls');
    if (gap) {
      wall.stale = true;
      this.#on('onGap', wall, gap);
    }
  }

  // Drops what is held of the stale walls and reads their newest posts from the history.
  async reread(signal) {
    const walls = this.stale;
    for (const wall of walls) {
      const page = await this.#api.history(wall.id, { signal });
      wall.timeline.reset(page.newest, page.epoch);
      wall.timeline.page(page);
      wall.stale = false;
      wall.read = 0;
      this.#on('onChanged', wall, []);
    }
    if (walls.length) await this.readList(signal);  // for the unread counts
  }

  // Pages of one wall come one after the other; a second call joins the first.
  page(wall, limit) {
    const { timeline } = wall;
    wall.paging ??= (async () => {
      try {
        const held = timeline.resets;
        const page = await this.#api.history(wall.id, { before: timeline.loaded ? timeline.oldest : undefined, limit });
        if (held !== timeline.resets || this.all.get(wall.id) !== wall) return;  // belongs to what was dropped
        if (!timeline.agrees(page.epoch)) {
          wall.stale = true;  // read again as a whole
          this.#interrupt();
          return;
        }
        if (timeline.page(page) === null) this.#interrupt();
        this.#on('onChanged', wall, []);
      } catch (error) {
        if (error.kind === 'forbidden') this.#refresh();
        throw error;
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
    if (wall.unread !== 0) {
      wall.unread = 0;
      this.#on('onWalls');
    }
    wall.readTimer ??= this.#timers.setTimeout(() => {
      wall.readTimer = null;
      if (this.all.get(wall.id) !== wall) return;  // signed out meanwhile
      // A lost mark is repaired by the next one.
      this.#api.markRead(wall.id, wall.read).catch(() => { wall.read = 0; });
    }, READ_DELAY);
  }

  // Our own post or change, as the server has written it.
  acknowledge(id, entry) {
    const wall = this.all.get(id);
    if (wall?.timeline.acknowledge(entry)) this.#on('onChanged', wall, []);
  }

  changed(wall, entry) {
    if (this.all.get(wall.id) !== wall) return;  // signed out meanwhile
    wall.timeline.change(entry);
    this.#on('onChanged', wall, [entry]);
  }
}
