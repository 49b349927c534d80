import { execFile, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants as fsConstants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { promisify } from 'node:util';

import type { Outcome } from '../model/outcome.ts';
import { decode } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { launch, type LaunchOptions } from './launch.ts';
import { passSignal } from './pass-signal.ts';
import { suspendTogether } from './suspend.ts';

/**
 * `inherit`: the program writes to our descriptors. Else it gets what it and all below it print, both streams in their
 * order.
 */
export type ProgramOutput = 'inherit' | ((data: Buffer) => void);

export interface ProgramProcess {
  readonly pid: number;
  /** Resolves when it has ended and all that it printed was handed over. */
  readonly ended: Promise<Outcome>;
  signal(name: NodeJS.Signals): void;
}

/** What it leaves running in the background may hold the output open; it is not waited for longer than this, in ms. */
const LINGER = 1000;

/**
 * Starts the program of a run: make, or whatever calls it.
 *
 * @throws UserError when it cannot be started
 */
export async function startProgram(
  options: Omit<LaunchOptions, 'stdio' | 'detached'> & { readonly output: ProgramOutput },
): Promise<ProgramProcess> {
  const { run, broker, file, argv, environment, directory } = options;
  const output = options.output === 'inherit' ? undefined : await openOutput(run.path, options.output);
  const stdio: StdioOptions = output === undefined ? 'inherit' : ['inherit', output.descriptor, output.descriptor];
  const child = launch({
    run,
    broker,
    file,
    argv,
    environment,
    directory,
    stdio,
    // Where no terminal signals the whole group, make alone would only wait for the recipes that it has started.
    detached: output !== undefined,
  });
  if (output !== undefined) suspendTogether(child);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  if (output !== undefined) closeSync(output.descriptor);
  if (child.pid === undefined) {
    await exited.catch((error: unknown) => {
      throw new UserError(`${decode(file)} cannot be started in ${decode(directory)}: ${(error as Error).message}`);
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
      if (output === undefined || name === 'SIGTERM') passSignal(child, name);
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

/**
 * A FIFO for both streams: node's own pipes are sockets, which `>/dev/stderr` in a recipe cannot open, and only with one
 * and the same file behind both does make -O keep them in order.
 */
async function openOutput(directory: string, take: (data: Buffer) => void) {
  const path = `${directory}/output`;
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
