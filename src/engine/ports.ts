import type { Entry, Output } from '../model/entry.ts';
import type { Job } from '../model/job.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Bytes } from '../util/bytes.ts';

/**
 * What the engine needs from the world. The packages that provide it (make, ssh, stage) do not know each other.
 */

/** One shell call of a make process, as the shim handed it over; the shim blocks until `exit`. */
export interface ShellCall {
  /** Process id of the shim. */
  readonly pid: number;
  /** Process id of the make that called it. */
  readonly make: number;
  readonly directory: Bytes;
  /** What make executed: our link as argv[0], then flags, command, and whatever else. */
  readonly argv: readonly Bytes[];
  /** Everything in the environment, as `NAME=value`. */
  readonly environment: readonly Bytes[];
  readonly umask: number;
  /** Aborted when the shim is gone (killed by make or by someone else). */
  readonly gone: AbortSignal;

  /** Prints on the shim's own descriptor 1 or 2. */
  write(descriptor: 1 | 2, data: Buffer): void;
  /**
   * Runs argv with the shim's own descriptors, directory, umask and environment, changed by `changes` (`NAME=value`
   * sets, `NAME` unsets), and resolves with how it ended. Cancelled when the shim is gone.
   */
  runLocally(argv: readonly Bytes[], changes: readonly Bytes[]): Promise<Outcome>;
  /** The last word: the shim exits so (a signal is re-raised). */
  exit(outcome: Outcome): void;
}

/** A call of `make` (or `gmake`) below us, as the wrapper handed it over. It becomes that make by exec: the pid stays. */
export interface MakeCall {
  readonly pid: number;
  readonly directory: Bytes;
  /** argv[0] as it was called, then the arguments. */
  readonly argv: readonly Bytes[];
  readonly environment: readonly Bytes[];

  /** The wrapper executes `file` with exactly this argv. */
  exec(file: string, argv: readonly Bytes[], changes: readonly Bytes[]): void;
  /** The wrapper prints the message on stderr and exits with the status. */
  fail(message: string, status: number): void;
}

/** `$(shell)` from our last makefile, once per parse: what make knows by then. Text answers it. */
export interface ParseCall {
  readonly make: number;
  readonly directory: Bytes;
  /** The words of the user's own $(SHELL). */
  readonly shell: Bytes;
  /** $(MAKEFILE_LIST), without our own makefile. */
  readonly makefiles: Bytes;
  readonly environment: readonly Bytes[];
  /**
   * Lets the make go on. Empty: its SHELL is our link to the user's shell; anything else becomes SHELL as it is, so that
   * `shell` leaves this make undistributed.
   */
  answer(text: Bytes): void;
}

/** Takes the calls of shims and wrappers. */
export interface ShimCalls {
  onShell(call: ShellCall): void;
  onMake(call: MakeCall): void;
  onParse(call: ParseCall): void;
}

/** How a lane is to be set up. */
export interface LaneSetup {
  /** Staging directory on the host, absolute. */
  readonly staging: Bytes;
  /** The workspace's path on the runner, absolute: the tree stands there for jobs where the host can do that. */
  readonly workspace: Bytes;
  /** Number of the lane on its host, from 1. */
  readonly number: number;
  /** The first lane of a host makes the staging directory, exclusively. */
  readonly create: boolean;
  /** `tree`: no mount namespace, even where the host would allow it. */
  readonly sandbox: 'overlay' | 'tree';
  /** Lines for sh, evaluated once, outside of the sandbox. */
  readonly setup: string;
}

/** One job for a lane. Paths are relative to the workspace; empty is the workspace itself. */
export interface LaneRequest {
  /** What the host's tree lacks, to be applied before the job starts. */
  readonly entries: readonly Entry[];
  readonly directory: Bytes;
  /** Goes before the host's own PATH, colon-separated. */
  readonly path: Bytes;
  readonly argv: readonly Bytes[];
  readonly environment: readonly Bytes[];
  readonly umask: number;
  /** Its lines share a /tmp, which no other recipe sees. */
  readonly recipe: number;
  /** Both descriptors are one: what is printed keeps its order. */
  readonly merge: boolean;
  /** What a failing job wrote is reported too, except this path. */
  readonly keep: { readonly except: Bytes } | undefined;
}

