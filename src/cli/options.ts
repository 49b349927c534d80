import { resolve } from 'node:path';
import { DMAKE_NAMES } from '../build/dmake-settings.ts';
import { splitArguments, type ArgumentGroup } from '../make/arguments.ts';
import { LOAD_POLICIES, type LoadPolicy } from '../model/load.ts';
import { MATRIX_FORMATS, type MatrixFormat } from '../model/matrix.ts';
import type { DistSetting, Fallback, LogMode, Staging, Toolchain } from '../model/settings.ts';
import { parseDuration } from '../util/duration.ts';
import { excerpt } from '../util/excerpt.ts';
import { UserError } from '../util/user-error.ts';
import { USAGE } from './usage.ts';

/** `hosts`: the matrix. `check`: whether its hosts can be used. `clean`: what runs that are gone have left there. */
export type Instead = 'hosts' | 'check' | 'clean' | 'help' | 'version';

/** What stands before make's own arguments on the command line. */
export interface CliOptions {
  /** The host matrix, absolute; undefined: wherever else one is found. */
  readonly hostsFile: string | undefined;
  readonly hostsFormat: MatrixFormat | undefined;
  readonly group: string | undefined;
  /** dmake's settings, by name. */
  readonly dmake: ReadonlyMap<string, string>;
  /** What is shown, or tried, while nothing is built. */
  readonly instead: Instead | undefined;
  /** Absolute. Undefined: the enclosing git work tree, else the current directory. */
  readonly root: string | undefined;
  readonly make: string;
  readonly dist: DistSetting | undefined;
  readonly local: readonly string[];
  readonly localJobs: number | undefined;
  readonly load: LoadPolicy | undefined;
  readonly toolchain: Toolchain;
  /** `accept-new`: keys of hosts that were never seen are taken. */
  readonly knownHosts: 'accept-new' | undefined;
  readonly fallback: Fallback;
  /** In seconds. */
  readonly hostTimeout: number | undefined;
  readonly jobTimeout: number | undefined;
  readonly staleAfter: number | undefined;
  readonly noRetry: readonly string[];
  readonly environment: readonly string[];
  readonly setup: string;
  readonly staging: Staging;
  readonly exclude: readonly string[];
  /** The directory of a bulk build, absolute. */
  readonly bulk: string | undefined;
  /** Undefined: plain make output, folds in a workflow. */
  readonly log: LogMode | undefined;
  /** A live view on the terminal. */
  readonly watch: boolean;
  /** `-dD`, as bsddistmake has it (B11). */
  readonly debug: boolean;
  /** The directory of the report, absolute. */
  readonly report: string | undefined;
  /** Files with problem matchers, absolute. */
  readonly problemMatchers: readonly string[];
  /** Everything else, for make. */
  readonly makeArguments: readonly string[];
  /** Behind `--`: what is run in place of make. Not empty. */
  readonly command: readonly string[] | undefined;
}

/**
 * Takes the command's own options from the front of the command line.
 *
 * @param words without the program's name
 * @param directory the current one
 * @throws UserError naming the option that is wrong
 */
