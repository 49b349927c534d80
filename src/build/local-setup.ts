import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Answer } from '../engine/ports.ts';
import { splitList } from '../make/environment.ts';
import type { Host } from '../model/host.ts';
import { describeOutcome, succeeded } from '../model/outcome.ts';
import { decode, encode, type Bytes } from '../util/bytes.ts';
import { hostSetup } from './host-setup.ts';
import { runnerTools } from './toolchain.ts';

/** What a shell sets for itself, and what is ours or make's: not for jobs, whatever the set-up lines did to it. */
const NOT_FOR_JOBS = /^(?:PWD|OLDPWD|SHLVL|_|MFLAGS|MAKE(?:FLAGS|LEVEL|FILES|_TERMOUT|_TERMERR)|DISTMAKE_.*)$/;

/** How much of what a command said is shown. */
const LAST_WORDS = 500;

/**
 * Runs the start-up command (E15) and the set-up lines (L2) of bare localhost on the runner, once, in the home directory, where
 * they run on other hosts too.
 *
 * @param environment that of make, as `NAME=value`
 * @param signal ends them
 * @returns what its variables and its set-up change: `NAME=value` sets, `NAME` unsets
 * @throws Error with the reason why it takes no jobs
 */
export async function setUpLocally(
  host: Host,
  environment: readonly Bytes[],
  signal: AbortSignal,
): Promise<readonly Bytes[]> {
  if (host.startup.trim() !== '') {
    const { outcome, stdout, stderr } = await ask('exec </dev/null', host.startup, environment, signal);
    if (!succeeded(outcome))
      throw new Error(
        `its start-up command (STARTUP) ended with ${describeOutcome(outcome)}${because(stdout + stderr)}`,
      );
  }
  const setup = hostSetup(host, '');
  if (setup === '') return [];
  // The variables before and after, parted by an empty one; the output of the lines is apart from that.
  const first =
    'distmake_env=$(command -v env) || exit; exec 3>&1 >&2 </dev/null; "$distmake_env" -0 >&3 && printf "\\0" >&3 || exit; set -e';
  const answer = await ask(first, `${setup}\n"$distmake_env" -0 >&3`, environment, signal);
  const [before, after] = lists(answer.stdout);
  if (!succeeded(answer.outcome) || !before || !after)
    throw new Error(`the setup lines failed there${because(answer.stderr)}`);
  return changesFrom(before, after);
}

/** The lines may hold secrets: they are in the environment of the shell, not among its words, which everyone can read. */
function ask(first: string, lines: string, environment: readonly Bytes[], signal: AbortSignal): Promise<Answer> {
  const home = existsSync(homedir()) ? homedir() : '/';
  const runner = runnerTools(home, [...environment, `DISTMAKE_SETUP=${encode(lines)}`]);
  return runner.ask(`distmake_setup=$DISTMAKE_SETUP; unset DISTMAKE_SETUP; ${first}; eval "$distmake_setup"`, signal);
}

function because(said: Bytes): string {
  const text = decode(said).trim();
  return text === '' ? '' : `; it said: ${text.slice(-LAST_WORDS)}`;
}

function lists(output: Bytes): readonly (readonly Bytes[] | undefined)[] {
  const end = output.indexOf('\0\0');
  const [before, after] = [output.slice(0, end + 1), output.slice(end + 2)];
  return end < 0 || after === '' ? [] : [splitList(before), splitList(after)];
}

function changesFrom(before: readonly Bytes[], after: readonly Bytes[]): readonly Bytes[] {
  const known = new Set(before);
  const names = new Set(after.map(nameOf));
  const gone = before.map(nameOf).filter((name) => !names.has(name));
  return [...after.filter((entry) => !known.has(entry)), ...gone].filter(
    (change) => !NOT_FOR_JOBS.test(nameOf(change)),
  );
}

function nameOf(entry: Bytes): Bytes {
  return entry.replace(/=.*/s, '');
}
