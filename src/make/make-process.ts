import type { Bytes } from '../util/bytes.ts';
import { changeArguments } from './arguments.ts';
import type { Broker } from './broker.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import { withLastMakefile } from './make-calls.ts';
import { JOB_OPTIONS, withoutJobWords } from './makeflags.ts';
import { startProgram, type ProgramOutput, type ProgramProcess } from './program-process.ts';
import type { RealMake } from './real-make.ts';
import type { RunDirectory } from './run-directory.ts';

export interface MakeOptions {
  readonly run: RunDirectory;
  readonly broker: Broker;
  readonly make: RealMake;
  /** The user's arguments; their -j, and -O in the piped form, are replaced. */
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
  const piped = options.output !== 'inherit';
  const ours = [`-j${options.window}`, ...(piped ? ['-O', '--no-print-directory'] : [])];
  const words = changeArguments(
    options.arguments,
    (a) => a.kind === 'option' && (piped ? JOB_OPTIONS.has(a.id) : a.id === 'j'),
    [],
  );
  // First: an option at the end that lacks its argument would take ours for it.
  return withLastMakefile([...ours, ...words], {
    directory: options.directory,
    environment,
    lastMakefile: options.run.lastMakefile,
  });
}

function makeEnvironment({ environment, run }: MakeOptions): readonly Bytes[] {
  const path = environmentValue(environment, 'PATH') ?? '/usr/bin:/bin';
  const changes = [`PATH=${run.bin}:${path}`, 'DISTMAKE_TARGET'];
  const makeflags = environmentValue(environment, 'MAKEFLAGS');
  if (makeflags !== undefined) {
    const kept = withoutJobWords(makeflags);
    changes.push(kept === undefined ? 'MAKEFLAGS' : `MAKEFLAGS=${kept}`);
  }
  return changeEnvironment(environment, changes);
}
