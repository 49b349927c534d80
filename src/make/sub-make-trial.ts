import { callsMake } from '../engine/make-flags.ts';
import { MAKE_NAMES } from '../engine/sub-make.ts';
import type { Job } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';
import { readCommand, renameCalls } from './sub-make-command.ts';

/** A make as a command called it. */
export interface TriedCall {
  readonly name: Bytes;
  /** Absolute, on the machine where it was tried. */
  readonly directory: Bytes;
  /** Without argv[0]. */
  readonly arguments: readonly Bytes[];
  /** What the command had done to its environment by then: `NAME=value` sets, `NAME` unsets. */
  readonly changes: readonly Bytes[];
}

/** What came of a command that was tried. */
export interface Trial {
  /** Where it was tried, absolute. */
  readonly directory: Bytes;
  readonly calls: readonly TriedCall[];
  /** Which of the calls in its text it came to, by number; known only of a command in which they are numbered. */
  readonly reached: ReadonlySet<number>;
  /** Of the command; undefined where it did not go on behind its first make. */
  readonly status: number | undefined;
}

export interface TrialOptions {
  /** Makes a name that nobody else has. */
  readonly nonce: string;
  /** Whether what the command writes stays: there is no sandbox that is thrown away. */
  readonly lasting: boolean;
}

/** How a command is tried. */
export interface TrialPlan {
  readonly words: readonly Bytes[];
  /** The calls in its text, where it has several or comes to them again. */
  readonly numbered: number;
  readonly repeats: boolean;
}

const ADVICE = 'Put each make on a line of its own, or keep the target out of dist';

/**
 * How a command can be tried: it runs with programs in place of make that only note how they are called. Where it does
 * nothing but go to directories, call makes and write files that are thrown away, it is let on, and all of them are found;
 * else it does not go on behind the first: what stands there counts on what make has made.
 *
 * @returns a text: why it cannot be tried, for people
 */
export function planTrial({ argv, command }: Pick<Job, 'argv' | 'command'>, options: TrialOptions): TrialPlan | string {
  const { effect, calls, repeats } = readCommand(command);
  if (options.lasting && effect !== 'none') {
    return `it does more than call make, and with staging none it would do that twice, once to be tried. ${ADVICE}`;
  }
  const several = repeats || calls.length > 1;
  const at = argv.lastIndexOf(command);
  if (several && (effect === 'more' || at < 0)) return `it calls make again behind what cannot be tried. ${ADVICE}`;
  const names = several ? calls.map(({ name }, number) => `${CALL}${number}-${name}`) : [];
  const numbered = several ? renameCalls(command, calls, (number) => names[number] ?? '') : command;
  const program = TRY.replaceAll('NONCE', options.nonce);
  const note = NOTE + (effect === 'more' ? HALT : 'exit 0');
  const words = ['/bin/sh', '-c', program, 'sh', note, names.join(' '), ...(at < 0 ? argv : argv.with(at, numbered))];
  return { words, numbered: names.length, repeats };
}

/** @returns why not all calls of make may have been found, for people; undefined: they were */
export function overlooked({ numbered, repeats }: TrialPlan, { reached, status }: Trial): string | undefined {
  if (numbered === 0 || reached.size === 0) return undefined;
  const first = Math.min(...reached);
  const missed = Array.from({ length: numbered }, (_, number) => number).some(
    (number) => !reached.has(number) && (repeats || number > first),
  );
  if (!missed && status === 0) return undefined;
  return `which makes it calls depends on what the first of them does. ${ADVICE}`;
}

