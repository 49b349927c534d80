import type { Bytes } from '../util/bytes.ts';

/** `make: *** [Makefile:3: foo] Error 1`, and `make: [Makefile:3: foo] Error 1 (ignored)`. */
const VERDICT = /^[^:[\]]+(?:\[\d+\])?: (\*\*\* )?\[(.+)\] .*?( \(ignored\))?\n?$/;

/**
 * What make says of a failed recipe, which the parser of make's output gives as a text of its own; undefined: it is
 * something else, or about another target.
 */
export function verdictOn(text: Bytes, target: Bytes): 'failed' | 'ignored' | undefined {
  const [, stars, subject, ignored] = VERDICT.exec(text) ?? [];
  if (subject === undefined || (subject !== target && !subject.endsWith(`: ${target}`))) return undefined;
  if (stars !== undefined) return 'failed';
  return ignored === undefined ? undefined : 'ignored';
}
