// Tabs that are opened, closed, frozen, thawed, hidden and robbed at random, while messages are lost, the server is
// away, and people post: each tab gets every entry once, in order, without a gap, and in the end there is one poll.
// SEED=n node --test sharing_model.test.mjs runs one course, and says what happens in it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeBrowser, ann } from './fake_browser.mjs';
import { entry, settle } from './fakes.mjs';

const COURSES = 50;
const STEPS = 60;

// mulberry32
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Answers as docs/PROTOCOL.md says, after up to 200 ms. A page of a poll has at most three entries.
class ModelServer {
  away = false;
  walls = new Map([1, 2].map((id) => [id, { id, newest: 5, epoch: 7 }]));
  parked = new Set();      // {form, answer, lose}
  #timers;
  #random;

  constructor(random) {
    this.#random = random;
  }

  of(timers) { this.#timers = timers; }

  fetch = (url, { method, body, signal }) => new Promise((resolve, reject) => {
    const lose = () => reject(new TypeError('Failed to fetch'));
    signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    const answer = (json) => this.#later(() => (this.away ? lose() : resolve({ status: 200, ok: true, headers: new Map(), text: async () => JSON.stringify(json) })));
    const path = url.slice('/api'.length).split('?')[0];
    this.#later(() => {
      if (this.away) lose();
      else if (path === '/session') answer({ user: ann });
      else if (path === '/' && method === 'GET') answer({ ack: 'huzzah!' });
      else if (path === '/walls') answer({ walls: [...this.walls.values()].map((wall) => ({ ...wall, name: 'w', kind: 'chat', unread: 0 })) });
      else if (path.endsWith('/posts')) answer(this.#history(this.walls.get(Number(path.split('/')[2]))));
      else this.#poll({ form: new URLSearchParams(body), answer, lose }, signal);
    });
  });

  add(id, count) {
    this.walls.get(id).newest += count;
    this.#tell();
  }

  // The database is restored from a backup.
  restore(id, newest) {
    Object.assign(this.walls.get(id), { newest, epoch: this.walls.get(id).epoch + 1 });
    this.#tell();
  }

  fail() {
    this.away = true;
    for (const poll of this.parked) poll.lose();
    this.parked.clear();
  }

  #later(run) { this.#timers.setTimeout(run, Math.round(this.#random() * 200)); }

  #history({ newest, epoch }) {
    return { posts: newest ? [entry(newest)] : [], more: newest > 1, before: newest, newest, epoch };
  }

  #poll(poll, signal) {
    if (signal.aborted) return;
    this.parked.add(poll);
    signal.addEventListener('abort', () => this.parked.delete(poll));
    this.#timers.setTimeout(() => { if (this.parked.delete(poll)) poll.answer({ walls: {} }); }, 55_000);
    this.#tell();
  }

  #tell() {
    for (const poll of this.parked) {
      const walls = {};
      for (const { id, newest, epoch } of this.walls.values()) {
        const cursor = Number(poll.form.get(`last_post_id[${id}]`) ?? newest);
        const known = poll.form.get(`epoch[${id}]`);
        if (cursor > newest || (cursor > 0 && known !== null && Number(known) !== epoch)) walls[id] = { posts: [], reset: true, newest, epoch };
        else if (cursor < newest) {
          const posts = Array.from({ length: Math.min(3, newest - cursor) }, (_, n) => entry(cursor + 1 + n));
          walls[id] = { posts, epoch, ...newest - cursor > 3 ? { more: true } : {} };
        }
      }
      if (Object.keys(walls).length === 0) continue;
      this.parked.delete(poll);
      poll.answer({ walls });
    }
  }
}

