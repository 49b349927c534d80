import type { ShellCall } from '../../engine/ports.ts';
import { decode, type Bytes } from '../../util/bytes.ts';
import { bmakeJob, type BmakeJob } from './job.ts';
import { bmakeMarks, type BmakeMarks } from './marks.ts';
import type { BmakeRun } from './run.ts';
import { BmakeTrace, type TracedJob } from './trace.ts';
import type { PlainCall } from '../plain-call.ts';
import type { RealMake } from '../real-make.ts';
import type { RunDirectory } from '../run-directory.ts';

export interface BmakeShellOptions {
  readonly run: RunDirectory;
  readonly bmake: BmakeRun;
  readonly make: RealMake;
  /** What the bmake with that pid was called with. */
  readonly argumentsOf: (pid: number) => readonly Bytes[];
  /** Told before the first recipe of each bmake. */
  readonly parsed: (pid: number, marks: BmakeMarks) => void;
  readonly dispatch: (call: ShellCall, command: PlainCall) => Promise<void>;
  readonly warn: (text: string) => void;
}

/** Takes the recipes that bmakes hand to their shell. */
export class BmakeShell {
  readonly #options: BmakeShellOptions;
  readonly #trace: BmakeTrace;
  /** Of every bmake that has started a recipe: its marks have been read. */
  readonly #parsed = new Map<number, Promise<void>>();

  constructor(options: BmakeShellOptions) {
    this.#options = options;
    this.#trace = new BmakeTrace(options.bmake.trace);
  }

  /** A bmake is about to run in this process, which may have the number of one that has ended. */
  started(pid: number): void {
    this.#parsed.delete(pid);
  }

  /** @returns when the call is answered */
  async take(call: ShellCall): Promise<void> {
    const { run, bmake, dispatch } = this.#options;
    const traced = await this.#trace.take(call.pid);
    const job = bmakeJob(call, traced, run, bmake);
    if (traced === undefined || !job.movable) {
      call.exit(await job.call.runLocally(job.command.argv, job.command.changes));
      return;
    }
    let parsed = this.#parsed.get(call.make);
    if (parsed === undefined) {
      parsed = this.#readMarks(job, traced);
      this.#parsed.set(call.make, parsed);
    }
    await parsed;
    await dispatch(job.call, job.command);
  }

  async #readMarks({ call, makefiles }: BmakeJob, { directory }: TracedJob): Promise<void> {
    const { run, make, argumentsOf, parsed, warn } = this.#options;
    const marks = await bmakeMarks({
      make: make.path,
      arguments: argumentsOf(call.make),
      directory,
      environment: call.environment,
      makefiles,
      scratch: run.path,
    });
    if (marks.problem !== undefined) warn(`${decode(directory)}: ${marks.problem}`);
    parsed(call.make, marks);
  }
}
