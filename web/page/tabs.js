// What is read in one tab is read in the others of this browser: they lose their badges, too.

const KNOWN_FOR = 10_000;  // ms in which the feed of a slower tab brings what was read already

export class Tabs {
  #chat;
  #channel;
  #read = new Map();  // wall id -> {newest, until}: read elsewhere
  #told = '';

  // name: of this chat among those at this origin, whose walls and users have the same numbers.
  constructor(chat, name) {
    this.#chat = chat;
    this.#channel = globalThis.BroadcastChannel ? new BroadcastChannel(`pollster ${name}`) : null;
    this.#channel?.addEventListener('message', ({ data }) => this.#heard(data));
  }

  // This wall was read here, up to its newest post.
  tell({ id, newest }) {
    const words = { user: this.#chat.user.id, wall: id, newest };
    if (this.#told === JSON.stringify(words)) return;
    this.#told = JSON.stringify(words);
    this.#channel?.postMessage(words);
  }

  // Posts came to this wall: they may have been read already.
  arrived(wall) {
    const read = this.#read.get(wall.id);
    if (read && wall.unread > 0 && wall.newest <= read.newest && Date.now() < read.until) this.#chat.markRead(wall.id);
  }

  #heard({ user, wall, newest }) {
    if (user !== this.#chat.user?.id) return;
    this.#read.set(wall, { newest, until: Date.now() + KNOWN_FOR });
    const held = this.#chat.walls.get(wall);
    if (held) this.arrived(held);
  }
}
