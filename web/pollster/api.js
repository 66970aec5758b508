// One function per protocol call, over a fetch that is passed in. Every failure is an ApiError whose `kind` says
// what a caller should do about it:
//   network     no usable answer (connection, proxy, timeout, 5xx): try again later
//   busy        429 or 503: try again after `retryAfter` ms (0 when the server named no time)
//   signed_out  no valid session: ask the user to sign in
//   other_user  the session is another user's by now: somebody signed in in another tab
//   no_cookie   the browser does not send the cookie, if there is one: the page is of another site. Hand in a token
//   forbidden   403: this wall is not, or no longer, the user's; or not the user's post to change
//   refused     any other 4xx: the same request would fail again
//   aborted     the caller's signal fired
//   no_stream   only of listen(): none can be had on this way; poll

import { EventParser } from './events.js';
import { linked } from './linked.js';

export class ApiError extends Error {
  // More: `cut`, the connection failed before the answer was whole; `hung`, we gave it up ourselves.
  constructor(kind, message, more) {
    super(message);
    Object.assign(this, { name: 'ApiError', kind, status: 0, retryAfter: 0, }, more);
  }

  // Whether the same request may succeed later.
  get passing() {
    return this.kind === 'network' || this.kind === 'busy';
  }
}

// Nobody waits for it any more.
export const aborted = () => new ApiError('aborted', 'aborted');

const CALL_TIMEOUT = 30_000;
// A ping costs the server next to nothing, so one that is not answered by then has not arrived.
const PING_TIMEOUT = 5_000;
// A page begins with it: nobody should look at "Connecting" for long in a network that has swallowed it.
const SESSION_TIMEOUT = 10_000;
// A poll is answered within 60 s; a proxy in between gives up at 75 s. Longer means a dead
// connection that nobody reported: a laptop that slept, a lost mobile network.
const POLL_TIMEOUT = 80_000;
// A stream says something at once, and is never silent for more than 25 s. A first word that does not come
// means that something on the way keeps answers back until they are complete.
const FIRST_WORD = 5_000;
const SILENCE = 35_000;
// A server may close a kept connection in the instant in which a request is sent on it; HTTP leaves it to the
// client to send that once more. What hung for longer was lost otherwise.
const AT_ONCE = 1_000;
// What hangs for so long when the network is back has most likely been swallowed.
const HANGS = 5_000;

const KINDS = { 401: 'signed_out', 403: 'forbidden', 412: 'other_user', 429: 'busy', 503: 'busy' };

export class Api {
  #given;
  #asking = null;        // the promise of the token that is asked for
  #running = new Set();  // {began, again()} of the calls under way, but for polls, streams and pings
  token = null;  // set: sessions travel as "Authorization: Bearer" instead of the cookie
  // The id of the user for whom calls are made, or null. A cookie belongs to the browser, and may be another user's by
  // now, as may a new token; so each call says whose it is, and the server refuses it if the session is not. What is
  // answered when somebody else is the user here is given to nobody.
  user = null;

  // given: {base, fetch, timers, credentials, walls}; base is the mount of the application, "/api/" or
  // "https://chat.example/". refused(kind): of the ApiError that a call of `user` ends with. tokens(refused), if there
  // is one, returns the token to begin with, and a new one for one that the server has refused, or null, or a promise.
  constructor(given) {
    this.#given = given;
  }

  // Asks for another token than the one that was used, once for all calls. Whether there is one.
  async renew(used = this.token) {
    if (!this.#given.tokens) return false;
    if (this.token === used) {
      this.#asking ??= this.#ask();
      await this.#asking;
    }
    return this.token !== null && this.token !== used;
  }

  async #ask() {
    try {
      this.token = await this.#given.tokens(this.token) ?? null;
    } catch (error) {
      throw new ApiError('network', `There is no token: ${error?.message}`);
    } finally {
      this.#asking = null;
    }
  }

