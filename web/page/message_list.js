// The scrolling list of one wall's rows. Elements are kept by row key and rebuilt only when their
// row differs, and whatever is at the top of the window stays where it is on the screen.

import { arrange, intact, make } from './dom.js';
import { clock, fullTime, hue, initials } from './format.js';
import { named } from './named.js';
import { postText } from './post_text.js';

const NEAR_END = 60;    // px that still count as "at the end"
const NEAR_TOP = 400;   // px from the top at which older posts are asked for

export class MessageList {
  #scroller;
  #list;
  #actions;
  #nodes = new Map();   // row key -> {element, look}
  #top = 0;             // where the window was when `atEnd` was judged
  atEnd = true;

  // actions: {nearTop(), endReached(atEnd), retry(key), discard(key), edit(post), remove(post), editor()};
  // editor() is the element shown in place of the text of the row with `editing`.
  constructor(scroller, list, actions) {
    this.#scroller = scroller;
    this.#list = list;
    this.#actions = actions;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // The end stays in sight when a phone's keyboard, a banner or a longer draft takes room.
    new ResizeObserver(() => this.#settle()).observe(scroller);
  }

  // Shows these rows. `jump` 'end' or 'new' (the line above the unread posts) for another wall,
  // otherwise the reader's place is kept, which is the end for someone at the end.
  show(rows, jump = null) {
    // Measured, not remembered: the event of a scroll that just happened may still be on its way.
    const anchor = jump || this.#nearEnd() ? null : this.#anchor();
    const nodes = new Map();
    for (const row of rows) {
      const look = JSON.stringify(row);
      const held = this.#nodes.get(row.key);
      nodes.set(row.key, held?.look === look ? held : { look, element: intact(() => this.#build(row)) });
    }
    this.#nodes = nodes;
    arrange(this.#list, [...nodes.values()].map(({ element }) => element));
    if (anchor) this.#restore(anchor);
    else this.#toStart(jump === 'new' ? nodes.get('new')?.element : null);
    this.#scrolled();
  }

  // Moves the focus to a control of this post, or to the list if the post has none any more.
  focus(postId, name) {
    const element = this.#nodes.get(`post:${postId}`)?.element;
    (element?.querySelector(`[data-do="${name}"]`) ?? this.#scroller).focus();
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#scrolled();
  }

  // Whether there is room for older posts without scrolling.
  get nearTop() {
    return this.#scroller.scrollTop < NEAR_TOP;
  }

  #toStart(line) {
    this.#scroller.scrollTop = line ? Math.max(0, line.offsetTop - 80) : this.#scroller.scrollHeight;
  }

  // The first post in the window and where it ends: its heading may disappear when older posts come before
  // it, but its text stays. The distance from the end is the fallback if this post itself disappears.
  #anchor() {
    const { scrollTop, scrollHeight } = this.#scroller;
    for (const [key, { element }] of this.#nodes) {
      const end = element.offsetTop + element.offsetHeight;
      if (key.startsWith('post:') && end > scrollTop) return { key, end: end - scrollTop, fromEnd: scrollHeight - scrollTop };
    }
    return { fromEnd: scrollHeight - scrollTop };
  }

  #restore({ key, end, fromEnd }) {
    const element = this.#nodes.get(key)?.element;
    this.#scroller.scrollTop = element ? element.offsetTop + element.offsetHeight - end : this.#scroller.scrollHeight - fromEnd;
  }

  // Not if the reader has scrolled away since: that event may still be on its way.
  #settle() {
    if (this.atEnd && this.#scroller.scrollTop === this.#top) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#scrolled();
  }

  #scrolled() {
    this.atEnd = this.#nearEnd();
    this.#top = this.#scroller.scrollTop;
    this.#actions.endReached(this.atEnd);
    if (this.nearTop) this.#actions.nearTop();
  }

  #nearEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  #build(row) {
    if (row.type === 'day') return make('li', { class: 'day' }, make('span', {}, row.name));
    if (row.type === 'new') return make('li', { class: 'new-line' }, make('span', {}, 'New'));
    const { post, own, head, twin, pending } = row;
    const state = ['post', own ? 'own' : 'other', head && 'head', row.editing && 'editing', pending?.state, post.body === null && 'deleted'];
    return make('li', { class: state.filter(Boolean).join(' '), 'data-post': post.post_id },
      head && !own ? make('span', { class: `avatar ${hue(post.user_name)}`, 'aria-hidden': 'true' }, initials(post.user_name)) : null,
      make('div', { class: 'bubble-box' },
        head ? make('p', { class: 'heading' },
          named('strong', post.user_id, post.user_name, { twin, class: own ? 'unseen' : null }), ' ',
          make('time', { datetime: post.created_at, title: fullTime(post.created_at) }, clock(post.created_at))) : null,
        row.editing ? this.#actions.editor()
          : make('div', { class: 'bubble', dir: 'auto', title: head ? null : fullTime(post.created_at) }, ...postText(post)),
        pending ? this.#status(pending) : null),
      own && !pending && !row.editing && post.body !== null ? this.#controls(post) : null);
  }

  #controls(post) {
    const { edit, remove } = this.#actions;
    const button = (name, path, onclick) => make('button', { class: 'icon', type: 'button', title: name, 'aria-label': name, 'data-do': name, onclick }, picture(path));
    return make('div', { class: 'controls' },
      button('Edit', 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4', () => edit(post)),
      button('Delete', 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13', () => remove(post)));
  }

  #status({ key, state, reason }) {
    if (state !== 'failed') {
      return make('p', { class: 'status', title: reason }, state === 'waiting' && reason ? 'Waiting for the connection…' : 'Sending…');
    }
    const { retry, discard } = this.#actions;
    return make('p', { class: 'status', role: 'alert' }, `Not sent: ${reason} `,
      make('button', { class: 'link', type: 'button', onclick: () => retry(key) }, 'Retry'), ' ',
      make('button', { class: 'link', type: 'button', onclick: () => discard(key) }, 'Discard'));
  }
}

function picture(path) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}