/** @returns undefined when the trial did not come to its end */
export function parseTrial(stdout: Bytes): Trial | undefined {
  const fields = stdout.split('\0');
  if (fields.at(-1) !== '' || fields.at(-2) !== 'end') return undefined;
  let at = 0;
  const next = (): Bytes => fields[at++] ?? '';
  const list = (): readonly Bytes[] => {
    const end = fields.indexOf('', at);
    const found = fields.slice(at, end);
    at = end + 1;
    return found;
  };
  const directory = next();
  const before = list();
  const calls: TriedCall[] = [];
  const reached = new Set<number>();
  while (at < fields.length - 3) {
    const [called, where, count] = [next(), next(), Number(next())];
    const words = fields.slice(at, at + count);
    at += count;
    const [, number, name = called] = NUMBERED.exec(called) ?? [];
    if (number !== undefined) reached.add(Number(number));
    calls.push({ name, directory: where, arguments: words, changes: changesBetween(before, list()) });
  }
  const status = next();
  return { directory, calls, reached, status: status === HALTED ? undefined : Number(status) };
}

/** Whether it calls a make by a path, past every name that could be put in its place. */
export function callsMakeByPath(command: Bytes): boolean {
  return callsMake(command.replace(/(?<![^\s;&|({`])g?make(?=$|[\s;&|)`<>])/g, ':'));
}

/** How calls are named that have a number. */
const CALL = 'distmake-call-';
const NUMBERED = new RegExp(`^${CALL}(\\d+)-(.+)$`);
const HALTED = '-';

/** What a shell keeps for itself, and what is ours. */
const SHELLS_OWN = /^(?:PATH|PWD|OLDPWD|SHLVL|_)$/;

function changesBetween(before: readonly Bytes[], after: readonly Bytes[]): readonly Bytes[] {
  const nameOf = (entry: Bytes): Bytes => entry.split('=', 1)[0] ?? '';
  const old = new Set(before);
  const names = new Set(after.map(nameOf));
  const set = after.filter((entry) => !old.has(entry));
  const unset = before.map(nameOf).filter((name) => !names.has(name));
  return [...set, ...unset].filter((change) => !SHELLS_OWN.test(nameOf(change)));
}

/**
 * For sh: `distmake_dir` is a directory of its own, or there is none and the shell ends. `NONCE` in it is to be filled in.
 */
export const OWN_DIRECTORY = `for distmake_dir in "\${TMPDIR:-/tmp}/distmake-NONCE" /tmp/distmake-NONCE; do
  mkdir -m 700 "$distmake_dir" && break
done
[ -d "$distmake_dir" ] || exit 126
`;

/**
 * Arguments: what stands for make, further names for it, the words of the job. Prints fields, each with a NUL behind it:
 * the directory, the environment, an empty one, what was noted, the status or `-`, `end`. Its variables must not be those
 * of the job, and none is exported.
 */
const TRY = `printf '%s\\0' "$(pwd -P)"
cat /proc/$$/environ
printf '\\0'
${OWN_DIRECTORY}distmake_status=${HALTED}
tell() {
  for distmake_note in "$distmake_dir"/note.*; do
    [ ! -f "$distmake_note" ] || cat "$distmake_note"
  done
  printf '%s\\0' "$distmake_status" end
  rm -rf "$distmake_dir"
  exit 0
}
trap tell USR1
echo $$ >"$distmake_dir/tries"
for distmake_name in ${MAKE_NAMES.join(' ')} $2; do
  printf '%s' "$1" >"$distmake_dir/$distmake_name"
  chmod 700 "$distmake_dir/$distmake_name"
done
shift 2
(PATH=$distmake_dir:$PATH; export PATH; exec "$@") </dev/null >/dev/null 2>&1 &
wait $!
distmake_status=$?
tell
`;

const NOTE = `#!/bin/sh
distmake_dir=\${0%/*}
{
  printf '%s\\0' "\${0##*/}" "$(pwd -P)" $# "$@"
  cat /proc/$$/environ
  printf '\\0'
} >"$distmake_dir/part.$$"
mv "$distmake_dir/part.$$" "$distmake_dir/note.$$"
`;

/** Whoever tries ends with what it knows then, and with it everything that still waits. */
const HALT = `read distmake_tries <"$distmake_dir/tries"
kill -USR1 "$distmake_tries"
while :; do sleep 60; done`;
