// Each finding of `pollster doctor` and of `pollster adopt --check` is provoked by a test, with the words of its line:
// a test program asserts a text that begins with the finding's word and a colon, or a set of words that has it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, rows, section, sources } from './sources.mjs';

const tests = (name) => sources('tests/').filter(([path]) => name.test(path)).map(([, text]) => text).join('\n');
const wordsOf = (page, title) => rows(section(read(page), title)).map(([words]) => words)
  .filter((words) => words !== 'word')
  .flatMap((words) => words.split(',').map((word) => word.trim().replaceAll('`', '')));

// What a line's beginning is compared with: "word: more" at the start of a literal, or after the "-- " of a comment.
const asLine = (text, word) => new RegExp(`"(-- )?${word}: (?:[^"]|"\\s*\\+)`).test(text);
// codes() == "word", codes{"word", "another"}, finds({"word"}, ...: what all words of a report are compared with.
const compared = /(?:codes\(.*?\)\s*==\s*|codes\{|finds\(\{|\.code == )("[a-z0-9-]+"(?:,\s*"[a-z0-9-]+")*)/g;
const asCode = (text, word) => [...text.matchAll(compared)]
  .some(([, words]) => words.includes(`"${word}"`));

function all(words, text, atLeast) {
  assert.ok(words.length > atLeast, `only ${words.length} words`);
  const never = words.filter((word) => !asLine(text, word) && !asCode(text, word));
  assert.deepEqual(never, [], 'findings that no test provokes');
}

test('each finding of the doctor is provoked', () => {
  all(wordsOf('docs/DOCTOR.md', '`pollster doctor [URL]`'), tests(/\/doctor[a-z_]*_(test|pgtest|e2e)\.cpp$/), 45);
});

test('each finding of adopt --check is provoked', () => {
  all(wordsOf('docs/ADOPT.md', 'What the check says'), tests(/\/adopt[a-z_]*_pgtest\.cpp$/), 14);
});
