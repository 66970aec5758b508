// What the browser lets this page keep. Where cookies are blocked, merely naming one throws.

// 'localStorage', or 'sessionStorage'. null: nothing may be kept.
export function openStorage(name) {
  try {
    return window[name] ?? null;
  } catch {
    return null;
  }
}

// Without cookies the session is kept by the page itself. Tried, because navigator.cookieEnabled says yes in a browser
// that is set to block all of them.
export function keepsCookies() {
  document.cookie = 'pollster_try=1; SameSite=Lax';
  const kept = document.cookie.includes('pollster_try=1');
  document.cookie = 'pollster_try=; SameSite=Lax; Max-Age=0';
  return kept;
}

// What does not work here, in words; empty if all does.
export function missing(storage, cookies) {
  const words = [];
  if (!cookies) words.push('This browser blocks cookies here: a reload signs you out.');
  if (!storage) words.push('This browser keeps nothing here: what you have not sent is lost with this page.');
  return words.join(' ');
}
