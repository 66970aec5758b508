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
};
