// web/ as a package of npm: packed, installed into an empty project, used there from JavaScript and TypeScript; small,
// with the types that it has, and the same as one minified file.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { INTERNAL } from '../../tools/npm/minify.mjs';
import { modules } from '../../tools/npm/modules.mjs';
import { Pollster } from '../../web/pollster.js';
import { FakeBrowser, ann } from './fake_browser.mjs';
import { FakeChat } from './fake_chat.mjs';
import { startFakeServer } from './fake_server.mjs';
import { entry, settle, wall } from './fakes.mjs';
import { blocksOf, startPrinted } from './printed.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path) => readFileSync(join(root, path), 'utf8');
const MOST = { 'pollster.min.js': 8 * 1024, 'pollster-tabs.min.js': 2.5 * 1024 };  // bytes, as a web server sends it
const types = read('web/pollster.d.ts');
let folder, project, installed, node_modules;

// Rejects with what the program said.
async function run(program, args, options) {
  try {
    return (await promisify(execFile)(program, args, options)).stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}: ${error.stdout}${error.stderr}`);
  }
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pollster-package-'));
  node_modules = await modules();
  // A copy, because others read web/ meanwhile.
  for (const name of ['web', 'tools/npm', 'LICENSE']) await cp(join(root, name), join(folder, 'copy', name), { recursive: true });
  await symlink(join(root, 'build'), join(folder, 'copy/build'));
  const web = join(folder, 'copy/web');
  const earlier = await readdir(web);
  await run('npm', ['pack', '--pack-destination', folder], { cwd: web });
  assert.deepEqual(await readdir(web), earlier);  // it leaves nothing behind
  const [packed] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));

  project = join(folder, 'project');
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{"name":"empty","private":true,"type":"module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, packed)], { cwd: project });
  installed = join(project, 'node_modules/pollster-client');
});
after(() => rm(folder, { recursive: true, force: true }));

test('the package holds the library, its types, its manual and the licence, and depends on nothing', async () => {
  const files = (await readdir(installed)).sort();
  assert.deepEqual(files, ['LICENSE', 'README.md', 'package.json', 'pollster', 'pollster-tabs.min.js', ...['pollster', 'pollster-wall'].flatMap((name) => [`${name}.d.ts`, `${name}.js`, `${name}.min.js`])].sort());
  assert.deepEqual(await readdir(join(installed, 'pollster')), await readdir(join(root, 'web/pollster')));
  const about = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies']) assert.equal(about[kind], undefined);
  assert.equal(about.version, read('CMakeLists.txt').match(/project\(pollster VERSION (\S+)/)[1]);
  assert.ok(!Object.keys(about.scripts).some((name) => name.includes('install')));
});

test('installed into an empty project it chats, as modules and as one file', async () => {
  const chat = new FakeChat();
  chat.addUser('ann', 'secret');
  chat.addWall(1, 'General', ['ann']);
  const server = await startFakeServer(chat);
  try {
    for (const name of ['pollster-client', 'pollster-client/min']) {
      await writeFile(join(project, 'hello.js'), `
        import { ApiError, Pollster } from '${name}';
        const chat = new Pollster({ base: '${server.url}api/', auth: 'bearer' });
        await chat.signIn('ann', 'secret');
        const { body } = await chat.post(1, 'from ${name}');
        console.log(body, chat.walls.get(1).name, (await chat.post(9, 'x').catch((error) => error)) instanceof ApiError);
        chat.stop();
      `);
      assert.equal(await run(process.execPath, ['hello.js'], { cwd: project }), `from ${name} General true\n`);
    }
  } finally {
    await server.close();
  }
});

test('the example of its README runs as printed', async () => {
  const [code] = blocksOf('web/README.md');
  const chat = new FakeChat();
  chat.addUser('ann', 'ann-demo-pass');
  chat.addWall(1, 'General', ['ann']);
  const server = await startFakeServer(chat);
  const printed = await startPrinted(code, server.url, project);
  try {
    assert.deepEqual(await printed.lines(1), ['number 1 on General']);
  } finally {
    await printed.stop();
    await server.close();
  }
});

test('tsc agrees with the types, strictly, as node and as bundlers resolve them', async () => {
  await cp(join(root, 'tests/web/types.ts'), join(project, 'types.ts'));
  for (const module of [['Node16', 'Node16'], ['ES2022', 'Bundler']]) {
    await run(process.execPath, [join(node_modules, 'typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'ES2022', '--lib', 'ES2022,DOM',
                                 '--module', module[0], '--moduleResolution', module[1], 'types.ts'], { cwd: project });
  }
});

test('the types have every public name of the class, and no other', () => {
  const declared = types.match(/^export class Pollster \{\n(.*?)^\}/ms)[1];
  const names = [...declared.matchAll(/^ {2}(?:readonly |set )?(\w+)[(:]/gm)].map(([, name]) => name);
  const there = new Set([...Object.getOwnPropertyNames(Pollster.prototype), ...Object.getOwnPropertyNames(new Pollster())]);
  assert.deepEqual(names.sort(), [...there].sort());
});

test('the types have every option and handler', () => {
  const source = read('web/pollster.js');
  const members = (name) => [...types.match(new RegExp(`^export interface ${name} \\{\\n(.*?)^\\}`, 'ms'))[1]
    .matchAll(/^ {2}(\w+)\?/gm)].map(([, member]) => member).sort();
  const options = source.match(/const \{ (base = .*?) \} = options;/s)[1].split(',').map((part) => part.trim().match(/^\w+/)[0]);
  assert.deepEqual(members('Options'), options.sort());
  const library = ['pollster.js', 'pollster/outbox.js', 'pollster/walls.js', 'pollster/told.js'].map((file) => read(`web/${file}`)).join('');
  const told = new Set([...library.matchAll(/(?:'|handlers\.)(on[A-Z]\w+)/g)].map(([, name]) => name));
  assert.deepEqual(members('Handlers'), [...told].sort());
});

test(`the one file has less than ${MOST['pollster.min.js']} bytes, gzipped, and the part for tabs is small, too`, (t) => {
  for (const [file, most] of Object.entries(MOST)) {
    const small = readFileSync(join(installed, file));
    const bytes = gzipSync(small, { level: 9 }).length;
    t.diagnostic(`${file}: ${bytes} bytes gzipped, ${small.length} without`);
    assert.ok(bytes < most, `${file}: ${bytes} bytes`);
  }
});

test('no name that users see is shortened in it', () => {
  const declared = (types + read('web/pollster-wall.d.ts')).replace(/\/\*\*.*?\*\//gs, '').replace(/\/\/.*$/gm, '').match(/(?<=(?:^ +|[{;] )(?:readonly |get )?)\w+(?=\??[:(])/gm);
  assert.ok(declared.includes('retryAfter') && declared.includes('subscribe') && declared.includes('got') && declared.includes('chat'));
  for (const name of INTERNAL) assert.ok(!declared.includes(name), name);
});

test('no name that a server or another tab says is shortened in it', () => {
  const said = [...read('docs/PROTOCOL.md').matchAll(/"(\w+)":/g)].map(([, name]) => name).concat('event', 'data', 'retry');
  const told = [...read('web/pollster/sharing.js').matchAll(/(?:#send|#say|#here)\(\{(.*?)\}\)/g)].flatMap(([, fields]) => fields.match(/(?<=^ ?|, )\w+/g));
  assert.ok(said.includes('lost') && told.includes('ask') && told.includes('cursors'));
  for (const name of INTERNAL) assert.ok(!said.includes(name) && !told.includes(name), name);
});

// One more tab, whose client still loads its part for tabs.
async function opened(browser, Client) {
  const tab = browser.open({ Client });
  tab.chat.resume();
  await settle();
  await browser.network.call('GET', '/session').answer(200, { user: ann });
  while (!browser.network.calls.some(({ path }) => path === '/walls')) await settle();
  await browser.network.call('GET', '/walls').answer(200, { walls: [wall(1, 56)] });
  return tab;
}

test('a tab that has the small files and one that has the modules share one poll, whichever leads', async () => {
  const { Pollster: Small } = await import(join(installed, 'pollster.min.js'));
  for (const clients of [[Small, Pollster], [Pollster, Small]]) {
    const browser = new FakeBrowser();
    const tabs = [];
    for (const Client of clients) tabs.push(await opened(browser, Client));
    await browser.network.poll.answer(200, { walls: { 1: { posts: [entry(57)] } } });
    await browser.timers.pass(3_000);  // the other asks whether the leader is there
    assert.deepEqual(tabs.map(({ chat }) => chat.transport), ['poll', 'shared']);
    for (const tab of tabs) assert.deepEqual(tab.received(), [57]);
    await tabs[0].close();
    assert.equal(tabs[1].chat.transport, 'poll');
  }
});

test('without the part for tabs each tab has its own poll, and tries again with the next sign-in', async () => {
  const alone = join(folder, 'alone');
  await mkdir(alone);
  await writeFile(join(alone, 'package.json'), '{"type":"module"}');
  await cp(join(installed, 'pollster.min.js'), join(alone, 'pollster.min.js'));
  const { Pollster: Alone } = await import(join(alone, 'pollster.min.js'));
  const browser = new FakeBrowser();
  const tabs = [await opened(browser, Alone), await opened(browser, Alone)];
  assert.equal(browser.network.polls(), 2);
  for (const poll of [...browser.network.calls]) await poll.answer(200, { walls: { 1: { posts: [entry(57)] } } });
  for (const tab of tabs) assert.deepEqual([tab.lastState.state, tab.lastState.reason, tab.chat.transport, tab.received()], ['online', 'alone', 'poll', [57]]);
  for (const tab of tabs) await tab.close();
  await cp(join(installed, 'pollster-tabs.min.js'), join(alone, 'pollster-tabs.min.js'));
  const later = [await opened(browser, Alone), await opened(browser, Alone)];
  assert.equal(browser.network.polls(), 1);
  assert.deepEqual(later.map(({ chat, lastState: { reason } }) => [chat.transport, reason]), [['poll', null], ['shared', null]]);
});

test("the library's own tests pass with the one file", async (t) => {
  const copy = join(folder, 'minified');
  await cp(join(root, 'tests/web'), join(copy, 'tests/web'), { recursive: true });
  await cp(join(root, 'web'), join(copy, 'web'), { recursive: true });
  await cp(join(root, 'docs/CLIENT.md'), join(copy, 'docs/CLIENT.md'));  // whose figures they count
  await cp(join(installed, 'pollster.min.js'), join(copy, 'web/pollster.js'));
  await cp(join(installed, 'pollster-tabs.min.js'), join(copy, 'web/pollster-tabs.min.js'));
  await rm(join(copy, 'web/pollster/sharing.js'));
  const parts = /from '[^']*\/(web\/pollster\/|tools\/)|readme/;  // tests of the modules one by one, and of the repository
  const suites = (await readdir(join(copy, 'tests/web'))).filter((name) => name.endsWith('.test.mjs'))
    .filter((name) => name !== 'readme.test.mjs' && !parts.test(readFileSync(join(copy, 'tests/web', name), 'utf8')));
  assert.ok(suites.length >= 10, `${suites}`);
  t.diagnostic(suites.join(' '));
  const environment = { ...process.env };
  delete environment.NODE_TEST_CONTEXT;  // or it reports to this run instead of telling the result
  await run(process.execPath, ['--test', ...suites.map((name) => join('tests/web', name))], { cwd: copy, env: environment });
  assert.ok(existsSync(join(copy, 'web/pollster')));
});
