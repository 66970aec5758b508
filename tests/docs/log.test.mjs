// Each line that the server logs is in docs/OPERATIONS.md, and each line there is one that it logs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argumentsAt, code, read, rows, section, sources } from './sources.mjs';

// Calls that log: spdlog's own, and those that hand a line over to somebody who logs it as it is.
const calls = /\bspdlog::(?:trace|debug|info|warn|error|critical)\s*(?=\()|\bwarn\s*(?=\()|\bwarnings\.(?:push|emplace)_back\s*(?=\()/g;

// The lines that one argument may be: one for each side of "?:", with "…" for what is put in.
function linesOf(argument) {
  const outside = argument.replace(/"(?:[^"\\]|\\.)*"/g, (literal) => '_'.repeat(literal.length));
  const colon = outside.lastIndexOf(' : ');
  const question = outside.indexOf('?');
  const sides = question < 0 ? [argument] : [argument.slice(question + 1, colon), argument.slice(colon + 3)];
  return sides.map((untrimmed) => {
    const side = untrimmed.trim();
    const literals = [...side.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => m[1].replace(/\{[^}]*\}/g, '…'));
    const line = literals.join('…');
    return `${side.startsWith('"') ? '' : '…'}${line}${side.endsWith('"') ? '' : '…'}`.replace(/…+/g, '…');
  });
}

export function logged(text) {
  return [...text.matchAll(calls)]
    .flatMap((m) => linesOf(argumentsAt(text, m.index + m[0].length)[0]))
    .filter((line) => line !== '…'); // handed over: logged under its own words elsewhere
}

// "a … c" of the page stands for "a b c" and for "a … c".
function matches(documented, line) {
  const pattern = documented.split('…').map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return new RegExp(`^${pattern}$`).test(line);
}

const written = sources('fcgi_app/', 'db/', 'walls/', 'fibers/', 'passwords/')
  .flatMap(([path, text]) => logged(text).map((line) => [path, line]));
const documented = section(read('docs/OPERATIONS.md'), 'What the log says')
  .split('In nginx\'s access log')[0];
const page = rows(documented).slice(1).map(([line]) => line.match(/^`([^`]+)`$/)[1]);

test('each line of the page says something', () => {
  assert.ok(page.length > 30, `only ${page.length}`);
  for (const line of page) {
    assert.ok(line.replaceAll('…', '').trim().length > 5, line);
  }
  assert.equal(new Set(page).size, page.length);
});

test('each line that is logged is in the page', () => {
  assert.ok(written.length > 35, `only ${written.length}`);
  for (const [path, line] of written) {
    assert.ok(page.some((known) => matches(known, line)), `${path} logs "${line}", which is not in the page`);
  }
});

test('each line of the page is logged', () => {
  for (const known of page) {
    assert.ok(written.some(([, line]) => matches(known, line)), `nothing logs "${known}"`);
  }
});

// The page promises that the log names the request that failed: where it does not, the page must say so.
test('the log names each request that failed', () => {
  const failures = written.map(([, line]) => line).filter((line) => / failed: …$/.test(line));
  assert.ok(failures.length > 0);
  const nameless = failures.filter((line) => !line.startsWith('request …'));
  const promise = section(read('docs/OPERATIONS.md'), 'Watch').match(/the log names the request([^;|]*)/)[1];
  assert.equal(promise.includes('not for a poll'), nameless.some((line) => line.includes('poll')), nameless.join());
  assert.deepEqual(nameless.filter((line) => !line.includes('poll')), []);
});

test('a line is found however it is put together', () => {
  assert.deepEqual(logged(code('spdlog::warn("a {} of {:+.1f} "\n   "b", f(1, "x")); // spdlog::warn("no")')), ['a … of … b']);
  assert.deepEqual(logged('spdlog::info(up ? "it is up" : "it is down");'), ['it is up', 'it is down']);
  assert.deepEqual(logged('settings_.warn("user " + std::to_string(n(u)) + " is odd");'), ['user … is odd']);
  assert.deepEqual(logged('warn("ended: " + why);spdlog::warn("{}", line);'), ['ended: …']);
  assert.ok(matches('a … b', 'a … of c b'));
  assert.ok(!matches('a … b', 'a … of c b and d'));
});
