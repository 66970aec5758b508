// What of a text becomes a link. Many cases are those of GitHub's autolinks:
// https://github.github.com/gfm/#autolinks-extension-

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { links } from '../../web/page/links.js';

// The texts have their addresses between ‹ and ›.
const cases = [
  'see ‹https://example.org/a?b=1›. Or javascript:alert(1)',
  '‹https://a.example›"onclick="x', "‹https://a.example›'onclick='x", '<‹https://a.example/b›>', "'‹https://a.example/b›'",
  '', 'https://', 'https:// example.org', 'http:///etc', 'https://.', 'https://)', 'ftp://example.org', '//example.org',
  // Letters of any case; within a word there is none.
  '‹HTTPS://EXAMPLE.ORG/Path›', 'Now ‹Http://example.org›', 'xhttps://example.org', '1http://example.org', '_‹https://example.org›_',
  '*‹https://example.org/x›*', '~~‹https://example.org›~~',
  // Punctuation after it, not in it.
  'Visit ‹https://commonmark.org›.', '‹https://commonmark.org/a.b›.', '‹https://example.org›, ‹https://example.net›!', '‹https://example.org/a,b;c!d›?!',
  '‹https://example.org/›…', '‹https://en.wikipedia.org/wiki/Ohm\'s_law›', '‹https://example.org/?q=a&b=c›;', '‹https://example.org/x#y›:',
  // Brackets that the address has opened are its own.
  '‹https://en.wikipedia.org/wiki/Foo_(bar)›', '(‹https://en.wikipedia.org/wiki/Foo_(bar)›)', '(see ‹https://en.wikipedia.org/wiki/Foo_(bar)›.)',
  '‹https://www.google.com/search?q=Markup+(business)›', '‹https://www.google.com/search?q=Markup+(business)›))', '(‹https://www.google.com/search?q=Markup+(business)›',
  '‹https://www.google.com/search?q=(business))+ok›', '[a](‹https://example.org/b›)', '[‹https://example.org/a[1]›]', '{‹https://example.org›}', '‹https://example.org/a(b›',
  '‹https://[::1]:8080/x›', '[‹https://[::1]›]', '‹https://example.org›(or not)',
  // A sentence in a script without spaces goes on right after it.
  '‹https://example.com/page›をご覧ください。', '‹https://example.com/›を見て', 'これ:‹https://example.com›です', '詳細は「‹https://example.com/a?b=c›」にあります',
  '请看‹https://example.com/页›'.replace('/页›', '/›页'), '‹https://example.com/x›，谢谢', '‹https://example.com›（日本語）', '‹https://example.com/a›을 보세요', 'ดู‹https://example.com›ที่นี่',
  '‹https://例え.jp/x›を見て', '‹https://www.例え.jp›', '‹https://ja.wikipedia.org/wiki/%E6%9D%B1%E4%BA%AC›',
  // Others use spaces.
  '‹https://ru.wikipedia.org/wiki/Москва›, столица', '‹https://de.wikipedia.org/wiki/Köln›.', '‹https://he.wikipedia.org/wiki/ירושלים›', '„‹https://example.org/x›“', '«‹https://example.org/x›»',
  // What turns or hides letters is no part of it.
  '‹https://example.org/a›\u202egpj', '‹https://example.org/a›\u200bb', 'a\u2066‹https://example.org›\u2069',
  // No address of a network.
  'https://example.org:99999/', '‹https://exa› mple', 'https://[::1', '‹https://localhost:8080›', '‹http://10.0.0.1/a›',
  'x https://a:b:https://example.org ‹https://example.org›',
];

for (const marked of cases) {
  test(`the addresses of ${JSON.stringify(marked)}`, () => {
    const parts = links(marked.replace(/[‹›]/g, ''));
    assert.equal(parts.map(({ text, href }) => (href ? `‹${text}›` : text)).join(''), marked);
    assert.ok(parts.every(({ text, href }) => text !== '' && (!href || /^https?:/i.test(href))));
  });
}

test('the longest post takes no longer than its length', () => {
  const began = process.cpuUsage().user;
  for (const part of ['https://', 'https://a:b:', '.', ')', 'https://a/(', 'https://a/) ', 'https://例']) {
    links(`https://a/${part.repeat(65_536 / part.length)}x`);
  }
  assert.ok(process.cpuUsage().user - began < 5_000_000);  // quadratic: minutes
});
