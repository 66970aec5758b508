// What a wall shows, line by line: posts, day separators, the line above the unread posts, and our
// posts that are still on their way. No DOM: message_list.js makes elements of the rows.

import { dayName } from './format.js';
import { twinsAmong } from './names.js';

const SAME_BREATH = 5 * 60_000;  // ms between two posts of one author under one heading

// Rows are {key, type: 'day' | 'new' | 'post', …}; a post row has {post, own, head, twin, editing, pending};
// `twin`: another author here has a name that looks the same.
// `unreadFrom`: entry number of the first unread post, or null. `editing`: post_id of the post being edited, or null.
export function rowsOf(posts, pending, { me, unreadFrom, now, editing = null }) {
  const rows = [];
  const twins = twinsAmong([me, ...posts.map((post) => ({ id: post.user_id, name: post.user_name }))]);
  let day = null;
  let previous = null;
  const add = (post, item) => {
    const key = item ? `pending:${item.key}` : `post:${post.post_id}`;
    const name = dayName(post.created_at, now);
    if (name !== null && name !== day) {  // without a date: of the day of its neighbours
      day = name;
      previous = null;
      rows.push({ key: `day of ${key}`, type: 'day', name });
    }
    if (unreadFrom !== null && post.id === unreadFrom) {
      previous = null;
      rows.push({ key: 'new', type: 'new' });
    }
    const pause = previous ? Date.parse(post.created_at) - Date.parse(previous.created_at) : NaN;
    const head = previous?.user_id !== post.user_id || !(pause <= SAME_BREATH);
    rows.push({ key, type: 'post', post, own: post.user_id === me.id, head, twin: twins.has(post.user_id),
                editing: !item && post.post_id === editing && post.body !== null,
                pending: item ? { key: item.key, state: item.state, reason: item.reason } : null });
    previous = post;
  };
  for (const post of posts) add(post, null);
  for (const item of pending) {
    if (!alreadySeen(item, posts, me)) add({ body: item.body, created_at: item.created_at, user_id: me.id, user_name: me.name }, item);
  }
  return rows;
}

function alreadySeen(item, posts, me) {
  return item.state === 'sending' &&
         posts.some((post) => post.id > item.after && post.user_id === me.id && post.body === item.body);
}

// The entry number of the first of `unread` posts by others, counted from the end; null if there are none.
export function firstUnread(posts, unread, me) {
  const others = posts.filter((post) => post.user_id !== me.id);
  return unread > 0 && others.length > 0 ? others[Math.max(0, others.length - unread)].id : null;
}
