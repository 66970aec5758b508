// One function per protocol call, over a fetch that is passed in. Every failure is an ApiError whose `kind`
// says what a caller should do about it: network no usable answer (connection, proxy, timeout, 5xx): try
// again later busy 429 or 503: try again after `retryAfter` ms (0 when the server named no time) signed_out
// no valid session: ask the user to sign in forbidden 403: this wall is not, or no longer, the user's; or not
// the user's post to change refused any other 4xx: the same request would fail again aborted the caller's
// signal fired

export class ApiError extends Error {
  constructor(kind, message, { status = 0, retryAfter = 0 } = {}) {
    super(message);
    this.name = 'ApiError';
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  // Whether the same request may succeed later.
  get passing() {
    return this.kind === 'network' || this.kind === 'busy';
  }
}

const CALL_TIMEOUT = 30_000;
// A poll is answered within 60 s; a proxy in between gives up at 75 s. Longer means a dead
// connection that nobody reported: a laptop that slept, a lost mobile network.
const POLL_TIMEOUT = 80_000;

export class Api {
  #base;
  #fetch;
  #timers;
  #credentials;
  token = null;  // set: sessions travel as "Authorization: Bearer" instead of the cookie

  // base: the mount of the application, "/api/" or "https://chat.example/".
  constructor({ base, fetch, timers, credentials = 'same-origin' }) {
    this.#base = base.endsWith('/') ? base : base + '/';
    this.#fetch = fetch;
    this.#timers = timers;
    this.#credentials = credentials;
  }

  ping(signal) { return this.#call('GET', '', { signal }); }
  session(signal) { return this.#call('GET', 'session', { signal }); }
  signIn(name, password) { return this.#call('POST', 'session', { json: { name, password } }); }
  signOut() { return this.#call('DELETE', 'session'); }
  walls(signal) { return this.#call('GET', 'walls', { signal }); }

  // cursors: iterable of [wall, cursor, epoch]. A form, not JSON: across origins a form needs no preflight.
  poll(cursors, signal) {
    const form = new URLSearchParams();
    for (const [wall, cursor, epoch] of cursors) {
      form.append(`last_post_id[${wall}]`, cursor);
      if (epoch != null) form.append(`epoch[${wall}]`, epoch);
    }
    return this.#call('POST', '', { form, signal, timeout: POLL_TIMEOUT });
  }

  // `words`: only the posts that contain them.
  history(wall, { before, limit, words, signal } = {}) {
    const query = new URLSearchParams();
    if (words !== undefined) query.set('q', words);
    if (before !== undefined) query.set('before', before);
    if (limit !== undefined) query.set('limit', limit);
    return this.#call('GET', `walls/${wall}/posts?${query}`, { signal });
  }

  post(wall, body, clientKey, signal) {
    return this.#call('POST', `walls/${wall}/posts`, { json: { body, client_key: clientKey }, signal });
  }

  edit(wall, post, body, signal) { return this.#call('PATCH', `walls/${wall}/posts/${post}`, { json: { body }, signal }); }
  remove(wall, post, signal) { return this.#call('DELETE', `walls/${wall}/posts/${post}`, { signal }); }
  markRead(wall, id) { return this.#call('PUT', `walls/${wall}/read`, { json: { id } }); }

  async #call(method, path, { json, form, signal, timeout = CALL_TIMEOUT } = {}) {
    const headers = { Accept: 'application/json' };
    if (json !== undefined) headers['Content-Type'] = 'application/json';
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    // The poll is a POST too, but writes nothing; leaving the header out keeps it a simple request.
    else if (method !== 'GET' && form === undefined) headers['X-CSRF-Token'] = '1';

    // AbortSignal.any would do, but is younger than the browsers and the node this must run on.
    const abort = new AbortController();
    const forward = () => abort.abort();
    if (signal?.aborted) forward();
    signal?.addEventListener('abort', forward);
    const timer = this.#timers.setTimeout(forward, timeout);
    try {
      const response = await this.#fetch(this.#base + path, {
        method, headers,
        body: json !== undefined ? JSON.stringify(json) : form,
        credentials: this.token ? 'omit' : this.#credentials,
        cache: 'no-store',
        signal: abort.signal,
      });
      return judge(response, await response.text());
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (signal?.aborted) throw new ApiError('aborted', 'stopped');
      throw new ApiError('network', abort.signal.aborted ? 'No answer from the server.' : 'The server cannot be reached.');
    } finally {
      this.#timers.clearTimeout(timer);
      signal?.removeEventListener('abort', forward);
    }
  }
}

// The parsed body of a good answer; throws the ApiError of a bad one.
function judge(response, text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;  // a proxy's own error page
  }
  const { status } = response;
  if (status >= 200 && status < 300) {
    if (body !== null && typeof body === 'object') return body;
    throw new ApiError('network', 'The answer was not JSON.', { status });
  }
  const message = body?.errors?.[0] ?? `The server answered ${status}.`;
  if (status === 429 || status === 503) {
    const seconds = Number(response.headers.get('Retry-After'));
    throw new ApiError('busy', message, { status, retryAfter: seconds > 0 ? seconds * 1_000 : 0 });
  }
  if (status === 401 || (status === 400 && message === 'Invalid user!')) {
    throw new ApiError('signed_out', message, { status });
  }
  if (status === 403) throw new ApiError('forbidden', message, { status });
  throw new ApiError(status >= 400 && status < 500 ? 'refused' : 'network', message, { status });
}
