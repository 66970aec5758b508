// Types of pollster.js. tests/web/types.ts is what they promise, checked by tsc; package.test.mjs compares the names.

/** Of a wall, a post or a user. A text of digits from 2^53 on, where no number is exact, and a number below. */
export type Id = number | string;

/** One numbered event of a wall's feed; `id` is its number on the wall. */
export interface Entry {
  readonly id: number;
  /** The identity of the post, which its edits and its deletion share. */
  readonly post_id: Id;
  /** 'post', 'edit' or 'delete'; later servers may have others. */
  readonly kind: 'post' | 'edit' | 'delete' | (string & {});
  readonly user_id: Id;
  readonly user_name: string;
  /** null once the post is deleted. */
  readonly body: string | null;
  /** ISO 8601, UTC. */
  readonly created_at: string;
  readonly edited_at?: string;
  /** What the application adds, as it is now, if it adds anything to posts; not of a deleted post. */
  readonly extra?: any;
}

/** A wall as it was at one moment: never changes, another object takes its place. */
export interface Wall {
  readonly id: Id;
  readonly name: string;
  readonly kind: string;
  /** Posts of others above the read mark, up to `newest`. */
  readonly unread: number;
  /** Number of the newest entry that is known. */
  readonly newest: number;
  /** Ascending, without a hole. */
  readonly posts: readonly Entry[];
  /** The newest page of history has been read. */
  readonly loaded: boolean;
  /** And everything before it. */
  readonly complete: boolean;
}

export interface User {
  readonly id: Id;
  readonly name: string;
}

/** A post on its way. */
export interface Unsent {
  readonly key: string;
  readonly wall: Id;
  /** The wall's newest entry when it was written: an equal post of ours above it is most likely this one. */
  readonly after: number;
  readonly body: string;
  readonly created_at: string;
  /** 'failed': refused for `reason`; retryPost(key) or discardPost(key). */
  readonly state: 'sending' | 'waiting' | 'failed';
  readonly reason: string | null;
}

export type State = 'signed_out' | 'connecting' | 'online' | 'offline';

/** Everything there is to show, as it was at one moment. */
export interface Snapshot {
  readonly state: State;
  /** While offline: when it is tried again, in ms as timers.now() counts. */
  readonly retryAt: number | null;
  /**
   * Offline: for people. Signed out: 'expired', 'other_user' or 'no_cookie' if nobody here signed out. Online: 'alone'
   * if the part for tabs could not be loaded.
   */
  readonly reason: string | null;
  readonly user: User | null;
  readonly walls: ReadonlyMap<Id, Wall>;
  readonly outbox: readonly Unsent[];
}

/** A page of history or of search results, as docs/PROTOCOL.md has it. */
export interface Page {
  readonly posts: readonly Entry[];
  readonly more: boolean;
  /** With `more`: where the next page ends. */
  readonly before?: number;
  readonly newest: number;
  readonly epoch?: number | null;
}

export type ErrorKind =
  | 'network' | 'busy' | 'signed_out' | 'other_user' | 'no_cookie' | 'forbidden' | 'refused' | 'aborted' | 'no_stream';

/** Why a call failed; `kind` says what to do about it (pollster/api.js). */
export class ApiError extends Error {
  constructor(kind: ErrorKind, message: string, more?: { status?: number; retryAfter?: number });
  readonly name: 'ApiError';
  readonly kind: ErrorKind;
  /** Of HTTP; 0 without an answer. */
  readonly status: number;
  /** ms; 0: the server named no time. */
  readonly retryAfter: number;
  /** Whether the same call may succeed later. */
  readonly passing: boolean;
}

export interface Timers {
  setTimeout(run: () => void, delay: number): any;
  clearTimeout(timer: any): void;
  /** ms */
  now(): number;
}

/** As localStorage. */
export interface KeyValueStorage {
  readonly length: number;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  key(index: number): string | null;
}

/** A session, or what makes one: called when the first is needed, and with the one that the server has refused. */
export type Token = string | ((refused: string | null) => string | null | undefined | Promise<string | null | undefined>);

