import type { Bytes } from '../util/bytes.ts';

/** What make says of a recipe line that failed: `make[1]: *** [Makefile:3: foo] Error 2`. */
export interface Verdict {
  /** `Makefile:3` or `<builtin>`; older makes name the target alone. */
  readonly makefileLine: Bytes | undefined;
  readonly target: Bytes;
  /** Exit status; undefined when a signal ended it. */
  readonly status: number | undefined;
  /** The recipe goes on (`-` in front, or make -i). */
  readonly ignored: boolean;
  /** MAKELEVEL of the make that says so: 0 is the outermost. */
  readonly level: number;
}

/** Lines longer than this are not make's own. */
const LONGEST = 8192;

/**
 * Reads one line without its newline.
 *
 *     name[LEVEL]: *** [FILE:LINE: TARGET] Error STATUS        (name is whatever make was called by)
 *     name[LEVEL]: *** [TARGET] Killed (core dumped)           (older: without FILE:LINE)
 *     name: [FILE:LINE: TARGET] Error STATUS (ignored)
 */
export function parseVerdict(line: Bytes): Verdict | undefined {
  if (line.length > LONGEST || !line.includes(': ')) return undefined;
  const match = /^[^:[\]]+(?:\[(\d+)\])?: (\*\*\* )?\[(.+)\] (\S.*?)( \(ignored\))?(?: shuffle=\S+)?$/.exec(line);
  if (match === null) return undefined;
  const [, level, stars, where = '', end = '', ignored] = match;
  const error = /^Error (?:code )?(\d+)$/.exec(end)?.[1];
  // Without the stars it must say that it was ignored, and a signal's name is words: else it is someone's own text.
  if ((stars === undefined) !== (ignored !== undefined)) return undefined;
  if (error === undefined && !/^[A-Z][\w /]*(?: \(core dumped\))?$/.test(end)) return undefined;
  const place = /^(.*?:\d+|<builtin>): (.+)$/.exec(where);
  return {
    makefileLine: place?.[1],
    target: place?.[2] ?? where,
    status: error === undefined ? undefined : Number(error),
    ignored: ignored !== undefined,
    level: Number(level ?? 0),
  };
}

/** Whether make itself wrote this line, which then is no part of the echo of a command. */
export function isMakesOwn(line: Bytes): boolean {
  if (line.length > LONGEST || !line.includes(': ')) return false;
  return (
    /^[^:\s]+(?:\[\d+\])?: (?:\*\*\* |Entering directory |Leaving directory )/.test(line) ||
    parseVerdict(line) !== undefined
  );
}
