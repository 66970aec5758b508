// The posts of one wall, in order and in their current state: live entries and pages of history joined
// without gaps or doubles. Knows no HTTP.
//
// Two sources overlap. The feed brings every entry above the cursor, one by one. A page of history is a
// snapshot at its own `newest`, which may be newer than the cursor (entries up to it will come again from the
// feed) or older (a slow answer: what the feed changed since is applied again). So each post
// remembers which entry number its state comes from, and only newer changes apply.

export class Timeline {
  loaded = false;    // a first page of history has been read
  complete = false;  // the wall's first post is held
  resets = 0;        // a page asked for before a reset must not be used after it
  cursor;            // the newest entry held: this wall's value in the local hash
  epoch;             // what the cursor is a number of; null or undefined: there is no entry yet, or an old server
  #posts = [];       // ascending by id; frozen once somebody has seen it
  #from;             // entries in (#from, cursor] came through the feed
  #state = new Map();    // post_id -> number of the entry that `posts` shows it at
  #changes = new Map();  // post_id -> newest edit or delete entry seen

  constructor(cursor, epoch) {
    this.reset(cursor, epoch);
  }

  // Forgets everything; the feed goes on above `cursor`.
  reset(cursor, epoch) {
    this.resets++;
    this.epoch = epoch;
    this.#posts = [];
    this.loaded = this.complete = false;
    this.cursor = this.#from = cursor;
    this.#state.clear();
    this.#changes.clear();
  }

  // Whoever holds this array, or a post in it, never sees it change: the next change makes another one.
  get posts() {
    return Object.freeze(this.#posts);
  }

  // Where the next older page ends (exclusive); undefined before anything is held.
  get oldest() {
    return this.#posts[0]?.id;
  }

  // Does an answer with this epoch refer to what is held? Another epoch belongs to a restored database, or to
  // a new wall with the id of a former one. A timeline that holds nothing yet accepts any.
  agrees(epoch) {
    if (this.cursor === 0 && !this.#posts.length) this.epoch = epoch;
    return epoch == null || this.epoch == null || epoch === this.epoch;
  }

  // Entries of a poll answer. Returns what became visible: {added, changes, gap}; `changes` are
  // the edit and delete entries themselves, also those of posts not held. With `gap` ({expected, got})
  // the entries before it have been taken, the rest must be read again.
  feed(entries) {
    const result = { added: [], changes: [], gap: null };
    for (const entry of entries) {
      if (entry.id <= this.cursor) continue;
      if (entry.id !== this.cursor + 1) {
        result.gap = { expected: this.cursor + 1, got: entry.id };
        break;
      }
      this.cursor = entry.id;
      if (entry.kind === 'post') {
        if (this.#insert(entry, entry.id)) result.added.push(entry);
      } else if (entry.kind === 'edit' || entry.kind === 'delete') {
        result.changes.push(entry);
        this.change(entry);
      }
    }
    return result;
  }

  // A page of history. Returns false if the page is older than anything the feed brought: then a hole would be left,
  // so everything is dropped and the feed must go on from the page's `newest`. Do not pass a page whose epoch does not
  // agree.
  page({ posts, more, newest, epoch }) {
    const rewound = !this.loaded && newest < this.#from;
    if (rewound) this.reset(newest, epoch);
    this.epoch ??= epoch;
    // The feed may go on from it only if nothing that it would bring is missing: no post between, no change of what is
    // held.
    if (!this.#posts.length && (!more || posts[0]?.id <= this.cursor + 1)) this.cursor = Math.max(this.cursor, newest);
    for (const post of posts) this.#insert(post, newest);
    this.loaded = true;
    this.complete = !more;
    return !rewound;
  }

  // The answer to a post of ours. It may be ahead of the feed, which will bring it again; at or
  // below the cursor it has already come. The cursor stays: entries of others may lie between.
  acknowledge(entry) {
    return entry.id > this.cursor && this.#insert(entry, entry.id);
  }

  // An edit or deletion: the feed's, or the answer to one of ours, which may be ahead of the feed and
  // leaves the cursor alone. The post's own entry is the answer to an edit that changed nothing.
  change(entry) {
    const known = this.#changes.get(entry.post_id);
    if (!known || known.id < entry.id) this.#changes.set(entry.post_id, entry);
    this.#apply(entry);
  }

  // A post that is held comes again at a higher entry if it was deleted, or left the wall, and came back: it
  // is shown where it came back.
  #insert(post, state) {
    if (this.#state.has(post.post_id)) {
      const held = this.#find(post);
      if (this.#posts[held].id >= post.id) return false;
      this.#own().splice(held, 1);
    }
    this.#state.set(post.post_id, state);
    let at = this.#posts.length;
    while (at > 0 && this.#posts[at - 1].id > post.id) at--;
    this.#own().splice(at, 0, Object.freeze(post));
    const change = this.#changes.get(post.post_id);
    if (change) this.#apply(change);
    return true;
  }

  #apply(change) {
    const state = this.#state.get(change.post_id);
    if (state === undefined || state >= change.id) return;
    this.#state.set(change.post_id, change.id);
    const at = this.#find(change);
    const held = this.#posts[at];
    if (held.body === null) return;  // a deletion is the last word, until the post comes back
    const { body, user_id, user_name, extra } = change;  // null: deleted
    const changed = { ...held, body, user_id, user_name, extra };
    if (change.edited_at || body !== held.body) changed.edited_at = change.edited_at ?? change.created_at;
    this.#own()[at] = Object.freeze(changed);
  }

  #find({ post_id }) {
    return this.#posts.findIndex((post) => post.post_id === post_id);
  }

  // The posts, to be changed.
  #own() {
    if (Object.isFrozen(this.#posts)) this.#posts = [...this.#posts];
    return this.#posts;
  }
}
