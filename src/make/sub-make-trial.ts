import { callsMake } from '../engine/make-flags.ts';
import { MAKE_NAMES } from '../engine/sub-make.ts';
import type { Job } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';

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
}

/**
 * The words that try a command: it runs with programs in place of make that only note how they are called. Where it does
 * nothing but go to directories and call makes, it is let on, and all of them are found; else it does not go on behind the
 * first: what stands there counts on what make has made.
 *
 * @param nonce makes a name that nobody else has
 */
export function trialWords({ argv, command }: Pick<Job, 'argv' | 'command'>, nonce: string): readonly Bytes[] {
  const after = onlyCallsMake(command) ? 'exit 0' : HALT;
  const program = TRY.replaceAll('NONCE', nonce);
  return ['/bin/sh', '-c', program, 'sh', NOTE + after, ...argv];
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
  while (at < fields.length - 2) {
    const [name, where, count] = [next(), next(), Number(next())];
    const words = fields.slice(at, at + count);
    at += count;
    calls.push({ name, directory: where, arguments: words, changes: changesBetween(before, list()) });
  }
  return { directory, calls };
}

/** Whether it calls a make by a path, past every name that could be put in its place. */
export function callsMakeByPath(command: Bytes): boolean {
  return callsMake(command.replace(/(?<![^\s;&|({`])g?make(?=$|[\s;&|)`])/g, ':'));
}

/** What neither asks nor changes anything but the shell itself. */
const HARMLESS = /^(?:cd|:|\[|test|true|false|echo|exit|set|export|unset|wait|make|gmake)$/;

/** Whether a command for sh certainly does nothing but go to directories and call make: one that is not understood does more. */
export function onlyCallsMake(command: Bytes): boolean {
  const text = command
    .replace(/\\\n/g, ' ')
    .replace(/'[^']*'/g, 'q')
    .replace(/\$(?:\w+|\{\w+\})/g, 'v')
    .replace(/"[^"\\`$]*"/g, 'q')
    .replace(/[12]?>(?:&[12]|>?[ \t]*\/dev\/null)(?![^\s;&|)])/g, ' ');
  if (/[`"'\\<>$#]/.test(text)) return false;
  return text.split(/[;&|\n(){}]/).every((part) => {
    const words = part.split(/\s+/).filter((word) => word !== '');
    if (words[0] === 'for') return true;
    const at = words.findIndex(
      (word) => !/^(?:if|then|elif|else|fi|while|until|do|done|!|exec|env|nice|nohup|time|command)$|^\w+=/.test(word),
    );
    return at < 0 || HARMLESS.test(words[at] ?? '');
  });
}

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
 * Arguments: what stands for make, the words of the job. Prints fields, each with a NUL behind it: the directory, the
 * environment, an empty one, what was noted, `end`. Its variables must not be those of the job, and none is exported.
 */
const TRY = `printf '%s\\0' "$(pwd -P)"
cat /proc/$$/environ
printf '\\0'
for distmake_bin in "\${TMPDIR:-/tmp}/distmake-NONCE" /tmp/distmake-NONCE; do
  mkdir -m 700 "$distmake_bin" && break
done
[ -d "$distmake_bin" ] || exit 126
tell() {
  for distmake_note in "$distmake_bin"/note.*; do
    [ ! -f "$distmake_note" ] || cat "$distmake_note"
  done
  printf 'end\\0'
  rm -rf "$distmake_bin"
  exit 0
}
trap tell USR1
echo $$ >"$distmake_bin/tries"
for distmake_name in ${MAKE_NAMES.join(' ')}; do
  printf '%s' "$1" >"$distmake_bin/$distmake_name"
  chmod 700 "$distmake_bin/$distmake_name"
done
shift
(PATH=$distmake_bin:$PATH; export PATH; exec "$@") </dev/null >/dev/null 2>&1 &
wait $!
tell
`;

const NOTE = `#!/bin/sh
distmake_bin=\${0%/*}
{
  printf '%s\\0' "\${0##*/}" "$(pwd -P)" $# "$@"
  cat /proc/$$/environ
  printf '\\0'
} >"$distmake_bin/part.$$"
mv "$distmake_bin/part.$$" "$distmake_bin/note.$$"
`;

/** Whoever tries ends with what it knows then, and with it everything that still waits. */
const HALT = `read distmake_tries <"$distmake_bin/tries"
kill -USR1 "$distmake_tries"
while :; do sleep 60; done`;
