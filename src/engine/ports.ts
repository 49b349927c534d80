import type { JobTraffic } from '../model/event.ts';
import type { Entry, Output } from '../model/entry.ts';
import type { Job, Recipe } from '../model/job.ts';
import type { LoadAverages } from '../model/load.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Sandbox } from '../model/sandbox.ts';
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
  /** Make has run a $(shell) since its last call: whatever that may have written is there now. */
  readonly expanded: boolean;
  /** Aborted when the shim is gone (killed by make or by someone else). */
  readonly gone: AbortSignal;

  /** What make has printed of the command; empty where it is silenced; undefined where that is not known before its end. */
  echo(command: Bytes): Bytes | undefined;
  /**
   * Prints on the shim's own descriptor 1 or 2. Who has much waits for the promise, if there is one: it resolves when what was
   * written so far has been taken, or the shim is gone.
   */
  write(descriptor: 1 | 2, data: Buffer): Promise<void> | void;
  /**
   * Runs argv with the shim's own descriptors, directory, umask and environment, changed by `changes` (`NAME=value`
   * sets, `NAME` unsets), and resolves with how it ended. Cancelled when the shim is gone.
   */
  runLocally(argv: readonly Bytes[], changes: readonly Bytes[]): Promise<Outcome>;
  /** Kills what {@link runLocally} runs, with all that is below it. */
  endLocally(): void;
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
   * Lets the make go on.
   *
   * @param lines read by it as further lines of a makefile, each by itself
   * @param distributed false: its recipes do not come to us
   */
  answer(lines?: readonly Bytes[], distributed?: boolean): void;
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
  /** What is wished for: a host that forbids overlays gives `tree` instead of `overlay`, and nothing else instead of the others. */
  readonly sandbox: Sandbox;
  /** Jobs may be shown parts of the tree alone (see LaneRequest.visible). */
  readonly partial: boolean;
  /** For `shared`: a file of this name in the workspace, whose content is its name, must be there on the host too. */
  readonly token: Bytes | undefined;
  /** Lines for sh, evaluated once, outside of the sandbox. */
  readonly setup: string;
  /** A command for sh that runs before all that, or nothing (E15). */
  readonly startup: string;
  /** Whether a host whose owner has set no cap takes jobs without one, or none at all (D12). */
  readonly ownersFile: 'optional' | 'required';
  /**
   * Seconds, 1 or more: while it has something to do, an end that has said nothing for so long is taken to be gone. Both ends say
   * something, if only that they are alive, at least three times as often.
   */
  readonly patience: number;
}

/** What a host says of itself when a lane to it is opened. */
export interface HostFacts {
  /** That are online. */
  readonly processors: number;
  /** Jobs of all users and runs together that its owner allows at one time (`max_jobs`, D10), 1 or more; undefined: any number. */
  readonly cap: number | undefined;
  /** Undefined where the host has no such figures. */
  readonly load: LoadAverages | undefined;
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
  /**
   * Requests with the same number share a /tmp, which no others see: the lines of a recipe. What 0 leaves there is dropped.
   */
  readonly recipe: number;
  /** Both descriptors are one: what is printed keeps its order. */
  readonly merge: boolean;
  /**
   * What it sees of the tree besides the directories: these files and links, and whatever is below those that are
   * directories and end in a slash. Undefined: everything.
   */
  readonly visible: readonly Bytes[] | undefined;
  /** What a failing job wrote is reported too, except this path. */
  readonly keep: { readonly except: Bytes } | undefined;
}

/** Takes what a lane sends while a job runs. Promises are awaited before more is read. */
export interface LaneSink {
  /** The entries of the request are in the host's tree. */
  onApplied(): void;
  onText(descriptor: 1 | 2, data: Buffer): void;
  /** The job has printed what comes later, where a lane cannot pass it on at once. */
  onLife?(): void;
  /** The job ended; seconds by the host's clock, and its load then. Its outputs follow. */
  onEnd(outcome: Outcome, seconds: number, load: LoadAverages | undefined): Promise<void> | void;
  /** Content that is not a buffer must be read to its end before the promise resolves. */
  onOutput(output: Output): Promise<void> | void;
}

/** Bytes on the way, without those of the lane's own program. */
export interface LaneTraffic {
  readonly sent: number;
  readonly received: number;
}

/** What it took to bring a tree up to date. */
export interface Traffic {
  /** Bytes on the way to the host, as the lane wrote them. */
  readonly sent: number;
  readonly compressed: boolean;
}

