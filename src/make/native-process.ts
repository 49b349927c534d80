import { spawn, type StdioOptions } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { constants } from 'node:os';

import type { Outcome } from '../model/outcome.ts';
import { UserError } from '../util/user-error.ts';
import { passSignal } from './pass-signal.ts';

export interface NativeOptions {
  /** A program to be looked for on PATH, or a path. */
  readonly file: string;
  /** argv[0], from which make takes what $(MAKE) is. */
  readonly name: string;
  readonly arguments: readonly string[];
  /** Absolute. */
  readonly directory: string;
  /** `inherit`: make writes to our descriptors. */
  readonly output: 'inherit' | ((data: Buffer) => void);
  readonly onSignal: (stop: (name: NodeJS.Signals) => void) => void;
}

/**
 * Runs make, or a command that calls make, as if we were not there: no shim, no wrappers, nothing of ours in its environment.
 *
 * @returns how it ended
 * @throws UserError when it cannot be started
 */
export function runNative({ file, name, output, onSignal, ...call }: NativeOptions): Promise<Outcome> {
  const inherits = output === 'inherit';
  const child = spawn(file, call.arguments, {
    argv0: name,
    cwd: call.directory,
    stdio: inherits ? inherited(process.env['MAKEFLAGS'] ?? '') : ['inherit', 'pipe', 'pipe'],
  });
  if (!inherits) for (const stream of [child.stdout, child.stderr]) stream?.on('data', output);
  onSignal((signal) => passSignal(child, signal));
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new UserError(`${file} cannot be started: ${error.message}`)));
    // With pipes: not before all that it printed has come.
    child.once(inherits ? 'exit' : 'close', (status: number | null, signal: NodeJS.Signals | null) => {
      resolve(
        signal === null
          ? { kind: 'exited', status: status ?? 2 }
          : { kind: 'signaled', signal: constants.signals[signal] },
      );
    });
  });
}

/** Our own standard descriptors and, called by a make, those of its jobserver, which node would close. */
function inherited(makeflags: string): StdioOptions {
  const all: (number | 'ignore')[] = [0, 1, 2];
  const [, ...pipe] = /--jobserver-(?:auth|fds)=(\d{1,4}),(\d{1,4})(?!\S)/.exec(makeflags) ?? [];
  for (const descriptor of pipe.map(Number)) {
    if (!isFifo(descriptor)) continue;
    while (all.length <= descriptor) all.push('ignore');
    all[descriptor] = descriptor;
  }
  return all;
}

function isFifo(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFIFO();
  } catch {
    return false;
  }
}
