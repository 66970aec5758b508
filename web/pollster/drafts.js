// Texts that were begun: the draft of each wall, and half edits. Each belongs to one user, outlives reload and end of
// session, and goes only when it was sent, or its author takes it away. No DOM.
//
// Two tabs may have begun different ones at the same place. Each tab keeps what it shows, also over a reload, in a
// storage of its own; beside it, in that of all tabs, under a name that no other tab writes to, for when it is closed.
// There a tab that has nothing at that place takes over what it finds.

import { randomKey } from './defaults.js';
import { Kept } from './kept.js';

export class Drafts {
  #all;
  #own;
  #tab;

  // As localStorage and sessionStorage, or null.
  constructor(storage, tabStorage) {
    this.#all = new Kept(storage);
    this.#own = new Kept(tabStorage);
    this.#tab = this.#own.get('pollster.tab') ?? randomKey();
    this.#own.set('pollster.tab', this.#tab);
  }

  // `place`: 'wall 1', 'edit 9001'.
  get(user, place) {
    const held = this.#own.get(slot(user, place));
    if (held) return held;
    const [found] = this.#all.keys(slot(user, place));
    if (!found) return '';
    const text = this.#all.get(found);
    this.#all.remove(found);
    this.set(user, place, text);
    return text;
  }

  set(user, place, text) {
    for (const [kept, key] of [[this.#own, slot(user, place)], [this.#all, slot(user, place) + this.#tab]]) {
      if (text === '') kept.remove(key);
      else kept.set(key, text);
    }
  }
}

const slot = ({ id }, place) => `pollster.draft.${id}.${place}.`;
