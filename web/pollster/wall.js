// A wall as the client keeps it; `view` is how users of the library see it.

import { Timeline } from './timeline.js';

export class Wall {
  timeline;          // beside it: id, name and kind, as the server has them
  read = 0;          // our read mark, as far as we set it
  readTimer = null;
  paging = null;     // the promise of the page of history under way
  stale = false;     // must be read again: a gap, or a restored database
  unread = 0;
  #view = {};

  constructor(id, newest, epoch) {
    this.id = id;
    this.timeline = new Timeline(newest, epoch);
  }

  // Never changes: another object after each change, the same one without.
  get view() {
    const { id, name, kind, unread, timeline: { cursor, posts, loaded, complete } } = this;
    const view = {
      id, name, kind,
      unread, newest: cursor,  // `unread` counts up to this entry
      posts,                   // ascending
      loaded,                  // the newest page of history has been read
      complete,                // and everything before it
    };
    if (Object.keys(view).some((key) => view[key] !== this.#view[key])) this.#view = Object.freeze(view);
    return this.#view;
  }
}
