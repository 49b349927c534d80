import { rm, writeFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';

import { bytesOf, fsPath, type Bytes } from '../util/bytes.ts';
import { WAIT } from '../model/marks.ts';
import { changeArguments, type Argument } from './arguments.ts';
import { askedEnvironment, askedMakefile, readMakefiles, type AskedMake } from './asked-make.ts';
import type { Broker } from './broker.ts';
import { isDryRunSafe } from './dry-run.ts';
import { launch } from './launch.ts';
import { withLastMakefile } from './make-calls.ts';
import { makeIntent } from './make-intent.ts';
import { JOB_OPTIONS, makeflagsWords } from './makeflags.ts';
import { onlyLooks } from './parse-commands.ts';
import type { RealMake } from './real-make.ts';
import type { RunDirectory } from './run-directory.ts';
import { WorkLines } from './work-lines.ts';

export interface DryViewOptions extends AskedMake {
  readonly run: RunDirectory;
  readonly broker: Broker;
  readonly make: Pick<RealMake, 'path'>;
  /** Lines that we have put into its makefile. */
  readonly lines: readonly Bytes[];
  /** The end of it. */
  readonly signal: AbortSignal;
}

/** Options that make it do something else, or say something else. What changes the work (-B, -W, -o) stays. */
const OTHER: ReadonlySet<string> = new Set(['C', 'd', 'debug', 'n', 'p', 'q', 't', 'trace', 'w']);

/** Lines that make runs in a dry run as well, and what remakes makefiles, come to nothing and never fail. */
const NOTHING = ['override SHELL := /bin/sh', 'override .SHELLFLAGS := -c :'];

/** Output is thrown away as it comes; a makefile that prints without end is not waited for. */
const LIMIT = 128 << 20;

/**
 * Which targets a make is going to run recipes for, as a second make like it tells by a dry run beside it, at the lowest
 * priority. Both parse the same makefiles, so that is done only where parsing changes nothing, and running nothing can be
 * relied on: see {@link isDryRunSafe} and {@link onlyLooks}.
 *
 * @returns undefined where it cannot be told, or the signal came first
 */
export async function dryView(options: DryViewOptions): Promise<readonly Bytes[] | undefined> {
  const { run, call, signal } = options;
  const { dryRun, question, touch, makefiles } = makeIntent(options.arguments, call.environment);
  if (dryRun || question || touch || makefiles.includes('-')) return undefined;
  const { texts, whole } = await readMakefiles(options);
  const text = texts.map((one) => one.text).join('\n');
  const words = [...options.arguments, ...makeflagsWords(call.environment)];
  if (!whole || !isDryRunSafe(text, words) || ![text, ...words].every(onlyLooks)) return undefined;
  const last = askedMakefile(run);
  try {
    await writeFile(fsPath(last), [...NOTHING, ...options.lines, ''].join('\n'), 'latin1');
    return signal.aborted ? undefined : await look(options, last);
  } finally {
    await rm(fsPath(last), { force: true });
  }
}

async function look(options: DryViewOptions, last: Bytes): Promise<readonly Bytes[] | undefined> {
  const { run, broker, make, signal, call } = options;
  const { directory, environment } = call;
  const dropped = (a: Argument): boolean =>
    (a.kind === 'goal' && a.text === WAIT) ||
    (a.kind === 'option' &&
      (JOB_OPTIONS.has(a.id) || OTHER.has(a.id) || (a.id === 'f' && a.value === run.lastMakefile)));
  const kept = changeArguments(options.arguments, dropped, ['-n', '--trace', '--no-print-directory']);
  const asked = await withLastMakefile(kept, { directory, environment, lastMakefile: last });
  // A group of its own: Ctrl-C is not for it, or it would clean up after recipes that are not its own.
  const child = launch({
    run,
    broker,
    file: make.path,
    argv: [make.path, ...asked],
    environment: askedEnvironment(options),
    directory,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const { pid } = child;
  if (pid !== undefined) quietly(() => setPriority(pid, constants.priority.PRIORITY_LOW));
  const stop = (): void => {
    // Killed outright: make would remove what it takes for half made.
    if (pid !== undefined && child.exitCode === null) quietly(() => process.kill(-pid, 'SIGKILL'));
    child.stdout?.destroy();
  };
  const work = new WorkLines();
  let length = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > LIMIT) stop();
    else work.push(bytesOf(chunk));
  });
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const status = await new Promise<number | null>((resolve) => {
    child.once('close', resolve).once('error', () => resolve(null));
  });
  signal.removeEventListener('abort', stop);
  return status === 0 && !signal.aborted ? work.targets : undefined;
}

/** It may be gone by then. */
function quietly(call: () => void): void {
  try {
    call();
  } catch {
    // As it says.
  }
}
