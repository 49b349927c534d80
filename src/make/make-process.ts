import { execFile, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants as fsConstants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { promisify } from 'node:util';

import type { Outcome } from '../model/outcome.ts';
import type { Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { changeArguments } from './arguments.ts';
import type { Broker } from './broker.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import { launch } from './launch.ts';
import { withLastMakefile } from './make-calls.ts';
import { JOB_OPTIONS, withoutJobWords } from './makeflags.ts';
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
  /**
   * `inherit`: make writes to our descriptors. Else it gets what make and recipes print, each target's whole (make -O)
   * and both streams in their order.
   */
  readonly output: 'inherit' | ((data: Buffer) => void);
}

export interface MakeProcess {
  readonly pid: number;
  /** Resolves when make has ended and all that it printed was handed over. */
  readonly ended: Promise<Outcome>;
  signal(name: NodeJS.Signals): void;
}

/** What make leaves running in the background may hold the output open; it is not waited for longer than this, in ms. */
const LINGER = 1000;

/** Starts the first make of a run, with the run's wrappers first on PATH and our makefile read last. */
export async function startMake(options: MakeOptions): Promise<MakeProcess> {
  const environment = makeEnvironment(options);
  const words = await makeWords(options, environment);
  const output = options.output === 'inherit' ? undefined : await openOutput(options.run, options.output);
  const stdio: StdioOptions = output === undefined ? 'inherit' : ['inherit', output.descriptor, output.descriptor];
  const { run, broker, make, directory } = options;
  const child = launch({
    run,
    broker,
    file: make.path,
    argv: [make.name, ...words],
    environment,
    directory,
    stdio,
    // Where no terminal signals the whole group, make alone would only wait for the recipes that it has started.
    detached: output !== undefined,
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  if (output !== undefined) closeSync(output.descriptor);
  if (child.pid === undefined) {
    await exited.catch((error: unknown) => {
      throw new UserError(`make cannot be started in ${directory}: ${(error as Error).message}`);
    });
  }
  return {
    pid: child.pid ?? 0,
    ended: exited.then(async ([status, signal]): Promise<Outcome> => {
      await output?.drained();
      return signal === null
        ? { kind: 'exited', status: status ?? 2 }
        : { kind: 'signaled', signal: constants.signals[signal] };
    }),
    signal: (name) => {
      // make hands SIGTERM on to its children itself, and trips over one that is dead before it knows ("wait: No child
      // processes", status 2); what is below them gets it when make has ended.
      if (output === undefined || name === 'SIGTERM') child.kill(name);
      if (output === undefined) return;
      if (name === 'SIGTERM') child.once('exit', () => signalGroup(child, name));
      else signalGroup(child, name);
    },
  };
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // All of it has ended.
  }
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

/**
 * A FIFO for both streams: node's own pipes are sockets, which `>/dev/stderr` in a recipe cannot open, and only with one
 * and the same file behind both does make -O keep them in order.
 */
async function openOutput(run: RunDirectory, take: (data: Buffer) => void) {
  const path = `${run.path}/output`;
  await promisify(execFile)('mkfifo', ['-m', '600', path]);
  const reader = new Socket({ fd: openSync(path, fsConstants.O_RDONLY | fsConstants.O_NONBLOCK), readable: true });
  const descriptor = openSync(path, fsConstants.O_WRONLY);
  rmSync(path);
  reader.on('data', take);
  const ended = once(reader, 'close');
  return {
    descriptor,
    drained: async () => {
      const timer = setTimeout(() => reader.destroy(), LINGER);
      await ended;
      clearTimeout(timer);
    },
  };
}
