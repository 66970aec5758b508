// Steps of page_e2e.mjs: texts and names from right to left, and those that only pretend.

import assert from 'node:assert/strict';

// Where the given letters of a text node are, from the left, by Range: -> their x in px.
const PLACES = `const places = (node, ...at) => at.map((n) => {
  const range = document.createRange();
  range.setStart(node, n);
  range.setEnd(node, n + 1);
  return range.getBoundingClientRect().left;
});
const texts = (element) => { const walk = document.createTreeWalker(element, 4), all = []; while (walk.nextNode()) all.push(walk.currentNode); return all; };
const bubbles = [...document.querySelectorAll('#posts .bubble')];`;

export const steps = {
  'each line of a text has its own direction': {
    prepare(chat) {
      chat.add(1, 'bob', 'שלום!\nHello!\nمرحبا.');
      chat.add(1, 'bob', 'Hello!\nשלום!');
    },
    async check(browser) {
      // For the lines of each post: is the punctuation to the right of the first letter?
      const found = await browser.run(`${PLACES} return bubbles.map((bubble) => {
        const [node] = texts(bubble);
        let from = 0;
        return node.data.split('\\n').map((line) => {
          const [first, last] = places(node, from, from + line.length - 1);
          from += line.length + 1;
          return last > first;
        });
      })`);
      assert.deepEqual(found, [[false, true, false], [true, false]]);
      for (const [field, text] of [['#draft', 'שלום'], ['#search', 'שלום']]) {
        await browser.type(field, text);
        assert.equal(await browser.run('return getComputedStyle(document.querySelector(arguments[0])).direction', field), 'rtl');
      }
    },
  },

  'an override in a text turns neither an address nor the words of the page': {
    prepare(chat) {
      const post = chat.add(1, 'bob', 'x');
      chat.add(1, 'bob', '\u202e https://example.org/a ab', { kind: 'edit', postId: post.post_id });
      chat.wall(1).entries.at(-1).edited_at = new Date().toISOString();
    },
    async check(browser) {
      const inOrder = await browser.run(`${PLACES} return ['a', '.edited'].map((css) => {
        const [node] = texts(bubbles[0].querySelector(css));
        const [first, second] = places(node, 1, 2);
        return second > first;
      })`);
      assert.deepEqual(inOrder, [true, true]);
    },
  },

  'a user and a wall that are renamed have their new name everywhere': {
    prepare(chat) {
      chat.addWall(2, 'Store', ['bob']);
      for (const name of ['bob', 'ann', 'bob']) chat.add(1, name, `of ${name}`, { minutesAgo: 30 });
    },
    async check(browser, chat) {
      chat.rename('bob', 'Robert');
      chat.rename('ann', 'Anna');
      chat.wall(1).name = 'Lobby';
      chat.grant(2, 'ann');  // so that the list of walls is read
      chat.add(1, 'bob', 'renamed');
      await browser.until('the post', "return [...document.querySelectorAll('#posts .bubble')].at(-1).textContent === 'renamed' && document.querySelector('[data-wall=\"2\"]')");
      const page = await browser.run(`const draft = document.getElementById('draft').placeholder, fields = document.title + draft;
        return document.body.innerText + [...document.querySelectorAll('.unseen, .avatar')].map(({ textContent }) => textContent).join() + fields`);
      for (const name of [/General/, /\bbob(?!$)/m, /\bann(?!$)/m]) assert.doesNotMatch(page.replace(/of (bob|ann)/g, ''), name);
      for (const name of ['Lobby', 'Robert', 'Anna']) assert.ok(page.includes(name), name);
      assert.deepEqual(await browser.run("return [...new Set([...document.querySelectorAll('#posts .other .heading strong')].map(({ textContent }) => textContent))]"), ['Robert']);
    },
  },

  'names keep their direction to themselves, and those that look alike are told apart': {
    prepare(chat) {
      for (const name of ['דנה (משרד)', '\u202ennA', 'b\u043eb']) chat.addUser(name, 'secret');
      chat.addWall(2, 'חנות!', ['ann']);
      chat.addWall(3, 'Store', ['ann']);
      chat.addWall(4, 'St\u043ere', ['ann']);
      for (const name of ['bob', 'b\u043eb', 'דנה (משרד)', '\u202ennA']) chat.add(1, name, 'hi');
    },
    async check(browser) {
      const names = await browser.run("return [...document.querySelectorAll('#posts .heading strong')].map((name) => [name.textContent, name.title])");
      assert.deepEqual(names, [['bob #2', '#2'], ['bоb #6', '#6'], ['דנה (משרד)', '#4'], ['‹U+202E›nnA', '#5']]);
      // The time stands to the right of the name, whatever the name's direction.
      assert.ok(await browser.run(`return [...document.querySelectorAll('#posts .heading')].every((heading) =>
        heading.querySelector('time').getBoundingClientRect().left >= heading.querySelector('bdi').getBoundingClientRect().right)`));
      const walls = await browser.run("return [...document.querySelectorAll('#walls .wall-title')].map((title) => [title.textContent, title.title])");
      assert.deepEqual(walls, [['General', '#1'], ['חנות!', '#2'], ['Store #3', '#3'], ['Stоre #4', '#4']]);
      await browser.click('[data-wall="4"]');
      await browser.until('its name with the number', "return document.getElementById('wall-name').textContent === 'Stоre #4'");
    },
  },
};
