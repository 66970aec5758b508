// A wall as the client knows it. Users of the library read id, name, kind, unread, newest, posts, loaded
// and complete; the rest belongs to Pollster.

import { Timeline } from './timeline.js';

export class Wall {
  id;
  name = '';
  kind = '';
  unread = 0;
  timeline;
  read = 0;          // our read mark, as far as we set it
  readTimer = null;
  paging = null;     // the promise of the page of history under way
  stale = false;     // must be read again: a gap, or a restored database

  constructor(id, newest, epoch) {
    this.id = id;
    this.timeline = new Timeline(newest, epoch);
  }

  get newest() { return this.timeline.cursor; }      // `unread` counts up to this entry
  get posts() { return this.timeline.posts; }        // ascending
  get loaded() { return this.timeline.loaded; }      // the newest page of history has been read
  get complete() { return this.timeline.complete; }  // and everything before it
}
