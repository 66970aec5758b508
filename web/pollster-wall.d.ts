// Types of pollster-wall.js.

import type { Pollster, Snapshot, Token } from './pollster.js';

export class PollsterWall extends HTMLElement {
  /** The id of the wall, as the attribute. */
  wall: number | string;
  /** As the attribute, or as Pollster takes it. */
  get token(): Token | null;
  set token(token: Token | null);
  /** The one in use; may be handed in. */
  get chat(): Pollster | null;
  set chat(chat: Pollster | null);
  /** Asks again who the visitor is: a session, or else a guest. */
  resume(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    'pollster-wall': PollsterWall;
  }
  interface HTMLElementEventMap {
    'pollster-state': CustomEvent<Snapshot>;
  }
}
