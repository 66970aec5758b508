// docs/PROTOCOL.md in memory, without sockets: one call in, one answer out. fake_server.mjs puts it
// behind HTTP. Tests use it where a real stack would be slow or could not be made to misbehave.

const refuse = (status, message, headers = {}) => ({ status, body: { errors: [message] }, headers });
const ofAnother = ({ headers }, { user }) => (headers['x-pollster-user'] ?? String(user.id)) !== String(user.id);
// To whom no session was sent.
const noSession = ({ headers }, status, message) => {
  const refused = refuse(status, message);
  if (headers['sec-fetch-site'] === 'cross-site' && !headers.authorization) {
    refused.body.why = 'This browser sends no cookie from a page of another site. Use a token.';
  }
  return refused;
};
const anothers = () => refuse(412, "This session is another user's.");
const answer = (body, status = 200, headers = {}) => ({ status, body, headers });

export class FakeChat {
  #users = new Map();      // name -> {id, name, password}
  #sessions = new Map();   // session_id -> user
  #walls = new Map();      // id -> {id, name, kind, members, entries, keys, read}
  #waiting = new Set();    // functions to call when something happened
  #nextPost = 9001;
  pollTime = 55_000;       // ms
  pageLimit = 200;         // entries of a wall in one poll answer
  failures = [];           // answers for the next calls: {status, message, headers, when(method, path)}

  addUser(name, password) {
    this.#users.set(name, { id: this.#users.size + 1, name, password });
  }

  addWall(id, name, members, kind = 'chat') {
    this.#walls.set(id, { id, name, kind, members: new Set(members), entries: [], keys: new Map(), read: new Map() });
  }

  // Any writer may post; `minutesAgo` fills a wall with a past.
  add(wallId, name, body, { minutesAgo = 0, kind = 'post', postId } = {}) {
    const wall = this.#walls.get(wallId);
    const user = this.#users.get(name);
    const entry = {
      id: wall.entries.length + 1, post_id: postId ?? this.#nextPost++, kind, user_id: user.id, user_name: user.shown ?? name,
      body, created_at: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
    };
    wall.entries.push(entry);
    this.#tell();
    return entry;
  }

