// What a post says, as text nodes and links; with the time of its last edit.

import { make } from './dom.js';
import { fullTime, shortTime } from './format.js';
import { links } from './links.js';

export function postText({ body, created_at: createdAt, edited_at: editedAt }) {
  if (body === null) return ['This post was deleted.'];
  const parts = links(body).map(({ text, href }) =>
    href ? make('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, text) : text);
  if (!editedAt) return parts;
  return [...parts, ' ', make('time', { class: 'edited', datetime: editedAt, title: `Edited ${fullTime(editedAt)}` },
                              `(edited ${shortTime(editedAt, createdAt)})`)];
}
