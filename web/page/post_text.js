// What a post says, as text nodes and links; with the time of its last edit. A long one is folded.

import { make } from './dom.js';
import { foldAt, partsUpTo } from '../pollster/fold.js';
import { fullTime, plural, shortTime } from './format.js';
import { links } from './links.js';

const unfolded = new Set();  // post_id: what the reader has opened stays open, also when its row comes back

export function postText({ post_id: id, body, created_at: createdAt, edited_at: editedAt }) {
  if (body === null) return ['This post was deleted.'];
  const end = foldAt(body);
  return [...(end < body.length ? folded(id, body, end) : partsOf(links(body))), ...(editedAt ? edited(editedAt, createdAt) : [])];
}

const partsOf = (parts) => parts.map(({ text, href }) =>
  (href ? make('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, text) : text));

const edited = (at, createdAt) => [' ',
  make('time', { class: 'edited', datetime: at, title: `Edited ${fullTime(at)}` }, `(edited ${shortTime(at, createdAt)})`)];

// Its beginning with a button for the rest. The button stays, so that it keeps the focus.
function folded(id, body, end) {
  const text = make('span', {});
  const button = make('button', { class: 'link fold', type: 'button', onclick: () => {
    if (!unfolded.delete(id)) unfolded.add(id);
    show();
    // The end of the post was in sight, its beginning may be far above.
    if (!unfolded.has(id)) button.scrollIntoView({ block: 'nearest' });
    button.dispatchEvent(new Event('folded', { bubbles: true }));
  } });
  const rest = body.length - end;
  const show = () => {
    const open = unfolded.has(id);
    text.replaceChildren(...partsOf(open ? links(body) : partsUpTo(links(body), end)), ...(open ? [] : ['…']));
    button.textContent = open ? 'Show less' : `Show the rest (${plural(rest, '1 letter', '% letters')})`;
    button.setAttribute('aria-expanded', open);
  };
  show();
  return [text, button];
}
