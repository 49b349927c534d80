import type { Delta, StagedTree } from '../engine/ports.ts';
import type { Entry } from '../model/entry.ts';
import type { Job } from '../model/job.ts';
import { deferred } from '../util/deferred.ts';
import type { Bytes } from '../util/bytes.ts';
import type { Conflict } from './home/conflicts.ts';
import { HostTree } from './host-tree.ts';
import type { ObjectFiles } from './object-files.ts';
import type { Workspace } from './look/workspace.ts';

/** A job that is on its way, or runs, in a tree. */
export interface Guest {
  readonly version: number;
  /** Number of the delta that brought the tree up to date for it. */
  readonly delta: number;
  /** What it may have seen there as it never was in the workspace. */
  spoilt: Conflict | undefined;
}

/** One copy of the workspace on a host. */
export class Copy implements StagedTree {
  readonly holdings: HostTree;
  readonly #workspace: Workspace;
  readonly #objects: ObjectFiles;
  readonly #view: (job: Job) => readonly Bytes[] | undefined;
  readonly #guests = new Map<Job, Guest>();
  /** Ends when all that is on its way has arrived. */
  #arrival: Promise<void> = Promise.resolve();

  /** @param view what a job is shown: Delta.visible */
  constructor(workspace: Workspace, objects: ObjectFiles, view: (job: Job) => readonly Bytes[] | undefined) {
    this.#workspace = workspace;
    this.#objects = objects;
    this.#view = view;
    this.holdings = new HostTree(workspace, objects);
  }

  async everything(onFile: (bytes: number) => void): Promise<AsyncIterable<Entry> | Iterable<Entry>> {
    await this.#workspace.refresh();
    return this.holdings.everything((entry) => {
      if (entry.kind === 'file') onFile(entry.size);
    });
  }

  async missing(job: Job): Promise<Delta> {
    this.#objects.learn(job);
    await this.#workspace.refresh();
    const ready = this.#arrival;
    if (this.#guests.size === 0) this.holdings.forgetGiven();
    const entries = this.holdings.missing(job);
    const { version } = this.#workspace;
    this.#guests.set(job, { version, delta: this.holdings.deltas, spoilt: undefined });
    const delta = { entries, visible: this.#view(job), version, ready };
    if (entries.length === 0) return { ...delta, applied: () => undefined, failed: () => undefined };
    const arrived = deferred<undefined>();
    arrived.promise.catch(() => undefined);
    this.#arrival = Promise.all([ready, arrived.promise]).then(() => undefined);
    this.#arrival.catch(() => undefined);
    return {
      ...delta,
      applied: () => arrived.resolve(undefined),
      failed: () => arrived.reject(new Error('bringing its tree up to date failed')),
    };
  }

  /** A job has ended there. */
  ended(job: Job): Guest {
    const guest = this.#guests.get(job) ?? { version: 0, delta: 0, spoilt: undefined };
    this.#guests.delete(job);
    return guest;
  }

  /**
   * What a job has written there is home, at that place in the journal. What a later delta has brought to the same place
   * meanwhile may be older than that, and may have come after it.
   */
  has(path: Bytes, version: number, { delta }: Guest): void {
    // What the workspace does not list is not to be seen in its copies either.
    if (version > 0 && !this.holdings.isGivenSince(path, delta)) this.holdings.has(path, version);
    else this.holdings.forget(path);
  }

  /**
   * The tree has the outputs of a job that will not come home, over what another has written at that path: who was sent
   * that may not have found it.
   */
  spoilt(conflict: Conflict): void {
    const since = this.#workspace.changedAt(conflict.path);
    for (const guest of this.#guests.values()) if (guest.version >= since) guest.spoilt ??= conflict;
  }
}