/** Takes what a lane sends while a job runs. Promises are awaited before more is read. */
export interface LaneSink {
  /** The entries of the request are in the host's tree. */
  onApplied(): void;
  onText(descriptor: 1 | 2, data: Buffer): void;
  /** The job ended; seconds by the host's clock. Its outputs follow. */
  onEnd(outcome: Outcome, seconds: number): Promise<void> | void;
  /** Content that is not a buffer must be read to its end before the promise resolves. */
  onOutput(output: Output): Promise<void> | void;
}

/** A channel to a host on which jobs run one after another. */
export interface Lane {
  /** Jobs share the host's tree, each with a private layer, at the workspace's own path; else the lane has its own tree. */
  readonly overlay: boolean;
  /** Where its tree stands on the host. */
  readonly treePath: Bytes;
  /** Brings the tree up to date. Rejects when the host cannot. */
  sync(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<void>;
  /**
   * Runs one job. Rejects when the lane is lost, with a message for people; what the sink had by then does not count.
   *
   * @param signal kills the job's process group; the outcome is then `cancelled`
   */
  run(request: LaneRequest, sink: LaneSink, signal: AbortSignal): Promise<void>;
  /** Whatever still runs there is killed. */
  close(): void;
}

/** Opens lanes to one host. */
export interface LaneOpener {
  open(setup: LaneSetup): Promise<Lane>;
}

/** What a job printed, in order of arrival. */
export interface Text {
  readonly descriptor: 1 | 2;
  readonly data: Buffer;
}

/** What a job on a host came back with; outputs are already home. */
export interface RemoteResult {
  readonly outcome: Outcome;
  /** Seconds that the recipe itself ran, by the host's clock. */
  readonly seconds: number;
  readonly output: readonly Text[];
  /** Why what it wrote could not be taken; nothing is home then. */
  readonly refused: string | undefined;
}

/** What a tree lacks for a job; counted as sent from the moment it is asked for. */
export interface Delta {
  readonly entries: readonly Entry[];
  /** Resolves when everything that was asked for earlier has arrived. */
  readonly ready: Promise<void>;
  applied(): void;
  failed(): void;
}

/** One copy of the workspace on a host. */
export interface StagedTree {
  /** The whole workspace, for an empty tree; each file's size is reported as it is sent. */
  everything(onFile: (bytes: number) => void): Promise<Iterable<Entry>>;
  missing(job: Job): Promise<Delta>;
}

/** Takes in what one job wrote. */
export interface Incoming {
  add(output: Output): Promise<void>;
  /**
   * Puts it into the workspace, all or nothing.
   *
   * @param tree the one in which the job ran: it has these changes already
   * @param wanted false: nothing of it counts
   * @returns why it was refused, if it was
   */
  commit(tree: StagedTree, wanted: boolean): string | undefined;
  /** Leaves nothing behind of what was not committed. */
  discard(): void;
}

/** The workspace on the runner and its copies. */
export interface Stage {
  /** Absolute path of the workspace. */
  readonly root: Bytes;
  tree(): StagedTree;
  /** @param foreign a path that exists on the host only: an output that contains it is refused */
  incoming(foreign: Bytes | undefined): Incoming;
  /** An absolute path below the workspace, relative to it; empty for the workspace; undefined for others. */
  relative(path: Bytes): Bytes | undefined;
  /** A recipe starts on the runner: until it ends the workspace may change at any moment. */
  writerStarted(job: Job): void;
  writerEnded(job: Job): void;
  /** Something else may have changed the workspace: a make has read its makefiles. */
  touch(): void;
}