export function parseOptions(words: readonly string[], directory: string): CliOptions {
  const values = new Map<string, string[]>();
  const flags = new Set<string>();
  let at = 0;
  for (; at < words.length; at++) {
    const [name, attached] = split(words[at] as string);
    if (FLAGS.has(words[at] as string)) {
      flags.add(words[at] as string);
      continue;
    }
    if (!OPTIONS.has(name)) break;
    const value = attached ?? words[++at];
    if (value === undefined) throw new UserError(`option ${name} needs a value\n\n${USAGE}`);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  refuseLate(words.slice(at));
  const command = words[at] === '--' ? words.slice(at + 1) : undefined;
  if (command?.length === 0) throw new UserError(`behind -- a command is missing\n\n${USAGE}`);
  if (command !== undefined && values.has('--bulk'))
    throw new UserError(
      'option --bulk: the items are targets of a make; leave out -- and give the arguments of that make',
    );
  const last = (name: string): string | undefined => values.get(name)?.at(-1);
  const patternsOf = (name: string): readonly string[] | undefined => {
    const wrong = values.get(name)?.find((one) => one === '' || /\s/.test(one));
    if (wrong !== undefined)
      throw new UserError(
        `option ${name}: one pattern each time, not ${excerpt(wrong)}; give the option again for another`,
      );
    return values.get(name);
  };
  const directoryOf = (name: string): string | undefined => {
    if (last(name) === '') throw new UserError(`option ${name}: the name of a directory is missing`);
    return last(name) === undefined ? undefined : resolve(directory, last(name) ?? '');
  };
  const rest = command === undefined ? splitArguments(words.slice(at)) : [];
  const debug = flags.has(DEBUG) || rest.some(isDebug);
  if (flags.has('--watch') && values.has('--log'))
    throw new UserError('option --watch: it shows the build its own way; leave out --log');
  const root = last('--root');
  const hostsFile = last('-c');
  const staging = wordOf('--staging', last('--staging'), ['tree', 'declared', 'none']) ?? 'tree';
  const exclude = values.get('--exclude') ?? [];
  if (staging === 'none' && exclude.length > 0)
    throw new UserError('option --exclude: nothing is copied with --staging none; leave one of the two out');
  return {
    hostsFile: hostsFile === undefined ? undefined : resolve(directory, hostsFile),
    hostsFormat: wordOf('--hosts-format', last('--hosts-format'), MATRIX_FORMATS),
    group: last('-g'),
    dmake: dmakeOf(values.get('-x') ?? []),
    instead: INSTEAD.find((one) => flags.has(`--${one}`)),
    root: root === undefined ? undefined : resolve(directory, root),
    make: last('--make') ?? 'make',
    dist: distOf(patternsOf('--dist')),
    local: patternsOf('--local') ?? [],
    localJobs: countOf('--local-jobs', last('--local-jobs')),
    load: wordOf('--load', last('--load'), LOAD_POLICIES),
    toolchain: toolchainOf(values.get('--toolchain')),
    knownHosts: wordOf('--known-hosts', last('--known-hosts'), ['accept-new']),
    fallback: wordOf('--fallback', last('--fallback'), ['local', 'never']) ?? 'local',
    hostTimeout: durationOf('--host-timeout', last('--host-timeout')),
    jobTimeout: durationOf('--job-timeout', last('--job-timeout')),
    staleAfter: durationOf('--stale-after', last('--stale-after')),
    noRetry: patternsOf('--no-retry') ?? [],
    environment: values.get('--environment') ?? [],
    setup: last('--setup') ?? '',
    staging,
    exclude,
    bulk: directoryOf('--bulk'),
    log: wordOf('--log', last('--log'), ['fold', 'failures', 'plain']),
    watch: flags.has('--watch'),
    debug,
    report: directoryOf('--report'),
    problemMatchers: (values.get('--problem-matcher') ?? []).map((file) => resolve(directory, file)),
    makeArguments: rest.filter((group) => !isDebug(group)).flatMap((group) => group.words),
    command,
  };
}

const DEBUG = '-dD';
/** The first that is given counts. */
const INSTEAD = ['help', 'version', 'hosts', 'check', 'clean'] as const;
const OF_MAKE: ReadonlySet<string> = new Set(['--help', '--version']);
/** They take no value. */
const FLAGS: ReadonlySet<string> = new Set(['--watch', DEBUG, ...INSTEAD.map((one) => `--${one}`)]);

const OPTIONS: ReadonlySet<string> = new Set([
  '-c',
  '-g',
  '-x',
  '--hosts-format',
  '--load',
  '--toolchain',
  '--known-hosts',
  '--root',
  '--make',
  '--dist',
  '--local',
  '--local-jobs',
  '--fallback',
  '--host-timeout',
  '--job-timeout',
  '--no-retry',
  '--stale-after',
  '--environment',
  '--setup',
  '--staging',
  '--exclude',
  '--bulk',
  '--log',
  '--report',
  '--problem-matcher',
]);

/** Make's own -d with a D, which make does not know; bsddistmake takes it anywhere. */
function isDebug({ words, arguments: read }: ArgumentGroup): boolean {
  return words.length === 1 && words[0] === DEBUG && read.some(({ kind }) => kind === 'unknown');
}

/** `--name=value`, `-cVALUE` and the like carry their value themselves. */
function split(word: string): [name: string, value: string | undefined] {
  if (/^-[cgx]./.test(word)) return [word.slice(0, 2), word.slice(2)];
  const equals = word.indexOf('=');
  return word.startsWith('--') && equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : [word, undefined];
}

/**
 * An option of ours among those for make: make would say how it is used, or take it for the beginning of an option of its own
 * (`--check` for `--check-symlink-times`). `--help` and `--version` are make's as well.
 */
function refuseLate(words: readonly string[]): void {
  for (const { words: group, arguments: read } of splitArguments(words)) {
    if (read[0]?.kind === 'end') return;
    // Behind the first stands at most a value.
    const [name] = split(group[0] ?? '');
    if (name.startsWith('--') && !OF_MAKE.has(name) && (FLAGS.has(name) || OPTIONS.has(name)))
      throw new UserError(`option ${name} must stand before the first argument for make`);
  }
}

function dmakeOf(words: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    words.map((word): [string, string] => {
      const [, name, value] = /^(\w+)=(.*)$/s.exec(word) ?? [];
      const known = DMAKE_NAMES.find((one) => one === name);
      if (known === undefined || value === undefined)
        throw new UserError(`option -x: ${excerpt(word)} is not NAME=VALUE with one of ${DMAKE_NAMES.join(', ')}`);
      return [known, value];
    }),
  );
}

function distOf(patterns: readonly string[] | undefined): DistSetting | undefined {
  if (patterns === undefined) return undefined;
  const [first] = patterns;
  if (patterns.length === 1 && (first === 'auto' || first === 'makefile')) return { mode: first };
  return { mode: 'patterns', patterns };
}

function toolchainOf(commands: readonly string[] | undefined): Toolchain {
  return commands?.length === 1 && commands[0] === 'off' ? [] : commands;
}

function countOf(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,4}$/.test(value))
    throw new UserError(`option ${name}: ${JSON.stringify(value)} is not a number from 0 to 9999`);
  return Number(value);
}

function durationOf(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = parseDuration(value);
  if (seconds === undefined || seconds < 1 || seconds > 86_400_000)
    throw new UserError(`option ${name}: ${JSON.stringify(value)} is not a length of time such as 90, 90s, 10m or 24h`);
  return seconds;
}

function wordOf<T extends string>(name: string, value: string | undefined, words: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const word = words.find((one) => one === value);
  if (word === undefined)
    throw new UserError(`option ${name}: ${JSON.stringify(value)} is none of ${words.join(', ')}`);
  return word;
}
