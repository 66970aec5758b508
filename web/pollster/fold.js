// The beginning of a long text: what a list shows of it, and a screen reader hears. No DOM.

const LINES = 20;
const LETTERS = 1_000;
const BREAK = /\r\n|[\n\r\u0085\u2028\u2029]/g;

// Where the beginning ends; the length of the text if that is not long. A third more is shown at once: a button for
// two lines is no help.
export function foldAt(text, lines = LINES, letters = LETTERS) {
  const ends = [];  // of the lines, as far as they matter
  for (const { index } of text.matchAll(BREAK)) {
    ends.push(index);
    if (ends.length > lines * 4 / 3) break;
  }
  const tall = ends.length > lines * 4 / 3;
  if (!tall && text.length <= letters * 4 / 3) return text.length;
  const end = Math.min(tall ? ends[lines - 1] : text.length, letters);
  return end === letters ? atWord(text, end) : end;
}

// Not within a word, if one ends soon before; never within a letter.
function atWord(text, end) {
  const space = text.slice(end - 60, end).search(/\s\S*$/);
  if (space > 0) return end - 60 + space;
  const goesOn = () => /\p{M}|[\udc00-\udfff]|\u200d|\ufe0f/u.test(text[end]) || text[end - 1] === '\u200d';
  for (let steps = 0; steps < 60 && goesOn(); steps++) end--;
  return end;
}

// For a screen reader, which cannot skim.
export function beginning(text) {
  const end = foldAt(text, 4, 240);
  return end < text.length ? `${text.slice(0, end)}… (a long post)` : text;
}

// The parts of a text, as links() makes them, up to `end`. A link that goes on keeps its whole address.
export function partsUpTo(parts, end) {
  const kept = [];
  for (const part of parts) {
    if (end <= 0) break;
    kept.push(part.text.length <= end ? part : { ...part, text: part.text.slice(0, end) });
    end -= part.text.length;
  }
  return kept;
}
