// The scrolling list of one wall's rows. The document holds those near the window alone, however long the wall is;
// a gap as tall as the others stands for them. Whatever is at the top of the window stays where it is on the
// screen, and a row with the focus or the selection stays in the document.

import { arrange, make } from './dom.js';
import { Heights, withGaps } from './heights.js';
import { Row } from './row.js';

const NEAR_END = 60;    // px that still count as "at the end"
const NEAR_TOP = 400;   // px from the top at which older posts are asked for
const MOST_SELECTED = 200;  // rows of a selection that are kept; of a longer one its ends

export class MessageList {
  #scroller;
  #list;
  #actions;
  #rows = [];           // all, in order
  #index = new Map();   // row key -> its place in #rows
  #nodes = new Map();   // key -> Row, of the rows in the document
  #gaps = new Map();    // name -> element
  #near = { from: 0, to: 0 };  // the rows around the window, all in the document
  #heights = new Heights();
  #width = 0;
  #top = 0;             // where the window was when `atEnd` was judged
  atEnd = true;

  // actions: {nearTop(), endReached(atEnd), retry(key), takeBack(key), edit(post), remove(post), editor()};
  // editor() is the element shown in place of the text of the row with `editing`.
  constructor(scroller, list, actions) {
    this.#scroller = scroller;
    this.#list = list;
    this.#actions = actions;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // The end stays in sight when a phone's keyboard, a banner or a longer draft takes room.
    new ResizeObserver(() => this.#settle()).observe(scroller);
    list.addEventListener('folded', () => this.#scrolled());
  }

  // Shows these rows. `jump` 'end' or 'new' (the line above the unread posts) for another wall,
  // otherwise the reader's place is kept, which is the end for someone at the end.
  show(rows, jump = null) {
    // Measured, not remembered: the event of a scroll that just happened may still be on its way.
    const anchors = jump || this.#nearEnd() ? [] : this.#anchors();
    if (jump) this.#heights.forget();
    if (jump === 'new') anchors.push({ key: 'new', end: 120 });
    this.#rows = rows;
    this.#index = new Map(rows.map(({ key }, n) => [key, n]));
    this.#render(anchors.find(({ key }) => this.#index.has(key)) ?? null);
    this.#scrolled();
  }

  // Moves the focus to a control of this post, or to the list if the post has none any more.
  focus(postId, name) {
    const element = this.#nodes.get(`post:${postId}`)?.element;
    (element?.querySelector(`[data-do="${name}"]`) ?? this.#scroller).focus();
  }

  toEnd() {
    this.#render(null);
    this.#scrolled();
  }

  // Whether there is room for older posts without scrolling.
  get nearTop() {
    return this.#scroller.scrollTop < NEAR_TOP;
  }

  // Brings the rows around the window into the document. `anchor`: {key, end}, a row and how far below the window's
  // top it is to end; null for the end of the list. Heights are guesses until a row is there, so look again.
  #render(anchor) {
    for (let turn = 0; turn < 8; turn++) {
      const { clientHeight } = this.#scroller;
      const margin = this.#margin;
      const end = anchor ? anchor.end : clientHeight;
      const index = anchor ? this.#index.get(anchor.key) : this.#rows.length - 1;
      this.#near = this.#heights.span(this.#rows, index, end + margin, clientHeight - end + margin);
      this.#draw();
      this.#measure();
      this.#place(anchor);
      if (this.#covered()) return;
    }
  }

  get #margin() { return Math.max(600, this.#scroller.clientHeight); }

  #draw() {
    const kept = this.#held();
    for (let n = this.#near.from; n < this.#near.to; n++) kept.add(n);
    const nodes = new Map();
    const gaps = new Map();
    const elements = withGaps(this.#rows, [...kept].sort((a, b) => a - b)).map(({ row, gap, from, to }) => {
      if (!row) {
        const element = this.#gaps.get(gap) ?? make('li', { class: 'gap', 'aria-hidden': 'true' });
        element.style.height = `${this.#heights.sum(this.#rows, from, to)}px`;
        gaps.set(gap, element);
        return element;
      }
      const node = this.#nodes.get(row.key) ?? new Row(this.#actions);
      node.update(row);
      nodes.set(row.key, node);
      return node.element;
    });
    this.#nodes = nodes;
    this.#gaps = gaps;
    arrange(this.#list, elements);
  }

  // The places of the rows that must not leave: what the keyboard or the selection is in.
  #held() {
    const kept = new Set();
    const placeOf = (node) => {
      for (const [key, { element }] of this.#list.contains(node) ? this.#nodes : []) {
        if (element.contains(node)) return this.#index.get(key);
      }
      return undefined;
    };
    const selection = document.getSelection();
    const { startContainer, endContainer } = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : {};
    const [first, last] = [placeOf(startContainer), placeOf(endContainer)];
    for (const place of [placeOf(document.activeElement), first, last]) if (place !== undefined) kept.add(place);
    if (last - first < MOST_SELECTED) for (let n = first; n < last; n++) kept.add(n);
    return kept;
  }

  // From the top of a row to the top of what follows: margins count, however they collapse.
  #measure() {
    if (this.#scroller.clientHeight === 0) return;  // not on the screen
    let above = null;
    for (const [key, { element }] of this.#nodes) {
      const { top } = element.getBoundingClientRect();
      if (above?.element.nextSibling === element) this.#heights.set(above.key, top - above.top);
      above = { key, element, top };
    }
    if (above) this.#heights.set(above.key, above.element.getBoundingClientRect().height);
  }

  #place(anchor) {
    if (!anchor) {
      this.#scroller.scrollTop = this.#scroller.scrollHeight;
      return;
    }
    const { bottom } = this.#nodes.get(anchor.key).element.getBoundingClientRect();
    const moved = bottom - this.#scroller.getBoundingClientRect().top - anchor.end;
    if (Math.abs(moved) >= 0.5) this.#scroller.scrollTop += moved;
  }

  // Whether the rows in the document go on well beyond the window, or to the end of the list.
  #covered() {
    const { from, to } = this.#near;
    if (from === to || this.#scroller.clientHeight === 0) return true;
    const edge = (index) => this.#nodes.get(this.#rows[index].key)?.element.getBoundingClientRect();
    const { top, bottom } = this.#scroller.getBoundingClientRect();
    return (from === 0 || edge(from).top < top - this.#margin / 2) &&
           (to === this.#rows.length || edge(to - 1).bottom > bottom + this.#margin / 2) &&
           edge(from).top < bottom && edge(to - 1).bottom > top;
  }

  // The posts in the window, and how far below its top they end: a heading may disappear when older posts come
  // before it, but the text below stays. The first one counts; the others, if it is gone.
  #anchors() {
    const { top, bottom } = this.#scroller.getBoundingClientRect();
    const seen = [];
    for (const [key, { element }] of this.#nodes) {
      const place = element.getBoundingClientRect();
      if (key.startsWith('post:') && place.bottom > top && place.top < bottom) seen.push({ key, end: place.bottom - top });
    }
    if (seen.length || this.#rows.length === 0) return seen;
    const { index, end } = this.#heights.at(this.#rows, top - this.#list.getBoundingClientRect().top);  // in a gap
    return [{ key: this.#rows[index].key, end }];
  }

  // Not if the reader has scrolled away since: that event may still be on its way.
  #settle() {
    if (this.#width !== this.#scroller.clientWidth) this.#heights.forget();
    this.#width = this.#scroller.clientWidth;
    if (this.atEnd && this.#scroller.scrollTop === this.#top) this.#render(null);
    this.#scrolled();
  }

  #scrolled() {
    if (!this.#covered()) this.#render(this.#anchors()[0] ?? null);
    this.atEnd = this.#nearEnd();
    this.#top = this.#scroller.scrollTop;
    this.#actions.endReached(this.atEnd);
    if (this.nearTop) this.#actions.nearTop();
  }

  #nearEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }
}
