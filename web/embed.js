// One wall, to be shown in a frame on another page: embed.html?wall=3 (docs/EMBED.md, "A frame"). The visitor is signed
// in by the cookie, or with `&token` by sessions that the page around it hands in, or is a guest of a wall that is open
// to all; `&readonly`: nobody writes here.
//
// Who may frame it says the web server (frame-ancestors), so the page around it is one that may know what it is told.
// It is told nothing but that a token is needed, and whether one was refused.

import './pollster-wall.js';

const PATIENCE = 10_000;  // ms, for a token

const asked = new URLSearchParams(location.search);
const element = document.querySelector('pollster-wall');

// Asks the page around this one. What does not come is tried again later, as everything that is not there.
function tokenFromParent(refused) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => end(() => reject(new Error('The page around this one hands in none.'))), PATIENCE);
    const hear = ({ source, data }) => {
      if (source === window.parent && data?.pollster === 'token') end(() => resolve(data.token));
    };
    const end = (then) => {
      clearTimeout(limit);
      window.removeEventListener('message', hear);
      then();
    };
    window.addEventListener('message', hear);
    window.parent.postMessage({ pollster: 'token', refused: refused !== null }, '*');
  });
}

element.setAttribute('base', document.querySelector('meta[name="pollster-api"]').content);
element.toggleAttribute('readonly', asked.has('readonly'));
if (asked.has('token') && window.parent !== window) element.token = tokenFromParent;
element.wall = asked.get('wall');

// Signed in meanwhile, in the tab that the link has opened. What a guest reads goes on unless it was opened.
let opened = false;
element.addEventListener('click', ({ target }) => { opened ||= target.slot === 'signed-out'; });
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !element.chat) return;
  if (element.chat.state === 'signed_out' || (opened && element.chat.user?.id === 0)) element.resume();
  opened = false;
});
