// What a wall shows, line by line: posts, day separators, the line above the unread posts, and our
// posts that are still on their way. No DOM: row.js makes elements of them.

import { dayName, dayOf } from './format.js';
import { authorsOf } from '../pollster/names.js';

const SAME_BREATH = 5 * 60_000;  // ms between two posts of one author under one heading

// Rows are {key, type: 'day' | 'new' | 'post', …}; a post row has {post, name, own, head, twin, editing, pending};
// `name`: the author's, as in the newest post: a renamed author has one name; `twin`: another author here has a name
// that looks the same.
// `unreadFrom`: entry number of the first unread post, or null. `editing`: post_id of the post being edited, or null.
export function rowsOf(posts, pending, { me, unreadFrom, now, editing = null }) {
  const rows = [];
  const { names, twins } = authorsOf(posts, me);
  let day = { begin: NaN, end: NaN };
  let previous = null;
  const add = (post, item) => {
    const key = item ? `pending:${item.key}` : `post:${post.post_id}`;
    const written = timeOf(post);
    if (!(written >= day.begin && written < day.end) && !Number.isNaN(written)) {
      day = dayOf(written);  // a post without a date is of the day of its neighbours
      previous = null;
      rows.push({ key: `day of ${key}`, type: 'day', name: dayName(day, now) });
    }
    if (unreadFrom !== null && post.id === unreadFrom) {
      previous = null;
      rows.push({ key: 'new', type: 'new' });
    }
    const pause = previous ? written - timeOf(previous) : NaN;
    const head = previous?.user_id !== post.user_id || !(pause <= SAME_BREATH);
    rows.push({ key, type: 'post', post, name: names.get(post.user_id), own: post.user_id === me.id, head, twin: twins.has(post.user_id),
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

// A wall of 10,000 posts is gone through for each page of history: a post's time is read once.
const times = new WeakMap();
function timeOf(post) {
  let ms = times.get(post);
  if (ms === undefined) times.set(post, ms = Date.parse(post.created_at));
  return ms;
}

function alreadySeen(item, posts, me) {
  return item.state === 'sending' &&
         posts.some((post) => post.id > item.after && post.user_id === me.id && post.body === item.body);
}

// The entry number of the first of `unread` posts by others, counted back from entry `newest`: posts that arrive
// while pages of history are read are not among them. null if there is none; undefined if it is older than `posts`.
export function firstUnread(posts, { unread, newest = Infinity, complete = true }, me) {
  const others = posts.filter((post) => post.user_id !== me.id && post.id <= newest);
  if (unread === 0) return null;
  if (others.length < unread && !complete) return undefined;
  return others.length > 0 ? others[Math.max(0, others.length - unread)].id : null;
}
