// An element with the name of a user or wall: its direction stays inside, what cannot be seen is written
// out, the number is told on hover, and beside the name when another one looks the same.

import { make } from './dom.js';
import { shown } from './names.js';

export function named(tag, id, name, { twin = false, ...attributes } = {}) {
  return make(tag, { title: id === null ? null : `#${id}`, ...attributes },
    make('bdi', {}, shown(name)), twin ? make('span', { class: 'number' }, ` #${id}`) : null);
}