/** As LockManager: what is used of it. */
export interface Locks {
  request(name: string, options: LockOptions, callback: (lock: any) => any): Promise<any>;
}

/** As BroadcastChannel: what is used of it. */
export interface Channel {
  onmessage: ((event: any) => any) | null;
  postMessage(message: any): void;
  close(): void;
}

/** All have defaults. */
export interface Options {
  /** Where the application is mounted: '/api/', or 'https://chat.example/'. */
  base?: string;
  fetch?: typeof fetch;
  timers?: Timers;
  /** In [0, 1). */
  random?: () => number;
  /** Where posts outlive a reload; null: nowhere. */
  storage?: KeyValueStorage | null;
  newKey?: () => string;
  /** As in fetch; 'include' for cookies across origins of one site. */
  credentials?: RequestCredentials;
  auth?: 'cookie' | 'bearer';
  /** Implies auth 'bearer'. */
  token?: Token;
  /** 'poll': polls alone. */
  transport?: 'auto' | 'poll';
  /** As navigator.locks. null: each tab has a connection of its own. */
  locks?: Locks | null;
  /** Makes a BroadcastChannel. null: each tab has a connection of its own. */
  channel?: ((name: string) => Channel) | null;
}

/** What a handler throws, or rejects with, is reported to onError and changes nothing. */
export interface Handlers {
  onState?(now: Pick<Snapshot, 'state' | 'retryAt' | 'reason'>): unknown;
  onWalls?(): unknown;
  /** New live posts, which wall.posts already holds. */
  onPosts?(wall: Wall, posts: readonly Entry[]): unknown;
  /** wall.posts changed otherwise; `changes` are edit and delete entries, also of posts that are not held. */
  onChanged?(wall: Wall, changes: readonly Entry[]): unknown;
  onOutbox?(wallId: Id): unknown;
  /** The server left out an entry; the wall is read again. */
  onGap?(wall: Wall, gap: { readonly expected: number; readonly got: number }): unknown;
  onError?(error: unknown): unknown;
}

/** The entry, once the server has it; null if another tab took the post away. Rejects with ApiError. */
export type Sent = Promise<Entry | null> & { readonly key: string };

export class Pollster {
  constructor(options?: Options, handlers?: Handlers);

  readonly user: User | null;
  readonly state: State;
  readonly walls: ReadonlyMap<Id, Wall>;
  /** 'shared': that of another tab. */
  readonly transport: 'stream' | 'poll' | 'shared';

  readonly getSnapshot: () => Snapshot;
  /** Returns the function that ends it. */
  readonly subscribe: (listener: (now: Snapshot) => unknown) => () => void;

  /** Continues an earlier session. null: sign in. Rejects as `aborted` if stop(), or another resume(), comes first. */
  resume(as?: { guest?: boolean }): Promise<User | null>;
  signIn(name: string, password: string): Promise<User>;
  /** What is in the outbox is thrown away. */
  signOut(): Promise<void>;
  /** Ends polling and sending, and what anybody waits for (`aborted`); the session goes on, and the outbox stays. */
  stop(): void;
  /** Whether somebody looks. */
  set watched(on: boolean);
  /** The page is to be frozen: no connection until retryNow(). */
  rest(): void;
  retryNow(): void;

  open(wallId: Id): Promise<Wall>;
  loadOlder(wallId: Id, limit?: number): Promise<Wall>;
  search(wallId: Id, words: string, before?: number, limit?: number): Promise<Page>;
  markRead(wallId: Id): void;
  refreshWalls(): void;

  post(wallId: Id, body: string, options?: { key?: string }): Sent;
  posted(key: string): Sent;
  retryPost(key: string): Sent;
  discardPost(key: string): void;
  outbox(wallId: Id): Unsent[];
  edit(wallId: Id, postId: Id, body: string, signal?: AbortSignal): Promise<void>;
  remove(wallId: Id, postId: Id, signal?: AbortSignal): Promise<void>;
}
