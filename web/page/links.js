// The addresses in a text. Only http(s) ones become links, never javascript: ones; where an address ends is
// judged as in GitHub's autolinks (https://github.github.com/gfm/#autolinks-extension-), and in time that grows
// with the text alone. No DOM.

// An address begins here, and goes on until a blank, a quotation mark, or what hides or turns letters.
const START = /https?:\/\//gi;
const ENDS = /[\s<>"\u201c-\u201f\u00ab\u00bb\u2039\u203a\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;
// Scripts without spaces, and what comes with them: the sentence goes on right after an address. (What a browser's
// address bar gives has them percent-encoded.)
const UNSPACED = new RegExp('[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}\\p{sc=Bopomofo}\\p{sc=Thai}\\p{sc=Lao}' +
                            '\\p{sc=Khmer}\\p{sc=Myanmar}\\u3000-\\u303f\\u30fb\\u30fc\\uff00-\\uffef]', 'u');
// Punctuation of the sentence, unless more of the address follows.
const AFTER = new Set('?!.,:;*_~\'\u2018\u2019\u2026');
const OPENING = { ')': '(', ']': '[', '}': '{' };

// No part of a host, though it may stand further on in an address.
const AFTER_HOST = /[/?#'(){},;!*|^`\\]/;

// Splits a text into {text} and {text, href} parts.
export function links(text) {
  const parts = [];
  let from = 0;
  let seen = 0;  // up to here it was found out whether there is an address
  for (const { 0: scheme, index } of text.matchAll(START)) {
    const host = index + scheme.length;
    if (index < seen || /[a-z0-9]/i.test(text[index - 1] ?? '') || !/[\p{L}\p{N}[]/u.test(letterAt(text, host))) continue;
    seen = endOf(text, host);
    const href = text.slice(index, withoutPunctuation(text, host, seen));
    if (!isAddress(href)) continue;
    if (index > from) parts.push({ text: text.slice(from, index) });
    parts.push({ text: href, href });
    from = seen = index + href.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

const letterAt = (text, at) => (at < text.length ? String.fromCodePoint(text.codePointAt(at)) : '');

function endOf(text, host) {
  let end = host;
  for (let letter, inHost = true; (letter = letterAt(text, end)) && !ENDS.test(letter); end += letter.length) {
    if (inHost && AFTER_HOST.test(letter)) {
      if (!/[/?#]/.test(letter)) break;
      inHost = false;
    }
    // A host may have such a name: 例え.jp, www.例え.jp.
    const label = inHost && /\p{L}/u.test(letter) && (end === host || text[end - 1] === '.' || UNSPACED.test(text[end - 1]));
    if (UNSPACED.test(letter) && !label) break;
  }
  return end;
}

// Nor the brackets that close none of the address's own.
function withoutPunctuation(text, host, end) {
  const count = {};
  for (let at = host; at < end; at++) count[text[at]] = (count[text[at]] ?? 0) + 1;
  for (; end > host; end--) {
    const last = text[end - 1];
    const closesNone = last in OPENING && count[last] > (count[OPENING[last]] ?? 0);
    if (!AFTER.has(last) && !closesNone) break;
    count[last]--;
  }
  return end;
}

function isAddress(href) {
  try {
    return new URL(href).host !== '';
  } catch {
    return false;
  }
}
