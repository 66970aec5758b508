// How tall the rows of a list are, which of them the window needs, and what stands for the others. No DOM.

const GUESS = 60;  // px of a row that was not shown yet

export class Heights {
  #measured = new Map();  // row key -> px

  set(key, px) { this.#measured.set(key, px); }
  of({ key }) { return this.#measured.get(key) ?? GUESS; }
  forget() { this.#measured.clear(); }

  sum(rows, from, to) {
    let px = 0;
    for (let n = from; n < to; n++) px += this.of(rows[n]);
    return px;
  }

  // The row at `y` px below the top of the list: {index, end}, `end` being how far its end is below `y`.
  at(rows, y) {
    let end = -y;
    for (let index = 0; index < rows.length; index++) {
      end += this.of(rows[index]);
      if (end > 0 || index === rows.length - 1) return { index, end: Math.max(1, end) };
    }
    return null;
  }

  // The rows [from, to) that cover `above` px up from the end of row `index`, and `below` px down from there.
  span(rows, index, above, below) {
    let from = index + 1;
    let to = index + 1;
    for (let px = 0; from > 0 && px < above; from--) px += this.of(rows[from - 1]);
    for (let px = 0; to < rows.length && px < below; to++) px += this.of(rows[to]);
    return { from, to };
  }
}

// What the list holds: these rows, ascending indices, and a gap {gap: name, from, to} for the rows between them.
// The name of a gap stays as long as the row after it does.
export function withGaps(rows, kept) {
  const all = [];
  let next = 0;
  for (const index of [...kept, rows.length]) {
    const name = next === 0 ? 'top' : index === rows.length ? 'end' : rows[index].key;
    if (index > next) all.push({ gap: name, from: next, to: index });
    if (index < rows.length) all.push({ row: rows[index] });
    next = index + 1;
  }
  return all;
}
