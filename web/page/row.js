// The element of one row. When its row changes only the parts that differ are made anew: what else it holds keeps
// focus and selection.

import { arrange, make, unshown } from './dom.js';
import { clock, fullTime, hue, initials } from './format.js';
import { named } from './named.js';
import { postText } from './post_text.js';

export class Row {
  element = make('li');
  #actions;
  #row = null;
  #parts = new Map();   // name -> {look, element}

  // actions: as MessageList's
  constructor(actions) {
    this.#actions = actions;
  }

  // `row`: as rowsOf() makes it.
  update(row) {
    if (this.#row?.broken && this.#row.post === row.post) return;
    this.#row = row;
    try {
      if (row.type === 'post') this.#post(row);
      else this.#line(row.type === 'day' ? 'day' : 'new-line', row.type === 'day' ? row.name : 'New');
    } catch (error) {
      this.#row = { ...row, broken: true };
      this.#parts.clear();
      unshown(this.element, error);
    }
  }

  #line(look, text) {
    this.element.className = look;
    arrange(this.element, [this.#part('text', [text], () => make('span', {}, text))]);
  }

  #post({ post, name, own, head, twin, editing, pending }) {
    const { user_id: author, created_at: written } = post;
    const state = ['post', own ? 'own' : 'other', head && 'head', editing && 'editing', pending?.state, post.body === null && 'deleted'];
    this.element.className = state.filter(Boolean).join(' ');
    if (post.post_id !== undefined) this.element.dataset.post = post.post_id;
    const editor = editing ? this.#actions.editor() : null;
    const box = this.#part('box', [], () => make('div', { class: 'bubble-box' }));
    const part = (when, key, look, build) => (when ? this.#part(key, look, build) : this.#no(key));
    arrange(box, [
      part(head, 'heading', [own, twin, author, name, written], () => make('p', { class: 'heading' },
        named('strong', author, name, { twin, class: own ? 'unseen' : null }), ' ',
        make('time', { datetime: written, title: fullTime(written) }, clock(written)))),
      editor ?? part(true, 'bubble', [post.body, post.edited_at, written], () =>
        make('div', { class: 'bubble', dir: 'auto', title: fullTime(written) }, ...postText(post))),
      part(pending, 'status', [pending?.key, pending?.state, pending?.reason], () => this.#status(pending)),
    ].filter(Boolean));
    arrange(this.element, [
      part(head && !own, 'avatar', [name], () =>
        make('span', { class: `avatar ${hue(name)}`, 'aria-hidden': 'true' }, initials(name))),
      box,
      part(own && !pending && !editing && post.body !== null, 'controls', [], () => this.#controls()),
    ].filter(Boolean));
  }

  // The part that looks like this: the one that is there, or a new one.
  #part(key, look, build) {
    const held = this.#parts.get(key);
    if (held && held.look.every((value, n) => value === look[n])) return held.element;
    const element = build();
    this.#parts.set(key, { look, element });
    return element;
  }

  #no(key) {
    this.#parts.delete(key);
    return null;
  }

  #controls() {
    const button = (name, path, onclick) => make('button', { class: 'icon', type: 'button', title: name, 'aria-label': name, 'data-do': name, onclick }, picture(path));
    return make('div', { class: 'controls' },
      button('Edit', 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4', () => this.#actions.edit(this.#row.post)),
      button('Delete', 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13', () => this.#actions.remove(this.#row.post)));
  }

  #status({ key, state, reason }) {
    if (state !== 'failed') {
      return make('p', { class: 'status', title: reason }, state === 'waiting' && reason ? 'Waiting for the connection…' : 'Sending…');
    }
    const { retry, takeBack } = this.#actions;
    return make('p', { class: 'status', role: 'alert' }, `Not sent: ${reason} `,
      make('button', { class: 'link', type: 'button', onclick: () => retry(key) }, 'Retry'), ' ',
      make('button', { class: 'link', type: 'button', onclick: () => takeBack(key) }, 'Take back'));
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
