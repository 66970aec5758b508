// If a part of the page could not be loaded, because the server went away in the midst of it, nothing else runs. Then
// this waits until the server is there again, and loads the page anew. Not a module: it must not depend on one.

'use strict';

{
  // Never at once: only the first of the files is asked for, and another one may be missing for long.
  const later = () => setTimeout(again, 2_000 + 4_000 * Math.random());
  const again = async () => {
    try {
      const { ok } = await fetch(document.querySelector('script[type=module]').src, { cache: 'no-store' });
      if (ok) return location.reload();
    } catch { /* not yet */ }
    return later();
  };
  // The event of a script does not bubble; it is that of chat.js, or embed.js, also if a file that it imports is
  // missing.
  document.addEventListener('error', ({ target }) => {
    if (!(target instanceof HTMLScriptElement)) return;
    document.getElementById('start-text').textContent = 'The server cannot be reached. Trying again…';
    later();
  }, true);
}
