// Steps of page_e2e.mjs: a wall of 10,000 posts, scrolled from its end to its beginning. What is counted is rows:
// those in the document, and those that one page of history touches. With POLLSTER_LONG_TASKS=1 it also prints what
// took the browser longer than 50 ms at a time, for a look at a quiet machine.

import assert from 'node:assert/strict';

const POSTS = 10_000;
const ROWS = "document.querySelectorAll('#posts > li').length";

// Scrolls up as a reader in a hurry does, four windows at a time, until the wall's first post is there.
const UPWARDS = `const done = arguments[arguments.length - 1];
  const list = document.getElementById('messages'), posts = document.getElementById('posts');
  const seen = { rows: 0, touched: 0, longest: 0, moved: 0 };
  let touched = new Set();
  new MutationObserver((records) => {
    for (const { addedNodes, removedNodes } of records) {
      for (const node of [...addedNodes, ...removedNodes]) if (!node.classList?.contains('gap')) touched.add(node);
    }
  }).observe(posts, { childList: true });
  new PerformanceObserver((all) => { for (const { duration } of all.getEntries()) seen.longest = Math.max(seen.longest, duration); })
    .observe({ entryTypes: ['longtask'] });
  const step = () => {
    seen.rows = Math.max(seen.rows, posts.childElementCount);
    seen.touched = Math.max(seen.touched, touched.size);
    touched = new Set();
    if (list.scrollTop < 1 && document.getElementById('history-state').textContent.startsWith('This is the beginning')) return done(seen);
    list.scrollTop -= list.clientHeight * 4;
    requestAnimationFrame(() => setTimeout(step, 0));
  };
  step();`;

const fill = (chat) => {
  for (let n = 0; n < POSTS; n++) {
    chat.add(1, n % 3 ? 'bob' : 'ann', `Post ${n}${' of several words'.repeat(n % 20)}`, { minutesAgo: (POSTS - n) * 3 });
  }
  chat.markRead(1, 'ann', POSTS);  // so that it opens at its end
};

export const steps = {
  'a wall of 10,000 posts holds a screenful of rows, and the focus and the selection': {
    prepare: fill,
    async check(browser) {
      // The focus is in one post at the end, a selection in another.
      const selected = await browser.run(`const own = [...document.querySelectorAll('#posts .own')].at(-1);
        own.querySelector('[data-do="Edit"]').focus();
        window.focused = document.activeElement;
        const words = [...document.querySelectorAll('#posts .other .bubble')].at(-2);
        document.getSelection().selectAllChildren(words);
        return String(document.getSelection())`);
      const seen = await browser.async(UPWARDS);
      if (process.env.POLLSTER_LONG_TASKS) console.log(seen);
      assert.ok(seen.rows < 200, `${seen.rows} rows in the document`);
      assert.ok(seen.touched < 200, `${seen.touched} rows touched at once`);
      assert.equal(await browser.run("return document.querySelector('#posts .bubble').firstChild.textContent"), 'Post 0');
      assert.deepEqual(await browser.run('return [document.activeElement === window.focused, String(document.getSelection())]'), [true, selected]);
      // And back at once.
      await browser.run("document.activeElement.blur(); document.getSelection().empty(); document.getElementById('messages').scrollTop = 1e9");
      await browser.until('the newest post', `return [...document.querySelectorAll('#posts .bubble')].at(-1).textContent.startsWith('Post ${POSTS - 1}')`);
      assert.ok(await browser.run(`return ${ROWS}`) < 200);
      // By the scroll bar to the middle of nowhere.
      await browser.run("document.getElementById('messages').scrollTop = document.getElementById('messages').scrollHeight / 2");
      await browser.until('posts in the middle', `const { top, bottom } = document.getElementById('messages').getBoundingClientRect();
        return [...document.querySelectorAll('#posts .bubble')].some((bubble) => bubble.getBoundingClientRect().top < bottom && bubble.getBoundingClientRect().bottom > top)`);
      assert.ok(await browser.run(`return ${ROWS}`) < 200);
    },
  },

  'a page of older posts touches no row that stays': {
    prepare(chat) { for (let n = 0; n < 120; n++) chat.add(1, 'ann', `Post ${n}`, { minutesAgo: 120 - n }); },
    async check(browser) {
      // The first row loses its heading; its button keeps the focus, its words the selection.
      const before = await browser.run(`document.getElementById('messages').scrollTop = 0;
        const first = document.querySelector('#posts .post');
        first.querySelector('[data-do="Edit"]').focus();
        document.getSelection().selectAllChildren(first.querySelector('.bubble'));
        window.first = first;
        window.touched = new Set();
        new MutationObserver((records) => {
          for (const { target, addedNodes, removedNodes } of records) if (target.id === 'posts') [...addedNodes, ...removedNodes].forEach((node) => window.touched.add(node));
        }).observe(document.getElementById('posts'), { childList: true });
        window.all = [...document.querySelectorAll('#posts .post')];
        return { text: String(document.getSelection()), id: first.dataset.post }`);
      await browser.until('older posts', "return Number(document.querySelector('#posts .post').dataset.post) < Number(arguments[0])", before.id);
      assert.deepEqual(await browser.run(`return [document.activeElement.dataset.do, window.first.contains(document.activeElement), String(document.getSelection()),
        window.first.isConnected, window.all.filter((post) => post.isConnected && window.touched.has(post)).length]`), ['Edit', true, before.text, true, 0]);
    },
  },
};
