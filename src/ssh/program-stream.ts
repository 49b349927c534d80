import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { LeftOut } from '../engine/left-out.ts';
import { deferred } from '../util/deferred.ts';
import { GatheringStream } from './gathering-stream.ts';

/** As much of what a program says on stderr is kept for messages. */
const KEPT_TEXT = 2000;
/** How long a program may take to end when it is asked to. */
const PATIENCE_MS = 2000;

/** A program of the runner whose standard streams are a byte stream to a host. It ends with the stream. */
export class ProgramStream extends GatheringStream {
  readonly stderr: Readable;
  /** Its exit status, once it has closed its streams too; undefined when a signal ended it. */
  readonly exited: Promise<number | undefined>;
  #said = '';

  private constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    const ended = deferred<number | undefined>();
    super(child.stdout, child.stdin, () => end(child));
    this.stderr = child.stderr;
    this.exited = ended.promise;
    child.once('close', (status) => ended.resolve(status ?? undefined));
    child.stderr.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-KEPT_TEXT)));
  }

  /** The end of what it has said on stderr. */
  get said(): string {
    return this.#said.trim();
  }

  /**
   * Starts it in a process group of its own, without the inputs of the action in its environment: they may be keys.
   *
   * @throws Error of spawn: there is no such program
   */
  static async start(program: string, words: readonly string[]): Promise<ProgramStream> {
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('INPUT_')));
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: environment });
    const started = deferred<undefined>();
    child.once('spawn', () => started.resolve(undefined));
    child.once('error', (error) => started.reject(error));
    const stream = new ProgramStream(child);
    await started.promise;
    return stream;
  }
}

/**
 * A fault of {@link ProgramStream.start}: where the program is not there, or is none, it is a LeftOut.
 *
 * @param describe gives the reason for people, with the code of the fault
 */
export function cannotStart(fault: NodeJS.ErrnoException, describe: (code: string) => string): Error {
  const { code = String(fault) } = fault;
  const Kind = ['ENOENT', 'EACCES', 'ENOEXEC', 'ENOTDIR', 'E2BIG'].includes(code) ? LeftOut : Error;
  return new Kind(describe(code), { cause: fault });
}

/**
 * Ends what still runs, and what it has started: at once where it is let go, after a while where it has closed its end and is about to
 * go itself. What does not end when it is asked to is killed.
 */
function end(child: ChildProcessByStdio<Writable, Readable, Readable>): void {
  child.stdin.end();
  const signals: NodeJS.Signals[] = ['SIGTERM', 'SIGKILL'];
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    clearTimeout(timer);
    // Nobody reads them any more, and until they are closed the program counts as running.
    child.stdout.destroy();
    child.stderr.destroy();
    const name = signals.shift();
    if (name !== undefined && signal(child.pid, name)) timer = setTimeout(next, PATIENCE_MS);
  };
  if (child.stdout.readableEnded) {
    timer = setTimeout(next, PATIENCE_MS);
    child.once('exit', next);
  } else {
    next();
    child.once('exit', () => {
      if (!signal(child.pid, 0)) clearTimeout(timer);
    });
  }
}

/** @returns whether anybody is left of the group */
function signal(group: number | undefined, name: NodeJS.Signals | 0): boolean {
  try {
    return group !== undefined && process.kill(-group, name);
  } catch {
    return false;
  }
}
