// Steps of page_e2e.mjs: posts as any writer may have written them.

import assert from 'node:assert/strict';

const BUBBLES = "[...document.querySelectorAll('#posts .bubble')].map((bubble) => bubble.textContent)";

export const steps = {
  'one bad row is one bad row': {
    prepare(chat) {
      chat.add(1, 'bob', 'before', { minutesAgo: 60 });
      Object.assign(chat.add(1, 'bob', 'no date'), { created_at: '294276-12-31T23:59:59.999Z' });
      Object.assign(chat.add(1, 'bob', 'x'), { body: 7 });
      Object.assign(chat.add(1, 'bob', 'no name'), { user_name: null });
      chat.add(1, 'bob', 'after');
    },
    async check(browser, chat) {
      const bad = 'This post cannot be shown.';
      assert.deepEqual(await browser.run(`return ${BUBBLES}`), ['before', 'no date', bad, 'no name', 'after']);
      chat.add(1, 'bob', 'and on');
      await browser.until('the wall goes on', `return ${BUBBLES}.at(-1) === 'and on'`);
    },
    noise: [/a post cannot be shown/],
  },

  'a long post is folded until somebody wants the rest': {
    prepare(chat) {
      chat.add(1, 'bob', 'before');
      chat.add(1, 'bob', Array.from({ length: 1_000 }, (_, n) => `line ${n + 1}`).join('\n'));
      chat.add(1, 'bob', `https://example.org/${'a'.repeat(65_000)}`);
    },
    async check(browser, chat) {
      const heights = () => browser.run("return [...document.querySelectorAll('#posts .post')].map((post) => post.offsetHeight)");
      assert.ok((await heights()).every((height) => height < 900), `heights ${await heights()}`);
      assert.equal((await browser.run("return document.querySelector('#posts a').href.length")), 65_020);
      await browser.click('#posts .fold');
      assert.ok(await browser.run("return document.querySelectorAll('#posts .bubble')[1].textContent.includes('line 1000')"));
      assert.ok((await heights())[1] > 15_000);
      assert.deepEqual(await browser.run("return [document.activeElement.className, document.activeElement.getAttribute('aria-expanded')]"), ['link fold', 'true']);
      // It stays open when the wall goes on, and its row leaves and comes back.
      chat.add(1, 'bob', 'word '.repeat(13_000));
      await browser.until('what is heard', "return document.getElementById('announce').textContent !== ''");
      assert.ok((await browser.run("return document.getElementById('announce').textContent")).length < 400);
      assert.ok((await heights())[1] > 15_000);
      await browser.click('#posts .fold');
      assert.ok((await heights()).every((height) => height < 900));
    },
  },
};
