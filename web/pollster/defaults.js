// What the library uses unless something else is passed in.

export const realTimers = {
  setTimeout: (run, delay) => setTimeout(run, delay),
  clearTimeout: (timer) => clearTimeout(timer),
  now: () => Date.now(),
};

// Called through globalThis: a bare reference to fetch may not be called as a method.
export const realFetch = (...request) => globalThis.fetch(...request);

// crypto.randomUUID exists on secure origins only; a test server may be plain http.
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