/** A channel to a host on which jobs run one after another. */
export interface Lane {
  readonly sandbox: Sandbox;
  /** Where its tree stands on the host. */
  readonly treePath: Bytes;
  readonly facts: HostFacts;
  /** So far. */
  readonly traffic: LaneTraffic;
  /** Resolves with the reason, for people, when the lane has ended by itself, idle or not; never after {@link close}. */
  readonly gone: Promise<string>;
  /** Brings the tree up to date. Rejects when the host cannot. */
  sync(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<Traffic>;
  /**
   * Runs one job, if the host's owner has a place for it (HostFacts.cap). Rejects when the lane is lost, with a message for people; what
   * the sink had by then does not count. Lost is also a lane that says nothing for {@link LaneSetup.patience}, or goes on for so long
   * after the signal.
   *
   * @param signal kills the job's process group; the outcome is then `cancelled`
   * @returns false: jobs of others hold all the places there; the request's entries are applied, nothing was run
   */
  run(request: LaneRequest, sink: LaneSink, signal: AbortSignal): Promise<boolean>;
  /** The host's load now. Only while no job runs on this lane. */
  load(): Promise<LoadAverages | undefined>;
  /** Whatever still runs there is killed. */
  close(): void;
}

/** What became of a command for sh that was asked for outside of make. */
export interface Answer {
  readonly outcome: Outcome;
  /** What it printed on descriptor 1, and on 2. */
  readonly stdout: Bytes;
  readonly stderr: Bytes;
}

/** Opens lanes to one host. */
export interface LaneOpener {
  /** Rejects with a reason for people; with a LeftOut where it is of no use to try again. */
  open(setup: LaneSetup): Promise<Lane>;
  /**
   * Ends what still runs in a staging directory whose lanes were lost, and removes it.
   *
   * @returns why it could not, for people; undefined: it is gone, or was never made
   */
  discard(staging: Bytes): Promise<string | undefined>;
}

/** What a job printed, in order of arrival. */
export interface Text {
  readonly descriptor: 1 | 2;
  readonly data: Buffer;
}

/** What a job on a host came back with; outputs are already home. */
export interface RemoteResult {
  readonly outcome: Outcome;
  /** It has run, or may have: false only where the host was lost before. */
  readonly begun: boolean;
  /** Seconds that the recipe itself ran, by the host's clock. */
  readonly seconds: number;
  readonly homecoming: Homecoming;
  /** Files of the workspace that the job could not see and whose absence its output speaks of, if it failed. */
  readonly missed: readonly Bytes[];
  readonly traffic: JobTraffic;
}

/** What became of what a job wrote: all of it is in the workspace, or nothing. */
export type Homecoming =
  | { readonly kind: 'home' }
  /** It was not taken: why, for people. Foreign: it names a path that exists on that host only. */
  | { readonly kind: 'refused'; readonly reason: string; readonly foreign?: boolean }
  /** The path has been written by somebody else since the job started (P6): a recipe on a host, or undefined: on the runner. */
  | { readonly kind: 'conflict'; readonly path: Bytes; readonly other: Recipe | undefined };

/** What a tree lacks for a job; counted as sent from the moment it is asked for. */
export interface Delta {
  readonly entries: readonly Entry[];
  /** What the job sees of the tree (LaneRequest.visible). */
  readonly visible: readonly Bytes[] | undefined;
  /** Which state of the workspace the tree has then: what changes later the job has not seen. */
  readonly version: number;
  /** Resolves when everything that was asked for earlier has arrived. */
  readonly ready: Promise<void>;
  applied(): void;
  failed(): void;
}

/** One copy of the workspace on a host. */
export interface StagedTree {
  /** The whole workspace, for an empty tree; each file's size is reported as it is sent. */
  everything(onFile: (bytes: number) => void): Promise<AsyncIterable<Entry> | Iterable<Entry>>;
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
   */
  commit(tree: StagedTree, wanted: boolean): Promise<Homecoming> | Homecoming;
  /** Leaves nothing behind of what was not committed. */
  discard(): void;
}

/** One job whose outputs come home. */
export interface Sending {
  readonly job: Job;
  /** Delta.version of its start. */
  readonly version: number;
  /** Delta.visible of its start. */
  readonly visible: readonly Bytes[] | undefined;
  /** A path that exists on the host only: an output that contains it is refused. */
  readonly foreign: Bytes | undefined;
}

/** How much there is to stage. */
export interface Survey {
  readonly files: number;
  readonly bytes: number;
  /** The directories that hold most, the biggest first: what people may want to exclude. Relative to the workspace. */
  readonly directories: readonly { readonly path: Bytes; readonly files: number; readonly bytes: number }[];
}

/** The workspace on the runner and its copies. */
export interface Stage {
  /** Absolute path of the workspace. */
  readonly root: Bytes;
  /** Looks at the workspace and tells how much of it travels. */
  survey(): Promise<Survey>;
  tree(): StagedTree;
  incoming(sending: Sending): Incoming;
  /** What a job that was shown `visible` alone complains to have missed, although it is there. Output: what is worth looking at of it. */
  missed(job: Job, visible: readonly Bytes[], output: readonly Text[]): readonly Bytes[];
  /** An absolute path below the workspace, relative to it; empty for the workspace; undefined for others. */
  relative(path: Bytes): Bytes | undefined;
  /** A recipe starts on the runner: until it ends the workspace may change at any moment. */
  writerStarted(job: Job): void;
  writerEnded(job: Job): void;
  /**
   * Something else may have changed the workspace: a make has read its makefiles.
   *
   * @param soon it may yet change it, for so many ms from now
   */
  touch(soon?: number): void;
}
