// Steps of page_e2e.mjs: which walls there are, what is unread, and where.

import assert from 'node:assert/strict';

const badge = (wall) => `document.querySelector('[data-wall="${wall}"] .badge')`;

export const steps = {
  'a wall that is given appears, and one that is taken away goes, the last one, too': {
    prepare(chat) {
      chat.addWall(2, 'Store', ['bob']);
      chat.add(2, 'bob', 'hi');
    },
    async check(browser, chat) {
      const walls = (...names) => browser.until(`the walls ${names}`,
        "return [...document.querySelectorAll('#walls .wall-title')].map(({ textContent }) => textContent).join() === arguments[0]", names.join());
      await walls('General');
      chat.grant(2, 'ann');
      await walls('General', 'Store');
      chat.revoke(1, 'ann');
      await walls('Store');
      chat.revoke(2, 'ann');
      await walls();
      chat.grant(1, 'ann');
      await walls('General');
    },
  },

  'the line stands above the first unread post, however many pages back': {
    prepare(chat) {
      for (let n = 1; n <= 400; n++) chat.add(1, n % 4 ? 'bob' : 'ann', `Post ${n}`, { minutesAgo: 400 - n });
      chat.markRead(1, 'ann', 101);  // the first unread one is 102
    },
    async check(browser) {
      await browser.until('the line', "return document.querySelector('#posts .new-line')");
      const next = await browser.run(`const line = document.querySelector('#posts .new-line'), list = document.getElementById('messages').getBoundingClientRect();
        const { top, bottom } = line.getBoundingClientRect();
        return [line.nextElementSibling.querySelector('.bubble').textContent, top >= list.top && bottom <= list.bottom]`);
      assert.deepEqual(next, ['Post 102', true]);
    },
  },

  'an unread post that is deleted before its wall is opened moves the line to none that was read': {
    prepare(chat) {
      chat.addWall(2, 'Store', ['ann', 'bob']);
      for (const text of ['read', 'deleted', 'unread', 'unread, too']) chat.add(2, 'bob', text, { minutesAgo: 9 });
      chat.markRead(2, 'ann', 1);
    },
    async check(browser, chat) {
      await browser.until('a badge', `return ${badge(2)}?.firstChild.data === '3'`);
      const { post_id: postId } = chat.posted('deleted');
      chat.posted('deleted').body = null;
      chat.add(2, 'bob', null, { kind: 'delete', postId });
      chat.add(1, 'bob', 'after it');
      await browser.until('what came after it', "return [...document.querySelectorAll('#posts .bubble')].at(-1)?.textContent === 'after it'");
      await browser.click('[data-wall="2"]');
      assert.equal(await browser.until('the line', "return document.querySelector('#posts .new-line')?.nextElementSibling.querySelector('.bubble').textContent"), 'unread');
    },
  },

  'what is read in one tab is read in the other': {
    prepare(chat) {
      chat.addWall(2, 'Store', ['ann', 'bob']);
      chat.add(2, 'bob', 'hi');
    },
    async check(browser, chat, { url }) {
      await browser.until('a badge', `return ${badge(2)}`);
      const first = await browser.tab();
      await browser.newTab();
      await browser.go(`${url}#wall-2`);
      await browser.until('the post', "return document.querySelector('#posts .bubble')?.textContent === 'hi'");
      const second = await browser.tab();
      await browser.show(first);
      await browser.until('no badge', `return !${badge(2)}`);
      // And so on, whichever tab hears of a post first.
      await browser.show(second);
      chat.add(2, 'bob', 'and on');
      await browser.until('the next post', "return [...document.querySelectorAll('#posts .bubble')].at(-1).textContent === 'and on'");
      await browser.show(first);
      await browser.until('no badge', `return !${badge(2)} && !document.title.startsWith('(')`);
    },
  },

  'a name of 200 letters leaves the badges and the times where they are': {
    prepare(chat) {
      chat.addUser('m'.repeat(200), 'secret');
      chat.addWall(2, 'x'.repeat(200), ['ann', 'bob']);
      chat.addWall(3, 'Store', ['ann', 'bob']);
      for (const wall of [2, 3]) chat.add(wall, 'bob', 'hi');
      chat.add(1, 'm'.repeat(200), 'hi');
    },
    async check(browser) {
      await browser.until('badges', `return ${badge(2)} && ${badge(3)}`);
      assert.ok(await browser.run(`const { right } = document.querySelector('.sidebar').getBoundingClientRect();
        return [...document.querySelectorAll('.badge')].every((badge) => badge.getBoundingClientRect().right <= right)`), 'badges in sight');
      assert.ok(await browser.run(`const { right } = document.querySelector('#messages').getBoundingClientRect();
        return [...document.querySelectorAll('#posts time')].every((time) => time.getBoundingClientRect().right <= right)`), 'times in sight');
    },
  },
};
