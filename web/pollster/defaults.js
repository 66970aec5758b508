// What the library uses unless something else is passed in.

export const realTimers = {
  setTimeout: (run, delay) => setTimeout(run, delay),
  clearTimeout: (timer) => clearTimeout(timer),
  now: () => Date.now(),
};

// Called through globalThis: a bare reference to fetch may not be called as a method.
export const realFetch = (...request) => globalThis.fetch(...request);

// Some 100 bits. A key has to differ from the others that one user makes in a day, and need not be secret; so it does
// without crypto, which node 18 does not have, and of which pages over plain http have not all.
export const randomKey = () => `${Math.random()}${Math.random()}`;
