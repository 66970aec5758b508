// From where the tab that leads asks for news, so that no tab misses any: on each wall the least cursor of all tabs.
// Each answer moves it on, because all tabs are given all answers; a tab that has missed one says where it stands.

// Of the key of an answer: a number, or a text where no number is exact (docs/PROTOCOL.md, "Ids").
export const idOf = (key) => (Number.isSafeInteger(+key) ? +key : key);

const differ = (one, other) => one != null && other != null && one !== other;

export class Places {
  #places = new Map();  // wall id -> {cursor, epoch}

  clear() {
    this.#places.clear();
  }

  drop(ids) {
    for (const id of ids) this.#places.delete(id);
  }

  // What to ask for: our walls, and those that only other tabs know. As walls, for the follower.
  of(walls) {
    const ours = new Map();
    for (const { id, timeline: { cursor, epoch } } of walls) {
      const place = this.#places.get(id);
      ours.set(id, { cursor: Math.min(cursor, place?.cursor ?? cursor), epoch: epoch ?? place?.epoch });
    }
    this.#places = new Map([...ours, ...[...this.#places].filter(([id]) => !ours.has(id))]);
    return [...this.#places].map(([id, timeline]) => ({ id, timeline }));
  }

  // Another tab stands at these cursors, [[wall id, cursor, epoch], ...]. Whether it needs what is not asked for now,
  // and whether it holds another epoch than we do: then one of us has not noticed yet that the wall is another one.
  want(cursors) {
    let lowered = false;
    let disagrees = false;
    for (const [id, cursor, epoch] of cursors) {
      const place = this.#places.get(id);
      if (place && differ(place.epoch, epoch)) {
        disagrees = true;
      } else if (!place || cursor < place.cursor) {
        this.#places.set(id, { cursor, epoch: place?.epoch ?? epoch });
        lowered = true;
      }
    }
    return { lowered, disagrees };
  }

  // An answer has come: {wall id: its part}. Returns from where each part goes on.
  advance(walls) {
    const from = {};
    for (const [key, { posts = [], reset, newest, epoch }] of Object.entries(walls)) {
      const id = idOf(key);
      const place = this.#places.get(id) ?? { cursor: 0 };
      from[key] = place.cursor;
      const cursor = reset ? newest : posts.at(-1)?.id ?? place.cursor;
      this.#places.set(id, { cursor, epoch: epoch ?? place.epoch });
    }
    return from;
  }
}
