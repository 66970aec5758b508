// A part of localStorage for one of several chats at one origin, below other paths: users and walls of each have the
// same numbers, and what was not sent to one must not be sent to another. Not for pollster.js itself: pages hand it in.

// The chat at `base`, wherever a page names it from.
export function nameOf(base, page = document.baseURI) {
  const { origin, pathname } = new URL(base, page);
  return (origin === new URL(page).origin ? '' : origin) + pathname.replace(/\/?$/, '/');
}

// Of the server at `base`, as its page gives it to Pollster. The one at /api/, where the shipped site has it, has names
// without a prefix, as before there was one.
export function ownStorage(storage, base, page) {
  const name = nameOf(base, page);
  if (!storage || name === '/api/') return storage;
  const prefix = `${name} `;
  return {
    get length() { return storage.length; },
    // Of others an empty name.
    key(n) {
      const key = storage.key(n);
      return key?.startsWith(prefix) ? key.slice(prefix.length) : '';
    },
    getItem: (key) => storage.getItem(prefix + key),
    setItem: (key, value) => storage.setItem(prefix + key, value),
    removeItem: (key) => storage.removeItem(prefix + key),
  };
}
