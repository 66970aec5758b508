// Just enough of W3C WebDriver, over plain fetch, to drive Debian's chromium through chromedriver.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
export const KEYS = { enter: '\uE007', shift: '\uE008', control: '\uE009', escape: '\uE00C', release: '\uE000' };

// Starts chromedriver on a port of its own choice. It takes one of IPv6 and wants the same of IPv4, which another
// program may have: then it is started again.
export async function startDriver(program = process.env.CHROMEDRIVER ?? '/usr/bin/chromedriver') {
  for (;;) {
    const child = spawn(program, ['--port=0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const port = await portOf(child, program);
    if (port) return { url: `http://127.0.0.1:${port}`, stop: () => child.kill() };
  }
}

// None: it was taken.
function portOf(child, program) {
  return new Promise((resolve, reject) => {
    let output = '';
    child.on('error', () => reject(new Error(`${program} cannot be started: apt-get install chromium-driver`)));
    child.on('exit', (code) => {
      if (/port not available/.test(output)) resolve(undefined);
      else reject(new Error(`${program} ended with ${code}: ${output}`));
    });
    child.stderr.on('data', (chunk) => { output += chunk; });
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const found = output.match(/started successfully on port (\d+)/);
      if (found) resolve(Number(found[1]));
    });
  });
}

// A browser with a profile of its own. `args`: further command line arguments of chromium; `prefs`: its settings.
export async function openBrowser(driver, args = [], prefs = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'pollster-browser-'));
  const { sessionId } = await call(`${driver.url}/session`, 'POST', { capabilities: { alwaysMatch: {
    browserName: 'chrome',
    timeouts: { script: 900_000 },
    'goog:loggingPrefs': { browser: 'ALL' },
    'goog:chromeOptions': { prefs, args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', `--user-data-dir=${profile}`, ...args] },
  } } });
  return new Browser(`${driver.url}/session/${sessionId}`, profile);
}

class Browser {
  #url;
  #profile;

  constructor(url, profile) {
    this.#url = url;
    this.#profile = profile;
  }

  go(url) { return this.#call('POST', 'url', { url }); }
  reload() { return this.#call('POST', 'refresh', {}); }
  // Tabs of this browser, with its cookies and storage. What follows is done in the one that is chosen.
  async newTab() {
    const { handle } = await this.#call('POST', 'window/new', { type: 'tab' });
    await this.show(handle);
    return handle;
  }
  tab() { return this.#call('GET', 'window'); }
  show(handle) { return this.#call('POST', 'window', { handle }); }
  // What follows is done in this frame of the page.
  async frame(css) { await this.#call('POST', 'frame', { id: { [ELEMENT]: await this.#find(css) } }); }
  closeTab() { return this.#call('DELETE', 'window'); }
  run(script, ...args) { return this.#call('POST', 'execute/sync', { script, args }); }
  // The script calls its last argument with the result.
  async(script, ...args) { return this.#call('POST', 'execute/async', { script, args }); }
  devtools(cmd, params) { return this.#call('POST', 'goog/cdp/execute', { cmd, params }); }
  log() { return this.#call('POST', 'se/log', { type: 'browser' }); }
  screenshot() { return this.#call('GET', 'screenshot'); }

  async click(css) { await this.#call('POST', `element/${await this.#find(css)}/click`, {}); }
  async type(css, text) { await this.#call('POST', `element/${await this.#find(css)}/value`, { text }); }

  // Asks until `script` (a function body) returns something true, which is returned.
  async until(what, script, ...args) {
    const deadline = Date.now() + 120_000;
    for (;;) {
      const value = await this.run(script, ...args);
      if (value) return value;
      if (Date.now() > deadline) throw new Error(`waited in vain: ${what}\n${await this.run('return document.body.innerText')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async close() {
    await this.#call('DELETE', '').catch(() => {});
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async #find(css) {
    return (await this.#call('POST', 'element', { using: 'css selector', value: css }))[ELEMENT];
  }

  #call(method, path, body) { return call(path ? `${this.#url}/${path}` : this.#url, method, body); }
}

async function call(url, method, body) {
  const response = await fetch(url, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (value?.error) throw new Error(`${value.error}: ${value.message.split('\n')[0]}`);
  return value;
}
