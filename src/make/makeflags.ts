import type { Bytes } from '../util/bytes.ts';
import { argumentsOf, changeArguments } from './arguments.ts';
import { environmentValue } from './environment.ts';

/** What says how many recipes run at one time, and how their output is put together. */
export const JOB_OPTIONS: ReadonlySet<string> = new Set([
  'j',
  'O',
  'jobserver-auth',
  'jobserver-fds',
  'jobserver-style',
  'sync-mutex',
]);

/** The words that make reads from its environment before its own arguments: GNUMAKEFLAGS, then MAKEFLAGS. */
export function makeflagsWords(environment: readonly Bytes[]): readonly Bytes[] {
  return ['GNUMAKEFLAGS', 'MAKEFLAGS'].flatMap((name) => splitMakeflags(environmentValue(environment, name) ?? ''));
}

/**
 * MAKEFLAGS for a make that is nobody's sub-make: without the jobserver and without -j and -O, which are ours to give.
 * Undefined when nothing is left.
 */
export function withoutJobWords(makeflags: Bytes): Bytes | undefined {
  const kept = changeArguments(splitMakeflags(makeflags), (a) => a.kind === 'option' && JOB_OPTIONS.has(a.id), []);
  if (kept.every((word) => word === '--')) return undefined;
  return kept.map((word) => word.replace(/[\\\s]/g, '\\$&')).join(' ');
}

/** Whether a make wrote it that shares its jobs with its children. */
export function namesJobserver(makeflags: Bytes): boolean {
  return argumentsOf(splitMakeflags(makeflags)).some((a) => a.kind === 'option' && a.id.startsWith('jobserver-'));
}

/** As decode_env_switches of make: blanks part words, a backslash keeps what follows, the first word may lack its dash. */
function splitMakeflags(text: Bytes): readonly Bytes[] {
  const words: Bytes[] = [];
  for (const [raw] of text.matchAll(/(?:\\[\s\S]|[^\s\\]|\\$)+/g)) words.push(raw.replace(/\\([\s\S])/g, '$1'));
  const [first, ...rest] = words;
  if (first === undefined) return [];
  return [first.startsWith('-') || first.includes('=') ? first : `-${first}`, ...rest];
}
