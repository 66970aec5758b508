// Names as the page shows them. Those of an application's own tables may contain anything; nobody should pass
// for somebody else by a letter that is invisible or looks like another. No DOM.

// Some of these change the direction, others are invisible, and unassigned ones look like each other.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

const code = (letter) => letter.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');

// The name with invisible characters written out: "ann‹U+200B›". An author who was deleted has none.
export const shown = (name) => (String(name).trim() === '' ? '(no name)' : String(name)).replace(UNSEEN, (letter) => `‹U+${code(letter)}›`);

// The same within a sentence without markup (a title, a placeholder): its direction stays inside.
export const isolated = (name) => `\u2068${shown(name)}\u2069`;

// The name without invisible characters.
export const seen = (name) => String(name).replace(UNSEEN, '');

// Letters of other scripts that look like Latin ones in most fonts, and Latin ones that look like each
// other; the server's command line refuses far more (UTS #39).
const ALIKE = new Map([
  ['аɑα', 'a'], ['с', 'c'], ['ԁ', 'd'], ['е', 'e'], ['һ', 'h'], ['іιӏı', 'i'], ['ј', 'j'], ['оοօ0', 'o'], ['рρ', 'p'], ['ԛ', 'q'],
  ['ѕ', 's'], ['ս', 'u'], ['νѵ', 'v'], ['ԝ', 'w'], ['х', 'x'], ['уγ', 'y'], ['ո', 'n'], ['1|', 'l'],
  ['АΑ', 'A'], ['ВΒ', 'B'], ['СϹ', 'C'], ['ЕΕ', 'E'], ['НΗ', 'H'], ['ІΙӀ', 'I'], ['Ј', 'J'], ['КΚ', 'K'], ['МΜ', 'M'], ['Ν', 'N'],
  ['ОΟ', 'O'], ['РΡ', 'P'], ['Ѕ', 'S'], ['ТΤ', 'T'], ['ХΧ', 'X'], ['УΥ', 'Y'], ['ΖZ', 'Z'],
].flatMap(([letters, latin]) => [...letters].map((letter) => [letter, latin])));

// The same value for names that may be mistaken for each other: any case, form and spacing.
export function lookOf(name) {
  const plain = [...seen(name.normalize('NFKC'))].map((letter) => ALIKE.get(letter) ?? letter).join('');
  return plain.toLowerCase().replace(/[il]/g, 'l').replace(/\s+/g, ' ').trim();
}

const looks = new Map();  // name -> look: the same few names come again and again
function known(name) {
  if (typeof name !== 'string') return '';
  if (looks.size > 10_000) looks.clear();
  if (!looks.has(name)) looks.set(name, lookOf(name));
  return looks.get(name);
}

// Of the authors of these posts, and of the reader: {names, id -> name, as in the newest post, so that a renamed author
// has one name; twins, the ids of those whose name looks like another's}.
export function authorsOf(posts, me) {
  const names = new Map(posts.map((post) => [post.user_id, post.user_name]));
  if (me?.id) names.set(me.id, me.name);
  return { names, twins: twinsAmong([...names].map(([id, name]) => ({ id, name }))) };
}

// From things with {id, name}: the ids of those whose name looks like that of another id.
export function twinsAmong(things) {
  const ids = new Map();  // look -> ids
  for (const { id, name } of things) {
    const look = known(name);
    ids.set(look, (ids.get(look) ?? new Set()).add(id));
  }
  return new Set([...ids.values()].filter((same) => same.size > 1).flatMap((same) => [...same]));
}
