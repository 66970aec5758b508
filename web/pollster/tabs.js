// The part for tabs, sharing.js, is loaded only where it is of use, so that what everybody loads stays small. Whoever
// cannot have it does without it, and tries again with the next sign-in. Resolves with its module, or nothing.
export const load = () => import('./sharing.js').catch(() => {});
