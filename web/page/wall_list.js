// The list of walls: links with an unread count, so that the keyboard and the back button work.

import { arrange, make } from './dom.js';
import { hue, initials, plural } from './format.js';
import { named } from './named.js';
import { twinsAmong } from '../pollster/names.js';

export const wallHref = (id) => `#wall-${id}`;
export function wallOfHref(hash) {
  const id = hash.match(/^#wall-(\d+)$/)?.[1] ?? 0;
  return Number.isSafeInteger(+id) ? +id : id;
}

const nodes = new Map();  // wall id -> {element, look}

export function showWalls(list, walls, current) {
  const kept = [];
  const twins = twinsAmong(walls.values());
  for (const wall of walls.values()) {
    const look = JSON.stringify([wall.name, wall.unread, wall.id === current, twins.has(wall.id)]);
    if (nodes.get(wall.id)?.look !== look) update(wall, look, wall.id === current, twins.has(wall.id));
    kept.push(nodes.get(wall.id).element);
  }
  arrange(list, kept);
}

// The link element stays, so that it keeps the keyboard's focus.
function update({ id, name, unread }, look, current, twin) {
  const held = nodes.get(id) ?? { element: make('li', {}, make('a', { href: wallHref(id), 'data-wall': id })) };
  const link = held.element.firstChild;
  if (current) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
  link.classList.toggle('has-unread', unread > 0);
  link.replaceChildren(
    make('span', { class: `avatar square ${hue(name)}`, 'aria-hidden': 'true' }, initials(name)),
    named('span', id, name, { twin, class: 'wall-title' }),
    ...(unread > 0 ? [make('span', { class: 'badge' }, unread > 99 ? '99+' : String(unread),
                           make('span', { class: 'unseen' }, plural(unread, ' unread post', ' unread posts')))] : []));
  nodes.set(id, { ...held, look });
}
