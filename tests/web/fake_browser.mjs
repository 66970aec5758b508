// The tabs of one browser for tests: its locks and channels, one network and one clock. A tab may be frozen, so that
// whatever comes for it waits until it is thawed, or closed; messages may be lost.

import { Pollster } from '../../web/pollster.js';
import { FakeNetwork, FakeStorage, FakeTimers, settle, wall } from './fakes.mjs';

const aborted = (why) => new DOMException(why, 'AbortError');

export class FakeBrowser {
  network;
  timers = new FakeTimers();
  storage = new FakeStorage();
  tabs = [];
  messages = [];           // all that were sent: {from: tab, data}
  errors = [];             // that handlers of messages have thrown
  loses = () => false;     // (message, from, to): whether it does not arrive
  #locks = new Map();      // name -> {held: claim or null, queue: [claim]}
  #channels = new Set();   // {name, tab, port}

  constructor(network = new FakeNetwork()) {
    this.network = network;
  }

  // A client in a tab of its own. `user`: whoever is signed in in this browser.
  open(options = {}) {
    const tab = new FakeTab(this, options);
    this.tabs.push(tab);
    return tab;
  }

  get channels() { return this.#channels.size; }

  lock(name) {
    if (!this.#locks.has(name)) this.#locks.set(name, { held: null, queue: [] });
    return this.#locks.get(name);
  }

  request(tab, name, { steal, signal, ifAvailable }, callback) {
    if (ifAvailable) return new Promise((resolve) => Promise.resolve().then(() => tab.does(() => resolve(callback()))));
    return new Promise((resolve, reject) => {
      const lock = this.lock(name);
      const claim = { tab, resolve: (value) => tab.does(() => resolve(value)), reject: (error) => tab.does(() => reject(error)), callback };
      if (steal) {
        lock.held?.reject(aborted('stolen'));
        this.#grant(lock, claim);
        return;
      }
      signal?.addEventListener('abort', () => {
        lock.queue = lock.queue.filter((other) => other !== claim);
        reject(aborted('withdrawn'));
      });
      lock.queue.push(claim);
      this.#next(lock);
    });
  }

  #grant(lock, claim) {
    lock.held = claim;
    Promise.resolve().then(() => claim.tab.does(async () => {
      const value = await claim.callback();
      claim.resolve(value);
      if (lock.held !== claim) return;
      lock.held = null;
      this.#next(lock);
    }));
  }

  #next(lock) {
    if (!lock.held && lock.queue.length) this.#grant(lock, lock.queue.shift());
  }

