// What a key means in a field with text. No DOM but the event's.

// A phone's keyboard has no shift to hold for a second line, and the button to send is beside the thumb.
const phone = globalThis.matchMedia?.('(pointer: coarse)') ?? { matches: false };

// An input method takes this key: Enter picks a word, Escape drops it. Safari ends the composition before it
// sends the key, so that only the code 229 tells.
export const composing = (event) => event.isComposing || event.keyCode === 229;

// Whether this key sends the text. On a phone it makes a new line there, and only Ctrl or Cmd with it sends.
export function sends(event, coarse = phone.matches) {
  if (event.key !== 'Enter' || composing(event)) return false;
  return event.ctrlKey || event.metaKey || (!event.shiftKey && !coarse);
}

// The words beside it follow, also when a mouse or a keyboard cover comes or goes.
export function whenPointerChanges(tell) {
  phone.addEventListener?.('change', () => tell(phone.matches));
  tell(phone.matches);
}
