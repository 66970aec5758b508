// Server-Sent Events out of a response that is read as it arrives: text in pieces in, events out. Knows as
// much of the format as the server writes (docs/PROTOCOL.md, "The stream").

export class EventParser {
  #rest = '';
  retry = 0;  // ms, as last told

  // One after the other {name, data}, data parsed. Throws SyntaxError if an event's data are no JSON.
  *push(text) {
    const parts = (this.#rest + text).split('\n\n');
    this.#rest = parts.pop();
    for (const part of parts) {
      // "s", because a text may hold U+2028, which ends no line here.
      const { event: name, data, retry } = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s)));
      if (retry) this.retry = +retry || 0;
      if (name && data) yield { name, data: JSON.parse(data) };
    }
  }
}