async function course(seed, restores, say) {
  const random = randomOf(seed);
  const server = new ModelServer(random);
  const browser = new FakeBrowser(server);
  const { timers } = browser;
  server.of(timers);
  let losing = 0;
  browser.loses = () => random() < losing;
  const living = () => browser.tabs.filter(({ closed }) => !closed);
  const pick = (tabs) => tabs[Math.floor(random() * tabs.length)];
  const open = () => {
    const tab = browser.open({ random });
    tab.chat.resume();
    return `open ${browser.tabs.length}`;
  };
  const name = (tab) => browser.tabs.indexOf(tab) + 1;
  const on = (tabs, what, run) => {
    const tab = pick(tabs);
    if (!tab) return 'nothing';
    run(tab);
    return `${what} ${name(tab)}`;
  };
  const steps = [
    () => (living().length < 6 ? open() : 'nothing'),
    () => (living().length > 1 ? on(living(), 'close', (tab) => tab.close()) : 'nothing'),
    () => on(living().filter(({ frozen }) => !frozen), 'freeze', (tab) => tab.freeze({ hears: random() < 0.5 })),
    () => on(living().filter(({ frozen, chat }) => !frozen && chat.transport === 'poll'), 'freeze the leader', (tab) => tab.freeze({ hears: random() < 0.5 })),
    () => on(living().filter(({ frozen }) => frozen), 'thaw', (tab) => tab.thaw()),
    () => on(living().filter(({ frozen }) => frozen), 'thaw', (tab) => tab.thaw()),
    () => on(living().filter(({ frozen }) => !frozen), 'look at', (looked) => living().forEach((tab) => { if (!tab.frozen) tab.chat.watched = tab === looked; })),
    () => on(living().filter(({ frozen }) => !frozen), 'network event in', (tab) => tab.chat.retryNow()),
    () => on(living().filter(({ frozen }) => !frozen), 'list in', (tab) => tab.chat.refreshWalls()),
    () => { losing = losing ? 0 : 0.3; return `lose ${losing}`; },
    () => {
      if (server.away) server.away = false;
      else if (random() < 0.3) server.fail();
      return `away ${server.away}`;
    },
    () => {
      if (!restores || random() < 0.6) return 'nothing';
      server.restore(1, 1 + Math.floor(random() * server.walls.get(1).newest));
      return 'restore';
    },
    ...Array.from({ length: 8 }, () => () => {
      const [wall, count] = [1 + Math.floor(random() * 2), 1 + Math.floor(random() * 5)];
      server.add(wall, count);
      return `add ${count} to ${wall}: ${server.walls.get(wall).newest}`;
    }),
  ];
  open();
  await timers.pass(1_000);
  for (let n = 0; n < STEPS; n++) {
    const what = pick(steps)();
    if (say) console.log(`${n}. ${what}`);
    await timers.pass(Math.round(random() ** 3 * 4_000));
  }
  losing = 0;
  server.away = false;
  for (const tab of living()) if (tab.frozen) await tab.thaw();
  server.add(1, 1);
  await timers.pass(40_000);
  server.add(1, 1);
  server.add(2, 1);
  await timers.pass(5_000);
  await settle();

  assert.equal(server.parked.size, 1, 'one poll');
  // As the tab has said it: to the server, or to the tab that asks for it.
  const [{ form }] = server.parked;
  const epochOf = (tab, id) => (tab.chat.transport === 'poll' ? Number(form.get(`epoch[${id}]`))
    : browser.messages.findLast(({ from, data }) => from === tab && data.kind === 'follow').data.cursors.find(([wall]) => wall === id)[2]);
  for (const tab of living()) {
    const who = `tab ${name(tab)}`;
    assert.deepEqual(tab.named('gap'), [], `${who}: gaps`);
    assert.equal(tab.chat.state, 'online', who);
    for (const { id, newest, epoch } of server.walls.values()) {
      assert.equal(tab.chat.walls.get(id).newest, newest, `${who}: wall ${id}`);
      assert.equal(epochOf(tab, id), epoch, `${who}: epoch of wall ${id}`);
      const received = tab.received(id);
      if (restores && id === 1) continue;  // it was read again from the history
      assert.deepEqual(received, received.map((_, n) => newest - received.length + 1 + n), `${who}: entries of wall ${id}`);
      assert.ok(received.length > 0, `${who}: entries of wall ${id}`);
    }
  }
  for (const tab of living()) tab.chat.stop();
}

const seeds = process.env.SEED ? [Number(process.env.SEED)] : Array.from({ length: COURSES }, (_, n) => n + 1);
for (const restores of [false, true]) {
  test(`whatever happens, each tab gets everything once${restores ? ', also when the database is restored' : ''}`, async () => {
    for (const seed of seeds) {
      await course(seed, restores, process.env.SEED).catch((error) => { throw new Error(`SEED=${seed}: ${error.message}`); });
    }
  });
}
