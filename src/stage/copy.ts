import type { Delta, StagedTree } from '../engine/ports.ts';
import type { Entry } from '../model/entry.ts';
import type { Job } from '../model/job.ts';
import { deferred } from '../util/deferred.ts';
import type { Bytes } from '../util/bytes.ts';
import type { Conflict } from './conflicts.ts';
import { HostTree } from './host-tree.ts';
import type { ObjectFiles } from './object-files.ts';
import type { Workspace } from './workspace.ts';

/** A job that is on its way, or runs, in a tree. */
interface Guest {
  readonly version: number;
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
    const entries = this.holdings.missing(job);
    const { version } = this.#workspace;
    this.#guests.set(job, { version, spoilt: undefined });
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

  /** A job has ended. @returns what it may have seen there as it never was in the workspace */
  ended(job: Job): Conflict | undefined {
    const guest = this.#guests.get(job);
    this.#guests.delete(job);
    return guest?.spoilt;
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
