import type { Bytes } from '../util/bytes.ts';
import { changeArguments } from './arguments.ts';
import type { BmakeRun } from './bmake/run.ts';
import type { Broker } from './broker.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import { withLastMakefile } from './make-calls.ts';
import { makeIntent } from './make-intent.ts';
import { JOB_OPTIONS, namesJobserver, withoutJobWords } from './makeflags.ts';
import { startProgram, type ProgramOutput, type ProgramProcess } from './program-process.ts';
import type { RealMake } from './real-make.ts';
import type { RunDirectory } from './run-directory.ts';

export interface MakeOptions {
  readonly run: RunDirectory;
  readonly broker: Broker;
  readonly make: RealMake;
  /** For a bmake; without it that runs as it is. */
  readonly bmake?: BmakeRun | undefined;
  /** The user's arguments; their -j is replaced where it means another number, in the piped form always, and -O with it. */
  readonly arguments: readonly Bytes[];
  /** Where make is called, absolute. */
  readonly directory: Bytes;
  /** `NAME=value`, the user's own. */
  readonly environment: readonly Bytes[];
  /** Recipes that make may start at one time. */
  readonly window: number;
  /** Each target's whole (make -O), where it is handed over. */
  readonly output: ProgramOutput;
}

/** Starts the first make of a run, with the run's wrappers first on PATH and our makefile read last. */
export async function startMake(options: MakeOptions): Promise<ProgramProcess> {
  const { run, broker, make, directory, output } = options;
  const environment = makeEnvironment(options);
  const words = await makeWords(options, environment);
  const argv = [make.name, ...words];
  return startProgram({ run, broker, file: make.path, argv, environment, directory, output });
}

/** The arguments for the real make, without argv[0]. */
async function makeWords(options: MakeOptions, environment: readonly Bytes[]): Promise<readonly Bytes[]> {
  const { make, bmake } = options;
  if (make.kind === 'bmake') {
    const { directory, arguments: own } = options;
    return (await bmake?.words({ make: make.path, words: own, directory, environment })) ?? own;
  }
  const words = options.output === 'inherit' ? inheritedWords(options, environment) : pipedWords(options);
  const { directory, run } = options;
  return withLastMakefile(words, { directory, environment, lastMakefile: run.lastMakefile });
}

/** Ours come first: an option at the end that lacks its argument would take them for it. */
function pipedWords({ window, ...options }: MakeOptions): readonly Bytes[] {
  const words = changeArguments(options.arguments, (a) => a.kind === 'option' && JOB_OPTIONS.has(a.id), []);
  return [`-j${window}`, '-O', '--no-print-directory', ...words];
}

/** The user's own words, where they mean the same already: makefiles and recipes see them in MAKEFLAGS. */
function inheritedWords({ window, ...options }: MakeOptions, environment: readonly Bytes[]): readonly Bytes[] {
  const { jobs = 1 } = makeIntent(options.arguments, environment);
  if (jobs === window) return options.arguments;
  return [`-j${window}`, ...changeArguments(options.arguments, (a) => a.kind === 'option' && a.id === 'j', [])];
}

function makeEnvironment({ environment, run, make, output }: MakeOptions): readonly Bytes[] {
  const path = environmentValue(environment, 'PATH') ?? '/usr/bin:/bin';
  const changes = [`PATH=${run.bin}:${path}`, 'DISTMAKE_TARGET'];
  const makeflags = environmentValue(environment, 'MAKEFLAGS');
  // What a jobserver says is for the make above us and its own children; we are no such make.
  if (make.kind === 'gnu' && makeflags !== undefined && (output !== 'inherit' || namesJobserver(makeflags))) {
    const kept = withoutJobWords(makeflags);
    changes.push(kept === undefined ? 'MAKEFLAGS' : `MAKEFLAGS=${kept}`);
  }
  return changeEnvironment(environment, changes);
}
