// Posts that were not sent, and that no wall shows any more, because theirs was taken away: their texts, to be copied,
// or thrown away.

import { Kept } from '../pollster/kept.js';
import { arrange, byId, make } from './dom.js';

// The names in `storage` of what this user has not sent yet, in whichever tab, and in this one without a storage, too.
export function unsentOf(storage, { user, getSnapshot }) {
  const slot = (key) => `pollster.outbox.${user.id}.${key}`;
  return [...new Set([...getSnapshot().outbox.map(({ key }) => slot(key)), ...new Kept(storage).keys(slot(''))])];
}

const nodes = new Map();  // key -> {item, element}

// discard(key): of one that was refused; before that it is on its way.
export function showUnsent(items, discard) {
  byId('unsent').hidden = items.length === 0;
  for (const key of nodes.keys()) if (!items.some((item) => item.key === key)) nodes.delete(key);
  for (const item of items) {
    if (nodes.get(item.key)?.item !== item) nodes.set(item.key, { item, element: element(item, discard) });
  }
  arrange(byId('unsent-posts'), items.map(({ key }) => nodes.get(key).element));
}

function element({ key, wall, body, state, reason }, discard) {
  const text = make('div', { class: 'unsent-text', dir: 'auto', tabindex: 0 }, body);
  const button = (name, onclick) => make('button', { class: 'link', type: 'button', onclick }, name);
  return make('li', {}, text,
    make('p', { class: 'status', title: reason }, `Wall #${wall} `, button('Copy', () => copy(text)), ' ',
      state === 'failed' ? button('Discard', () => discard(key)) : null));
}

// Over plain http there is no clipboard: then what was selected is copied, or stays selected.
function copy(text) {
  document.getSelection().selectAllChildren(text);
  const copied = navigator.clipboard?.writeText(text.textContent) ?? Promise.reject(new Error('none'));
  copied.catch(() => document.execCommand('copy'));
}
