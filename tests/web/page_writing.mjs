// Steps of page_e2e.mjs: writing and sending.

import assert from 'node:assert/strict';
import { KEYS } from './webdriver.mjs';

const BUBBLES = "[...document.querySelectorAll('#posts .bubble')].map((bubble) => bubble.textContent)";

export const steps = {
  'an Enter that ends a composition in the order of Safari sends nothing': {
    async check(browser) {
      await browser.type('#draft', 'にほ');
      const sent = await browser.run(`const draft = document.getElementById('draft');
        draft.dispatchEvent(new CompositionEvent('compositionend', { data: 'にほ', bubbles: true }));
        return !draft.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true }))`);
      assert.equal(sent, false);
      assert.equal(await browser.run("return document.getElementById('draft').value"), 'にほ');
      await browser.type('#draft', `ん${KEYS.enter}`);
      await browser.until('the whole word', `return ${BUBBLES}.at(-1) === 'にほん'`);
    },
  },

  'on a phone Enter makes a second line, and the button sends': {
    args: ['--blink-settings=primaryPointerType=2,availablePointerTypes=2,primaryHoverType=1,availableHoverTypes=1'],
    async check(browser) {
      assert.equal(await browser.run("return matchMedia('(pointer: coarse)').matches"), true);
      assert.equal(await browser.run("return document.getElementById('draft').enterKeyHint"), 'enter');
      await browser.type('#draft', `one${KEYS.enter}two`);
      assert.equal(await browser.run("return document.getElementById('draft').value"), 'one\ntwo');
      await browser.click('#send');
      await browser.until('both lines', `return ${BUBBLES}.at(-1) === 'one\\ntwo'`);
    },
  },
};
