// Time and network for tests: nothing happens until the test says so, and nobody sleeps.

// Runs everything that is ready without letting time pass.
export async function settle() {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}

export class FakeTimers {
  #now = Date.parse('2026-01-02T03:04:05.000Z');
  #timers = new Map();
  #next = 1;

  now = () => this.#now;
  setTimeout = (run, delay) => {
    this.#timers.set(this.#next, { run, at: this.#now + delay });
    return this.#next++;
  };
  clearTimeout = (timer) => this.#timers.delete(timer);

  get waiting() { return this.#timers.size; }

  // The machine sleeps: time goes on, and no timer fires before it wakes up.
  sleep(ms) { this.#now += ms; }

  // Lets `ms` pass; timers run in order, and what they start runs before the next one.
  async pass(ms) {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].run();
    }
    this.#now = end;
    await settle();
  }
}

// As much of a Response as the library uses.
const answerOf = (status, json, headers = {}) => ({
  status, ok: status >= 200 && status < 300, headers: new Map(Object.entries(headers)),
  text: async () => (typeof json === 'string' ? json : JSON.stringify(json)),
});

// A fetch whose calls hang until the test answers them, as long polls do.
export class FakeNetwork {
  calls = [];  // {method, path, headers, body, form, answer(status, json, headers), lose(), fail()}, the unanswered ones

  swallows = false;      // nothing arrives any more, and nobody is told
  answersPings = false;  // also those that are not sent beside a poll or stream
  pings = 0;             // that were answered so
  #streams = 0;          // open ones

  fetch = (url, { method, headers, body, signal }) => new Promise((resolve, reject) => {
    const hangs = this.#streams > 0 || this.polls() > 0;
    if (method === 'GET' && url === '/api/' && !this.swallows && (hangs || this.answersPings)) {
      this.pings += 1;
      resolve(answerOf(200, { ack: 'huzzah!' }));
      return;
    }
    const text = body === undefined ? '' : String(body);
    let lost = this.swallows;  // nothing arrives on this connection, whatever comes later
    const leave = () => { this.calls = this.calls.filter((other) => other !== call); };
    const call = {
      swallow: () => { lost = true; },
      method, headers, path: url.slice('/api'.length),
      body: text.startsWith('{') ? JSON.parse(text) : null,
      form: Object.fromEntries(body instanceof URLSearchParams ? body : []),
      answer: (status, json, answerHeaders = {}) => {
        leave();
        if (lost) return settle();
        resolve(answerOf(status, json, answerHeaders));
        return settle();
      },
      // The head of an answer that goes on: push(text) adds to it, end() is its end, cut() that of the connection.
      stream: async (head = { 'Content-Type': 'text/event-stream' }) => {
        leave();
        let pipe;
        let open = true;
        const close = () => {
          if (open) this.#streams -= 1;
          open = false;
        };
        this.#streams += 1;
        const stream = new globalThis.ReadableStream({ start: (controller) => { pipe = controller; }, cancel: close });
        signal.addEventListener('abort', () => { close(); try { pipe.error(new DOMException('aborted', 'AbortError')); } catch { /* it has ended */ } });
        resolve({ ...answerOf(200, '', head), body: stream });
        await settle();
        return {
          push: (bytes) => { if (!lost) pipe.enqueue(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes); return settle(); },
          end: () => { close(); pipe.close(); return settle(); },
          cut: () => { close(); pipe.error(new TypeError('network error')); return settle(); },
          left: () => signal.aborted,
        };
      },
      // The connection is gone; what the client sends next has another one.
      lose: () => {
        leave();
        reject(new TypeError('Failed to fetch'));
        return settle();
      },
      // The network is down: so is it for a repetition at once.
      fail: async () => {
        const others = this.calls.filter((other) => other !== call);
        await call.lose();
        await this.calls.find((again) => !others.includes(again) && again.method === method && again.path === call.path
          && again.body?.client_key === call.body?.client_key)?.lose();
      },
    };
    signal.addEventListener('abort', () => {
      leave();
      reject(new DOMException('aborted', 'AbortError'));
    });
    this.calls.push(call);
  });

  // The one unanswered call of this kind; fails the test when there is none or more than one.
  call(method, path) {
    const found = this.calls.filter((call) => call.method === method && call.path === path);
    if (found.length === 1) return found[0];
    const seen = this.calls.map((call) => `${call.method} ${call.path}`).join(', ');
    throw new Error(`expected one ${method} ${path}, but waiting are: ${seen || 'none'}`);
  }

  get poll() { return this.call('POST', '/'); }
  get events() { return this.call('POST', '/events'); }
  get history() { return this.calls.find(({ method, path }) => method === 'GET' && path.includes('/posts')); }
  polls() { return this.calls.filter(({ method, path }) => method === 'POST' && path === '/').length; }
}

export class FakeStorage {
  data = new Map();
  getItem = (key) => this.data.get(key) ?? null;
  setItem = (key, value) => this.data.set(key, value);
  key = (n) => [...this.data.keys()][n] ?? null;
  get length() { return this.data.size; }
  removeItem = (key) => this.data.delete(key);
}

// Entry `id` of some wall; post_id is 9000 + id.
export const entry = (id, more = {}) => ({
  id, post_id: 9000 + id, kind: 'post', user_id: 4, user_name: 'bob', body: `text ${id}`,
  created_at: '2026-01-02T03:04:05.678Z', ...more,
});

export const wall = (id, newest, more = {}) => ({ id, name: `Wall ${id}`, kind: 'chat', newest, unread: 0, ...more });
