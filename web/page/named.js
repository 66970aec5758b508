// An element with the name of a user or wall: its text direction stays inside, invisible characters are
// written out, and the id is shown on hover, or beside the name if another name looks the same.

import { make } from './dom.js';
import { shown } from '../pollster/names.js';

export function named(tag, id, name, { twin = false, ...attributes } = {}) {
  return make(tag, { title: id === null ? null : `#${id}`, ...attributes },
    make('bdi', {}, shown(name)), twin ? make('span', { class: 'number' }, ` #${id}`) : null);
}