  // The entry with this text, on any wall.
  posted(body) {
    return [...this.#walls.values()].flatMap(({ entries }) => entries).find((entry) => entry.body === body);
  }

  get parked() { return this.#waiting.size; }  // polls

  wall(id) { return this.#walls.get(id); }

  // As an entry or a wall shows the user from now on; the name to sign in with stays.
  rename(name, shown) { this.#users.get(name).shown = shown; }

  revoke(wallId, name) {
    this.#walls.get(wallId).members.delete(name);
    this.#tell();
  }

  grant(wallId, name) {
    this.#walls.get(wallId).members.add(name);
    this.#tell();
  }

  markRead(wallId, name, id) {
    this.#walls.get(wallId).read.set(name, id);
  }

  // The database is restored from a backup that holds `newest` entries of this wall.
  restore(wallId, newest) {
    this.#walls.get(wallId).entries.length = newest;
    this.#tell();
  }

  // request: {method, path (below the mount), query, headers (lower case), body, aborted: Promise}
  async handle(request) {
    const { method, path } = request;
    const failure = this.failures.findIndex(({ when }) => !when || when(method, path));
    if (failure >= 0) {
      const { status, message, headers } = this.failures.splice(failure, 1)[0];
      return refuse(status, message ?? 'As ordered.', headers);
    }
    if (method === 'OPTIONS') return answer('');
    if (path === '/' && method === 'GET') return answer({ ack: 'huzzah!' });
    if (path === '/' && method === 'POST') return this.#poll(request);
    if (path === '/session' && method === 'POST') return this.#signIn(request);
    if (path === '/events' && this.#session(request)) return answer({});  // no stream, and no error in the console: clients poll
    if (path === '/events') return noSession(request, 400, 'Invalid user!');

    const session = this.#session(request);
    if (!session) return noSession(request, 401, 'Please sign in.');
    if (ofAnother(request, session)) return anothers();
    if (method !== 'GET' && session.cookie && !request.headers['x-csrf-token']) return refuse(403, 'X-CSRF-Token is missing.');
    return this.#route(request, session);
  }

  #route({ method, path, query, body }, { id, user }) {
    if (path === '/session') {
      if (method === 'GET') return answer({ user: { id: user.id, name: user.name }, expires_at: '2099-01-01T00:00:00.000Z' });
      this.#sessions.delete(id);
      this.#tell();
      return answer({ signed_out: true }, 200, { 'Set-Cookie': 'pollster_session=; Path=/; Max-Age=0' });
    }
    if (path === '/walls') {
      const walls = this.#wallsOf(user).map((wall) => this.#summary(wall, user));
      return answer({ user: { id: user.id, name: user.shown ?? user.name }, access: this.#accessOf(user), walls });
    }
    const [, wallId, leaf, postId] = path.match(/^\/walls\/(\d+)\/(posts|read)(?:\/(\d+))?$/) ?? [];
    if (!leaf || (leaf === 'read' && postId)) return refuse(404, 'No such path.');
    const wall = this.#walls.get(Number(wallId));
    if (!wall?.members.has(user.name)) return refuse(403, 'Not your wall.');
    if (postId) {
      if (method === 'PATCH') return this.#editAsked(wall, user, Number(postId), JSON.parse(body).body);
      if (method === 'DELETE') return this.#removeAsked(wall, user, Number(postId));
      return refuse(405, 'PATCH or DELETE.', { Allow: 'DELETE, PATCH' });
    }
    if (leaf === 'read') {
      const read = Math.max(wall.read.get(user.name) ?? 0, JSON.parse(body).id);
      wall.read.set(user.name, read);
      return answer({ read });
    }
    return method === 'GET' ? this.#history(wall, query) : this.#post(wall, user, JSON.parse(body));
  }

  #signIn({ body }) {
    const { name, password } = JSON.parse(body);
    const user = this.#users.get(name);
    if (user?.password !== password) return refuse(401, 'Wrong name or password.');
    const id = Array.from({ length: 43 }, () => 'abcdefghjkmnpqrstuvwxyz23456789'[Math.floor(Math.random() * 31)]).join('');
    this.#sessions.set(id, user);
    return answer({ session_id: id, user: { id: user.id, name }, expires_at: '2099-01-01T00:00:00.000Z' }, 201,
                  { 'Set-Cookie': `pollster_session=${id}; Path=/; HttpOnly; SameSite=Lax` });
  }

  #session({ headers }) {
    const bearer = headers.authorization?.match(/^Bearer (.+)$/)?.[1];
    const id = bearer ?? headers.cookie?.match(/pollster_session=([^;]+)/)?.[1];
    return this.#sessions.has(id) ? { id, user: this.#sessions.get(id), cookie: !bearer } : null;
  }

  #wallsOf(user) {
    return [...this.#walls.values()].filter((wall) => wall.members.has(user.name));
  }

  #summary({ id, name, kind, entries, read }, user) {
    const mark = read.get(user.name) ?? 0;
    const unread = entries.filter((entry) => entry.id > mark && entry.kind === 'post' && entry.user_id !== user.id).length;
    return { id, name, kind, newest: entries.length, read: mark, unread: Math.min(unread, 1_000) };
  }

  // Another number for each set of walls that a test will have.
  #accessOf(user) {
    return this.#wallsOf(user).reduce((number, { id }) => (number * 31 + id) % 2 ** 40, 7);
  }

  async #poll(request) {
    const cursors = new Map();
    let knows = null;
    for (const [key, value] of new URLSearchParams(request.body)) {
      if (key === 'access') knows = Number(value);
      const wall = key.match(/^last_post_id\[(\d+)\]$/)?.[1];
      if (wall) cursors.set(Number(wall), Number(value));
    }
    let over = false;
    const timer = setTimeout(() => { over = true; this.#tell(); }, this.pollTime);
    request.aborted?.then(() => { over = true; this.#tell(); });
    try {
      for (;;) {
        const session = this.#session(request);
        if (!session) return noSession(request, 400, 'Invalid user!');
        if (ofAnother(request, session)) return anothers();
        const visible = this.#wallsOf(session.user).filter(({ id }) => cursors.has(id));
        const access = this.#accessOf(session.user);
        if (knows !== null && knows !== access) return answer({ walls: {}, access });
        if (visible.length === 0 && knows === null) return refuse(400, 'Invalid parameters!');
        const news = visible.map((wall) => [wall.id, this.#news(wall, cursors.get(wall.id))]).filter(([, part]) => part);
        if (news.length || over) return answer({ walls: Object.fromEntries(news) });
        await new Promise((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #news({ entries }, cursor) {
    if (cursor > entries.length) return { posts: [], reset: true, newest: entries.length };
    if (cursor === entries.length) return null;
    // What was deleted since is not given away, whatever the kind of the entry.
    const posts = entries.slice(cursor, cursor + this.pageLimit)
      .map((entry) => (this.#deleted(entries, entry.post_id) ? { ...entry, body: null } : entry));
    return cursor + posts.length < entries.length ? { posts, more: true } : { posts };
  }

  #history({ entries }, query) {
    const before = Number(query.get('before') ?? Infinity);
    const limit = Number(query.get('limit') ?? 50);
    const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const newest = new Map(entries.map((entry) => [entry.post_id, entry]));
    const found = [];  // newest first; one more than asked for tells that there are older ones
    for (let n = Math.min(before - 1, entries.length); n > 0 && found.length <= limit; n--) {
      const { kind, body, edited_at } = newest.get(entries[n - 1].post_id);
      if (entries[n - 1].kind !== 'post' || body === null || !words.every((word) => body.toLowerCase().includes(word))) continue;
      found.push(kind === 'post' ? entries[n - 1] : { ...entries[n - 1], body, edited_at });
    }
    const posts = found.slice(0, limit).reverse();
    return answer({ posts, ...found.length > limit ? { more: true, before: posts[0].id } : { more: false }, newest: entries.length });
  }

  #newest(entries, postId) { return entries.findLast((entry) => entry.post_id === postId); }
  #deleted(entries, postId) { return this.#newest(entries, postId).kind === 'delete'; }

  #editAsked(wall, user, postId, body) {
    const newest = this.#newest(wall.entries, postId);
    if (!newest || newest.kind === 'delete') return refuse(404, 'No such post.');
    if (newest.user_id !== user.id) return refuse(403, 'This post is not yours.');
    const refused = this.#refusedText(body);
    if (refused) return refused;
    return answer({ post: newest.body === body ? newest : this.#change(wall, postId, body) });
  }

  #removeAsked(wall, user, postId) {
    const newest = this.#newest(wall.entries, postId);
    if (!newest) return refuse(404, 'No such post.');
    if (newest.user_id !== user.id) return refuse(403, 'This post is not yours.');
    return answer({ post: newest.kind === 'delete' ? newest : this.#change(wall, postId, null) });
  }

  // body null deletes.
  #change(wall, postId, body) {
    const post = wall.entries.find((entry) => entry.post_id === postId);
    const entry = { ...post, id: wall.entries.length + 1, kind: body === null ? 'delete' : 'edit', body };
    if (body !== null) entry.edited_at = new Date().toISOString();
    wall.entries.push(entry);
    this.#tell();
    return entry;
  }

  #refusedText(body) {
    if (body === '') return refuse(422, 'A post needs a body.');
    return Buffer.byteLength(body) > 65_536 ? refuse(413, 'A post has at most 65536 bytes.') : null;
  }

  #post(wall, user, { body, client_key: key }) {
    const refused = this.#refusedText(body);
    if (refused) return refused;
    const earlier = wall.keys.get(key);
    if (earlier) return earlier.body === body ? answer({ post: earlier }) : refuse(409, 'This client_key was used for another post.');
    const entry = this.add(wall.id, user.name, body);
    if (key) wall.keys.set(key, entry);
    return answer({ post: entry }, 201);
  }

  #tell() {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

// The conversation that the browser test and the screenshot run on.
export function demo() {
  const chat = new FakeChat();
  for (const name of ['ann', 'bob', 'eve']) chat.addUser(name, `${name}-secret`);
  chat.addWall(1, 'General', ['ann', 'bob', 'eve']);
  chat.addWall(2, 'Warehouse', ['ann', 'bob']);
  chat.addWall(3, 'Management', ['eve']);
  for (let n = 1; n <= 120; n++) chat.add(1, ['ann', 'bob', 'eve'][n % 3], `Note ${n} from last week`, { minutesAgo: 9_000 - n * 20 });
  chat.add(2, 'bob', 'The new shelves have arrived.', { minutesAgo: 50 });
  chat.add(3, 'eve', 'Only for managers.', { minutesAgo: 40 });
  return chat;
}
