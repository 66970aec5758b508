// Searching the wall on the screen. The result covers its posts, newest first, until the reader goes back;
// the posts beneath keep their place.

import { Timeline } from '../pollster/timeline.js';
import { byId, make, unshown } from './dom.js';
import { fullTime, plural, searchable } from './format.js';
import { composing } from '../pollster/keys.js';
import { named } from './named.js';
import { isolated, twinsAmong } from '../pollster/names.js';
import { postText } from './post_text.js';

export class Search {
  #actions;
  #words = '';
  #found = null;    // Timeline of what was found: pages joined, later edits and deletions applied
  #before;          // where its next page ends
  #loading = false;

  // actions: {search(words, before) -> promise of a page, closed()}
  constructor(actions) {
    this.#actions = actions;
    byId('search-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#start(searchable(byId('search').value));
    });
    // A single-line field would join the last word of a line with the first of the next.
    byId('search').addEventListener('paste', (event) => {
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (!/[\r\n]/.test(text)) return;
      event.preventDefault();
      const field = event.target;
      field.setRangeText(text.replace(/[\r\n]+/g, ' '), field.selectionStart, field.selectionEnd, 'end');
    });
    byId('search').addEventListener('input', () => { if (byId('search').value === '') this.#leave(); });
    byId('search-back').addEventListener('click', () => this.#back());
    byId('search-more').addEventListener('click', () => this.#page());
    for (const id of ['search', 'results']) {
      byId(id).addEventListener('keydown', (event) => { if (event.key === 'Escape' && !composing(event)) this.#back(); });
    }
  }

  get open() { return this.#found !== null; }

  close() {
    this.#found = null;
    byId('search').value = '';
    byId('results').hidden = true;
    byId('results-state').textContent = '';
    byId('found').replaceChildren();
    this.#cover(false);
  }

  // Edit and delete entries of the wall.
  changed(entries) {
    if (this.open && entries.map((entry) => this.#found.change(entry)).some(Boolean)) this.#show();
  }

  #back() {
    this.#leave();
    byId('messages').focus();
  }

  #leave() {
    const wasOpen = this.open;
    this.close();
    if (wasOpen) this.#actions.closed();
  }

  #start(words) {
    if (words === '') return this.#back();
    this.#words = words;
    this.#found = new Timeline(0);
    this.#before = undefined;
    this.#loading = false;
    byId('found').replaceChildren();
    byId('results').hidden = false;
    this.#cover(true);
    this.#page();
  }

  // Neither the tab key nor a screen reader reaches what lies beneath.
  #cover(covered) {
    byId('messages').inert = byId('to-end').inert = covered;
  }

  async #page() {
    if (this.#loading) return;
    const found = this.#found;
    this.#loading = true;
    byId('search-more').hidden = true;
    byId('results-state').textContent = 'Searching…';
    try {
      const page = await this.#actions.search(this.#words, this.#before);
      if (found !== this.#found) return;  // other words, or closed
      found.page(page);
      this.#before = page.before;
      this.#show();
    } catch (error) {
      if (found !== this.#found) return;
      byId('results-state').textContent = `The search failed: ${error.message}`;
      byId('search-more').textContent = 'Try again';
      byId('search-more').hidden = false;
    } finally {
      if (found === this.#found) this.#loading = false;
    }
  }

  #show() {
    const { posts, complete } = this.#found;
    const count = plural(posts.length, '1 post', '% posts');
    // For a phrase of common words each page examines a limited number of posts, and may find none.
    byId('results-state').textContent = posts.length === 0 ? `Nothing was found${complete ? '' : ' yet'} for “${isolated(this.#words)}”.`
      : `${complete ? count : `The newest ${count}`} with “${isolated(this.#words)}”`;
    byId('search-more').textContent = posts.length === 0 ? 'Search older posts' : 'Older posts';
    byId('search-more').hidden = complete;
    const twins = twinsAmong(posts.map((post) => ({ id: post.user_id, name: post.user_name })));
    byId('found').replaceChildren(...posts.map((post) => result(post, twins)).reverse());
  }
}

function result(post, twins) {
  try {
    return intact(post, twins);
  } catch (error) {
    return unshown(make('li'), error);
  }
}

function intact(post, twins) {
  return make('li', { class: post.body === null ? 'post deleted' : 'post', 'data-found': post.post_id },
    make('div', { class: 'bubble-box' },
      make('p', { class: 'heading' }, named('strong', post.user_id, post.user_name, { twin: twins.has(post.user_id) }), ' ',
        make('time', { datetime: post.created_at }, fullTime(post.created_at))),
      make('div', { class: 'bubble', dir: 'auto' }, ...postText(post))));
}
