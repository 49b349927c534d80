import { isAbsolute, join } from 'node:path/posix';

import type { Bytes } from '../util/bytes.ts';
import { argumentsOf, type Argument } from './arguments.ts';
import { makeflagsWords } from './makeflags.ts';

/** What make is asked to do, by its arguments and by MAKEFLAGS in its environment. */
export interface MakeIntent {
  /** Each -C, in order; each is relative to the one before. */
  readonly directories: readonly Bytes[];
  /** Each -f, relative to the directory after all -C. `-` is standard input. */
  readonly makefiles: readonly Bytes[];
  readonly includeDirectories: readonly Bytes[];
  /** The last -j: a number from 1, `unlimited` for a bare -j, undefined when there is none (or one that make refuses). */
  readonly jobs: number | 'unlimited' | undefined;
  readonly keepGoing: boolean;
  readonly ignoreErrors: boolean;
  readonly silent: boolean;
  readonly dryRun: boolean;
  readonly question: boolean;
  readonly touch: boolean;
  /** -p: what the makefiles say is printed. */
  readonly database: boolean;
  /** --help or --version: no makefile is read. */
  readonly informational: boolean;
  readonly goals: readonly Bytes[];
  /** `A=b` on the command line. */
  readonly variables: readonly Bytes[];
}

/**
 * Reads make's arguments as make does.
 *
 * @param words argv without argv[0]
 * @param environment `NAME=value`; only MAKEFLAGS and GNUMAKEFLAGS are looked at
 */
export function makeIntent(words: readonly Bytes[], environment: readonly Bytes[] = []): MakeIntent {
  const own = argumentsOf(words);
  const all = [...argumentsOf(makeflagsWords(environment)), ...own];
  const values = (id: string) => own.flatMap((a) => (a.kind === 'option' && a.id === id ? [a.value ?? ''] : []));
  const has = (...ids: string[]) => all.some((a) => a.kind === 'option' && ids.includes(a.id));
  return {
    directories: values('C'),
    makefiles: values('f'),
    includeDirectories: values('I'),
    jobs: lastJobs(all),
    keepGoing: all.reduce((is, a) => (a.kind === 'option' && 'kS'.includes(a.id) ? a.id === 'k' : is), false),
    ignoreErrors: has('i'),
    silent: has('s'),
    dryRun: has('n'),
    question: has('q'),
    touch: has('t'),
    database: has('p'),
    informational: has('h', 'v'),
    goals: own.flatMap((a) => (a.kind === 'goal' && a.text !== '-' ? [a.text] : [])),
    variables: own.flatMap((a) => (a.kind === 'variable' ? [a.text] : [])),
  };
}

/**
 * Where make goes before it reads a makefile: each -C in turn, from `start` (absolute). A leading `~` is HOME, as make
 * has it for its own arguments.
 */
export function effectiveDirectory(start: Bytes, directories: readonly Bytes[], home?: Bytes): Bytes {
  return directories.reduce((at, next) => inDirectory(at, next, home), start);
}

/** A file argument of make as an absolute path. */
export function inDirectory(directory: Bytes, path: Bytes, home?: Bytes): Bytes {
  const expanded = home !== undefined && /^~(\/|$)/.test(path) ? home + path.slice(1) : path;
  return isAbsolute(expanded) ? expanded : join(directory, expanded);
}

function lastJobs(all: readonly Argument[]): number | 'unlimited' | undefined {
  const last = all.findLast((a) => a.kind === 'option' && a.id === 'j');
  if (last?.kind !== 'option') return undefined;
  if (last.value === undefined) return 'unlimited';
  return /^0*[1-9][0-9]{0,8}$/.test(last.value) ? Number(last.value) : undefined;
}
