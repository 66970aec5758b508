// Server-Sent Events out of a response that is read as it arrives: text in pieces in, events out. Knows as
// much of the format as the server writes (docs/PROTOCOL.md, "The stream").

export class EventParser {
  #rest = '';
  retry = 0;  // ms, as last told

  // -> [{name, data}], data parsed. Throws SyntaxError if an event's data are no JSON.
  push(text) {
    const parts = (this.#rest + text).split('\n\n');
    this.#rest = parts.pop();
    return parts.map((part) => this.#read(part)).filter(Boolean);
  }

  #read(part) {
    let name = '';
    let data = null;
    for (const line of part.split('\n')) {
      const [, field, value] = line.match(/^(\w+): (.*)$/) ?? [];
      if (field === 'event') name = value;
      if (field === 'data') data = JSON.parse(value);
      if (field === 'retry') this.retry = Number(value) || 0;
    }
    return name && data ? { name, data } : null;
  }
}
