// Words for times and texts. No DOM.

import { seen } from '../pollster/names.js';

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const withYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

// Any writer may have written any date. One that no browser can show costs its post the time, nothing else.
const inWords = (format, ms) => (Number.isNaN(ms) ? 'unknown time' : format.format(ms));

export const clock = (iso) => inWords(time, Date.parse(iso));
export const fullTime = (iso) => inWords(full, Date.parse(iso));

// "14:05", preceded by the date if that is not the day of `than`.
export function shortTime(iso, than) {
  const sameDay = new Date(iso).toDateString() === new Date(than).toDateString();
  return sameDay ? clock(iso) : `${inWords(day, Date.parse(iso))}, ${clock(iso)}`;
}

// The day of a time in the reader's time zone: {begin, end} in ms, the end belonging to the next one.
export function dayOf(ms) {
  const date = new Date(ms);
  const midnight = (more) => new Date(date.getFullYear(), date.getMonth(), date.getDate() + more).getTime();
  return { begin: midnight(0), end: midnight(1) };
}

// "Today", "Yesterday" or the date, for such a day.
export function dayName({ begin, end }, now) {
  const today = dayOf(now);
  if (begin === today.begin) return 'Today';
  if (end === today.begin) return 'Yesterday';
  return (new Date(begin).getFullYear() === new Date(now).getFullYear() ? weekday : withYear).format(begin);
}

export function initials(name) {
  const words = seen(name).split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)].map((word) => [...word][0]) : [...(words[0] ?? '?')].slice(0, 1);
  return letters.join('').toUpperCase();
}

// One of the eight avatar colours of style.css, the same for a name everywhere.
export function hue(name) {
  let hash = 2_166_136_261;  // FNV-1a: names that differ in one letter differ in colour
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0), 16_777_619);
  return `hue-${(hash >>> 24) % 8}`;
}

export const plural = (count, one, many) => (count === 1 ? one : many.replace('%', count));

// As much of a pasted text as a search takes (1,000 bytes of UTF-8), in one line, cut at a space because half
// a word would not be found.
export function searchable(text) {
  const line = text.replace(/\s+/g, ' ').trim();
  const bytes = new TextEncoder();
  if (bytes.encode(line).length <= 1000) return line;
  const characters = [...line];
  let size = 0;
  const end = characters.findIndex((character) => (size += bytes.encode(character).length) > 1000);
  const space = characters.lastIndexOf(' ', end);
  return characters.slice(0, space > 0 ? space : end).join('');
}
