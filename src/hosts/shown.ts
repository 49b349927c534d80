import { excerpt } from '../util/excerpt.ts';

/** A long run of letters and digits: a token, a key, a digest. No name in a matrix has to look like that. */
const KEY = /[A-Za-z0-9+/=_-]{32,}/g;

/** Text of a matrix as an error may show it: an excerpt, without anything that looks like a key. */
export function shown(text: string): string {
  // An excerpt is short: what stands far behind its end need not be looked at.
  const hidden = text.slice(0, 1000).replace(KEY, (run) => (/\d/.test(run) && /[A-Za-z]/.test(run) ? '(hidden)' : run));
  return excerpt(hidden);
}