  ping(signal) { return this.#call('GET', '', { signal, timeout: PING_TIMEOUT }); }
  session(signal) { return this.#call('GET', 'session', { signal, timeout: SESSION_TIMEOUT }); }
  signIn(name, password) { return this.#call('POST', 'session', { json: { name, password }, repeats: false, bound: false }); }
  signOut() { return this.#call('DELETE', 'session', { bound: false }); }
  walls(signal) { return this.#call('GET', 'walls', { signal }); }

  // The network is back: what hangs is sent again, on another connection.
  again() {
    for (const call of this.#running) if (this.#given.timers.now() - call.began >= HANGS) call.again();
  }

  // walls: {id, timeline: {cursor, epoch}}.
  poll(walls, signal) {
    return this.#call('POST', '', { form: this.#formOf(walls), signal, timeout: POLL_TIMEOUT });
  }

  // The same, one answer after the other: `take(name, data)` for each event, `heard()` for each word. Resolves when the
  // server ends the stream: {reason, retry}. Rejects as calls do; with kind 'no_stream' if none can be had on this way,
  // so that it is of no use to try again.
  listen(walls, { signal, heard, take }) {
    return this.#call('POST', 'events', {
      form: this.#formOf(walls), signal, timeout: FIRST_WORD, late: 'no_stream',
      read: (response, alive) => readEvents(response, () => { alive(); heard(); }, take),
    });
  }

  #formOf(walls) {
    const { access } = this.#given.walls;
    const form = new URLSearchParams(access === undefined ? {} : { access });
    for (const { id, timeline: { cursor, epoch } } of walls) {
      form.append(`last_post_id[${id}]`, cursor);
      if (epoch != null) form.append(`epoch[${id}]`, epoch);
    }
    return form;
  }

  // `words`: only the posts that contain them.
  history(wall, { before, limit, words, signal } = {}) {
    const query = new URLSearchParams(Object.entries({ q: words, before, limit }).filter(([, value]) => value !== undefined));
    return this.#call('GET', `walls/${wall}/posts?${query}`, { signal });
  }

  post(wall, body, clientKey, signal) {
    return this.#call('POST', `walls/${wall}/posts`, { json: { body, client_key: clientKey }, signal });
  }

  edit(wall, post, body, signal) { return this.#call('PATCH', `walls/${wall}/posts/${post}`, { json: { body }, signal }); }
  remove(wall, post, signal) { return this.#call('DELETE', `walls/${wall}/posts/${post}`, { signal }); }
  markRead(wall, id) { return this.#call('PUT', `walls/${wall}/read`, { json: { id } }); }

  // `bound`: to the user; not so what begins or ends a session. All but a sign-in may be repeated without harm.
  async #call(method, path, { repeats = true, bound = true, ...options } = {}) {
    const began = this.#given.timers.now();
    const as = this.user;
    const mine = () => !bound || this.user === as;
    let token;
    const send = async () => {
      if (this.#given.tokens && bound && !this.token && !await this.renew()) {
        throw new ApiError('signed_out', 'There is no token.');  // and no cookie is tried instead
      }
      token = this.token;
      const answer = await this.#send(method, path, { ...options, as });
      if (!mine()) throw aborted();
      return answer;
    };
    try {
      return await send().catch(async (error) => {
        if (error.kind === 'signed_out' && bound && await this.renew(token) && mine()) return send();
        if (!repeats || !error.cut || !mine()) throw error;
        if (!error.hung && this.#given.timers.now() - began > AT_ONCE) throw error;
        return send();
      });
    } catch (error) {
      if (bound && as !== null && mine()) this.#given.refused(error.kind);
      throw error;
    }
  }

  async #send(method, path, { json, form, signal, as, timeout = CALL_TIMEOUT, late = 'network', read = readAnswer }) {
    const headers = {};
    if (json) headers['Content-Type'] = 'application/json';
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    // The poll is a POST too, but writes nothing.
    else if (method !== 'GET' && !form) headers['X-CSRF-Token'] = '1';
    if (as !== null && (!this.token || this.#given.tokens)) headers['X-Pollster-User'] = String(as);

    const { base, fetch, timers, credentials } = this.#given;
    const abort = linked(signal);
    const giveUp = () => abort.abort();
    let timer = timers.setTimeout(giveUp, timeout);
    let hung = false;
    const call = { began: timers.now(), again: () => { hung = true; giveUp(); } };
    if (!form && timeout !== PING_TIMEOUT) this.#running.add(call);
    // Something has come: from now on silence is measured.
    let came = false;
    const alive = () => {
      came = true;
      timers.clearTimeout(timer);
      timer = timers.setTimeout(giveUp, SILENCE);
      late = 'network';
    };
    try {
      const response = await fetch(base + path, {
        method, headers,
        body: JSON.stringify(json) ?? form,
        credentials: this.token ? 'omit' : credentials,
        cache: 'no-store',
        signal: abort.signal,
      });
      return await read(response, alive);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (signal?.aborted) throw aborted();
      const silent = abort.signal.aborted;
      throw new ApiError(silent && !hung ? late : 'network', silent ? 'No answer from the server.' : 'The server cannot be reached.',
                         { cut: silent ? hung : !came, hung });
    } finally {
      this.#running.delete(call);
      timers.clearTimeout(timer);
      abort.release();
    }
  }
}

async function readEvents(response, alive, take) {
  const good = response.ok && response.headers.get('Content-Type')?.startsWith('text/event-stream');
  if (!good) {
    try {
      await readAnswer(response);
    } catch (error) {
      if (error.status !== 404 && error.status !== 405) throw error;  // an older server
    }
  }
  // Or the browser cannot read one.
  const reader = good && response.body?.getReader?.();
  if (!reader) throw new ApiError('no_stream', 'No stream.', { status: response.status });
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) throw new ApiError('network', 'No answer from the server.');
      alive();
      for (const { name, data } of parser.push(decoder.decode(value, { stream: true }))) {
        if (name === 'end') return { reason: data.reason, retry: parser.retry };
        take(name, data);
      }
    }
  } finally {
    reader.cancel().catch(() => {});  // nothing more is read, whatever the reason
  }
}

// The parsed body of a good answer; throws the ApiError of a bad one.
async function readAnswer(response) {
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch { /* a proxy's own error page */ }
  const { ok, status } = response;
  if (ok && body !== null && typeof body === 'object') return body;
  const message = body?.errors?.[0] ?? `The server answered ${status}.`;
  const more = { status, retryAfter: response.headers.get('Retry-After') * 1_000 || 0 };
  const kind = message === 'Invalid user!' ? 'signed_out' : KINDS[status] ?? (status >= 400 && status < 500 ? 'refused' : 'network');
  if (kind === 'signed_out' && body?.why) throw new ApiError('no_cookie', body.why, more);
  throw new ApiError(kind, message, more);
}
