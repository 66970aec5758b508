// A wall as the client keeps it; `view` is how users of the library see it.
//
// What is unread is counted in two parts that never overlap: the server's count of what was above the read mark up to
// some entry, and the posts that are held above that entry. The feed brings again what a list of walls, which may be
// ahead of it, has counted; and what a list that is behind has not counted is held.

import { Timeline } from './timeline.js';

export class Wall {
  timeline;          // beside it: id, name and kind, as the server has them
  read = 0;          // our read mark, as far as we set it
  readTimer = null;
  paging = null;     // the promise of the page of history under way
  stale = false;     // must be read again: a gap, or a restored database
  #counted = 0;      // by the server, up to #upTo
  #upTo = 0;
  #client;
  #view = {};

  constructor(id, newest, epoch, client) {
    this.id = id;
    this.timeline = new Timeline(newest, epoch);
    this.#client = client;
  }

  // So many are unread up to this entry, and whatever follows.
  counted(unread, upTo) {
    this.#counted = unread;
    this.#upTo = upTo;
  }

  // Of the newest 1,000, which is as far as the server counts, too.
  get unread() {
    const isUnread = ({ id, user_id, body }) => id > this.#upTo && user_id !== this.#client.user?.id && body !== null;
    return this.#counted + this.timeline.posts.slice(-1_000).filter(isUnread).length;
  }

  // Never changes: another object after each change, the same one without.
  get view() {
    const { id, name, kind, unread, timeline: { cursor, posts, loaded, complete } } = this;
    const view = {
      id, name, kind,
      unread, newest: Math.max(cursor, this.#upTo),  // `unread` counts up to this entry
      posts,                   // ascending
      loaded,                  // the newest page of history has been read
      complete,                // and everything before it
    };
    if (Object.keys(view).some((key) => view[key] !== this.#view[key])) this.#view = Object.freeze(view);
    return this.#view;
  }
}
