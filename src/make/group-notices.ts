import type { Bytes } from '../util/bytes.ts';

/** What make says of the `+` of a target group, which it takes for a target of several rules. */
const NOTICE =
  /^.+?: (?:warning: (?:overriding|ignoring old) recipe for target '\+'|(?:warning: )?target '\+' given more than once in the same rule)\n/gm;

/** What make prints, without what it says of the `+` of target groups (D18). */
export function withoutGroupNotices(text: Bytes): Bytes {
  return text.includes("'+'") ? text.replace(NOTICE, '') : text;
}
