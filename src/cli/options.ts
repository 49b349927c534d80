import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { DistSetting, Fallback, LogMode, Staging } from '../model/settings.ts';
import { UserError } from '../util/user-error.ts';

/** What stands before make's own arguments on the command line. */
export interface CliOptions {
  /** The host matrix; undefined: `~/.makehosts`. */
  readonly hostsFile: string | undefined;
  /** Absolute. Undefined: the enclosing git work tree, else the current directory. */
  readonly root: string | undefined;
  readonly make: string;
  readonly dist: DistSetting | undefined;
  readonly local: readonly string[];
  readonly localJobs: number;
  readonly fallback: Fallback;
  readonly environment: readonly string[];
  readonly setup: string;
  readonly staging: Staging;
  readonly exclude: readonly string[];
  /** Undefined: plain make output, folds in a workflow. */
  readonly log: LogMode | undefined;
  /** Everything else, for make. */
  readonly makeArguments: readonly string[];
}

export const USAGE = `usage: distmake [-c HOSTFILE] [options] [make arguments]

  -c FILE              the host matrix (default: ~/.makehosts)
  --root DIR           what is staged (default: the enclosing git work tree, else here)
  --make PROGRAM       the make to run (default: make)
  --dist PATTERN       targets that may leave, besides .DIST; "auto" or "makefile" alone (may be given again)
  --local PATTERN      targets that must stay (may be given again)
  --local-jobs N       distributable jobs taken here when the hosts are full (default: number of processors)
  --fallback WORD      local, or never: no distributable recipe runs here
  --environment NAME   a further variable that travels (may be given again)
  --setup LINES        for sh, evaluated once per lane on the hosts
  --staging WORD       tree, declared (a job sees its declared prerequisites alone) or none (shared file system)
  --exclude PATTERN    what is not staged, as in a .gitignore (may be given again)
  --log WORD           fold, failures or plain

The first argument that is none of these, and all behind it, go to make.`;

/**
 * Takes the command's own options from the front of the command line.
 *
 * @param words without the program's name
 * @param directory the current one
 * @throws UserError naming the option that is wrong
 */
export function parseOptions(words: readonly string[], directory: string): CliOptions {
  const values = new Map<string, string[]>();
  let at = 0;
  for (; at < words.length; at++) {
    const [name, attached] = split(words[at] as string);
    if (!OPTIONS.has(name)) break;
    const value = attached ?? words[++at];
    if (value === undefined) throw new UserError(`option ${name} needs a value\n\n${USAGE}`);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  const last = (name: string): string | undefined => values.get(name)?.at(-1);
  const root = last('--root');
  const hostsFile = last('-c');
  const staging = wordOf('--staging', last('--staging'), ['tree', 'declared', 'none']) ?? 'tree';
  const exclude = values.get('--exclude') ?? [];
  if (staging === 'none' && exclude.length > 0)
    throw new UserError('option --exclude: nothing is copied with --staging none; leave one of the two out');
  return {
    hostsFile: hostsFile === undefined ? undefined : resolve(directory, hostsFile),
    root: root === undefined ? undefined : resolve(directory, root),
    make: last('--make') ?? 'make',
    dist: distOf(values.get('--dist')),
    local: values.get('--local') ?? [],
    localJobs: countOf('--local-jobs', last('--local-jobs')) ?? availableParallelism(),
    fallback: wordOf('--fallback', last('--fallback'), ['local', 'never']) ?? 'local',
    environment: values.get('--environment') ?? [],
    setup: last('--setup') ?? '',
    staging,
    exclude,
    log: wordOf('--log', last('--log'), ['fold', 'failures', 'plain']),
    makeArguments: words.slice(at),
  };
}

const OPTIONS: ReadonlySet<string> = new Set([
  '-c',
  '--root',
  '--make',
  '--dist',
  '--local',
  '--local-jobs',
  '--fallback',
  '--environment',
  '--setup',
  '--staging',
  '--exclude',
  '--log',
]);

/** `--name=value` and `-cVALUE` carry their value themselves. */
function split(word: string): [name: string, value: string | undefined] {
  if (/^-c./.test(word)) return ['-c', word.slice(2)];
  const equals = word.indexOf('=');
  return word.startsWith('--') && equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : [word, undefined];
}

function distOf(patterns: readonly string[] | undefined): DistSetting | undefined {
  if (patterns === undefined) return undefined;
  const [first] = patterns;
  if (patterns.length === 1 && (first === 'auto' || first === 'makefile')) return { mode: first };
  return { mode: 'patterns', patterns };
}

function countOf(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,4}$/.test(value))
    throw new UserError(`option ${name}: ${JSON.stringify(value)} is not a number from 0 to 9999`);
  return Number(value);
}

function wordOf<T extends string>(name: string, value: string | undefined, words: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const word = words.find((one) => one === value);
  if (word === undefined)
    throw new UserError(`option ${name}: ${JSON.stringify(value)} is none of ${words.join(', ')}`);
  return word;
}
