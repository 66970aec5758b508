// A wall as the client keeps it; `view` is how users of the library see it.
//
// What is unread is counted in two parts that never overlap: the server's count of what was above the read mark up to
// some entry, and the posts that are held above that entry. The feed brings again what a list of walls, which may be
// ahead of it, has counted; and what a list that is behind has not counted is held. What was deleted since the server
// counted is still in its part, because a deletion does not tell which entry its post was; so as soon as all that is
// above the read mark is held, nothing but that is counted.

import { Timeline } from './timeline.js';

export class Wall {
  timeline;          // beside it: id, name and kind, as the server has them
  read = 0;          // our read mark, as far as we set it
  readTimer = null;
  paging = null;     // the promise of the page of history under way
  stale = false;     // must be read again: a gap, or a restored database
  #counted = 0;      // by the server, above #mark up to #upTo
  #upTo = 0;
  #mark;             // undefined: an old server
  #client;
  #view = {};

  constructor(id, newest, epoch, client) {
    this.id = id;
    this.timeline = new Timeline(newest, epoch);
    this.#client = client;
  }

  // So many are unread above the read mark up to this entry, and whatever follows.
  counted(unread, upTo, mark) {
    this.#counted = unread;
    this.#upTo = upTo;
    this.#mark = mark;
  }

  // Of the newest 1,000, which is as far as the server counts, too.
  get unread() {
    const { posts, oldest, cursor, complete } = this.timeline;
    const held = cursor >= this.#upTo && (complete || oldest <= this.#mark) && this.#mark >= 0;
    const [counted, above] = held ? [0, this.#mark] : [this.#counted, this.#upTo];
    const isUnread = ({ id, user_id, body }) => id > above && user_id !== this.#client.user?.id && body !== null;
    return counted + posts.slice(-1_000).filter(isUnread).length;
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