  // What a tab held, or waited for, is free.
  release(tab) {
    for (const lock of this.#locks.values()) {
      lock.queue = lock.queue.filter((claim) => claim.tab !== tab);
      if (lock.held?.tab === tab) lock.held = null;
      this.#next(lock);
    }
    for (const channel of this.#channels) if (channel.tab === tab) this.#channels.delete(channel);
  }

  channel(tab, name) {
    const port = { onmessage: null, postMessage: (data) => this.#post(own, data), close: () => this.#channels.delete(own) };
    const own = { name, tab, port };
    this.#channels.add(own);
    return port;
  }

  // Whatever a handler throws is reported, and harms nobody else.
  #deliver(to, data) {
    if (!this.#channels.has(to)) return;
    try {
      to.port.onmessage({ data });
    } catch (error) {
      this.errors.push(error);
    }
  }

  #post(from, data) {
    this.messages.push({ from: from.tab, data });
    for (const to of this.#channels) {
      if (to === from || to.name !== from.name || this.loses(data, from.tab, to.tab)) continue;
      const copy = structuredClone(data);
      Promise.resolve().then(() => (to.tab.hears ? this.#deliver(to, copy) : to.tab.does(() => this.#deliver(to, copy))));
    }
  }
}

class FakeTab {
  frozen = false;
  hears = false;
  closed = false;
  events = [];
  chat;
  #browser;
  #later = [];
  #requests = new Set();  // AbortControllers

  constructor(browser, { onPosts = () => {}, onError, Client = Pollster, ...options }) {
    this.#browser = browser;
    const log = (name, then = () => {}) => (...values) => {
      this.events.push([name, ...values]);
      then(...values);
    };
    this.chat = new Client({
      base: '/api/', random: () => 0.5, storage: browser.storage, transport: 'poll', timers: this.#timers(),
      newKey: () => `key-${browser.tabs.length}-${Math.random()}`, fetch: (...request) => this.#fetch(...request),
      locks: { request: (name, how, callback) => browser.request(this, name, how, callback) },
      channel: (name) => browser.channel(this, name), ...options,
    }, { onState: log('state'), onWalls: log('walls'), onPosts: log('posts', onPosts), onChanged: log('changed'), onOutbox: log('outbox'), onGap: log('gap'), onError });
  }

  named(name) { return this.events.filter(([other]) => other === name).map(([, ...values]) => values); }
  received(of = 1) { return this.named('posts').filter(([{ id }]) => id === of).flatMap(([, posts]) => posts.map(({ id }) => id)); }
  get lastState() { return this.named('state').at(-1)?.[0]; }

  // Now, when it is thawed, or never.
  does(run) {
    if (this.closed) return;
    if (this.frozen) this.#later.push(run);
    else run();
  }

  // `hears`: but for messages, as Chromium does it.
  freeze({ hears = false } = {}) {
    this.frozen = true;
    this.hears = hears;
  }

  async thaw() {
    this.frozen = this.hears = false;
    while (this.#later.length && !this.frozen) {
      this.#later.shift()();
      await settle();
    }
  }

  close() {
    this.closed = true;
    for (const request of this.#requests) request.abort();
    this.#browser.release(this);
    return settle();
  }

  #timers() {
    const { timers } = this.#browser;
    const cleared = new Set();
    return {
      now: timers.now,
      setTimeout: (run, delay) => {
        const timer = timers.setTimeout(() => this.does(() => { if (!cleared.has(timer)) run(); }), delay);
        return timer;
      },
      clearTimeout: (timer) => {
        cleared.add(timer);
        timers.clearTimeout(timer);
      },
    };
  }

  // What comes waits while the tab is frozen, and is for nobody when it is closed.
  #when(promise) {
    return new Promise((resolve, reject) => promise.then((value) => this.does(() => resolve(value)), (error) => this.does(() => reject(error))));
  }

  #fetch(url, { signal, ...options }) {
    const request = new AbortController();
    this.#requests.add(request);
    signal.addEventListener('abort', () => request.abort());
    return this.#when(this.#browser.network.fetch(url, { ...options, signal: request.signal })).then((response) => {
      const reader = response.body?.getReader();
      return { ...response, body: reader && { getReader: () => ({ read: () => this.#when(reader.read()), cancel: () => reader.cancel() }) } };
    });
  }
}

export const ann = { id: 3, name: 'ann' };

// One more tab, in which this user is signed in; `walls`: as GET /walls answers it.
export async function openTab(browser, walls, { user = ann, ...options } = {}) {
  const tab = browser.open(options);
  tab.chat.resume();
  await settle();
  await browser.network.call('GET', '/session').answer(200, { user });
  await browser.network.call('GET', '/walls').answer(200, { walls });
  await settle();
  return tab;
}

// The part for tabs is there before the tests begin, because loading it takes time.
const first = new FakeBrowser();
await openTab(first, [wall(1, 56)]).catch(() => {});  // there is no call for its walls yet
while (first.network.calls.length === 0) await settle();
first.tabs[0].chat.stop();

export async function openTabs(count, walls, options) {
  const browser = new FakeBrowser();
  const tabs = [];
  while (tabs.length < count) tabs.push(await openTab(browser, walls, options));
  return { browser, tabs, network: browser.network, timers: browser.timers };
}
