// Texts that were begun: the draft of each wall, and half edits. Each belongs to one user, outlives reload and end of
// session, and goes only when it was sent, or its author takes it away. No DOM.

import { Kept } from '../pollster/kept.js';

export class Drafts {
  #kept;

  constructor(storage) {
    this.#kept = new Kept(storage);
  }

  // `place`: 'wall 1', 'edit 9001'.
  get(user, place) {
    return this.#kept.get(slot(user, place)) ?? '';
  }

  set(user, place, text) {
    if (text === '') this.#kept.remove(slot(user, place));
    else this.#kept.set(slot(user, place), text);
  }
}

const slot = ({ id }, place) => `pollster.draft.${id}.${place}`;
