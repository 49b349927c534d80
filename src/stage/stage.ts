import type { Delta, Homecoming, Incoming, Stage, StagedTree, Survey } from '../engine/ports.ts';
import type { Entry, Output } from '../model/entry.ts';
import type { Job } from '../model/job.ts';
import { deferred } from '../util/deferred.ts';
import type { Bytes } from '../util/bytes.ts';
import { Collector, RefusedOutput } from './collector.ts';
import { HostTree } from './host-tree.ts';
import { ObjectFiles } from './object-files.ts';
import { isOutputPath } from './output-path.ts';
import { Workspace } from './workspace.ts';

/**
 * The workspace on the runner and its copies on the hosts.
 *
 * @param root absolute path, without a slash at its end
 * @param onSkipped told of each directory that cannot be read
 */
export function createStage(root: Bytes, onSkipped: (path: Bytes) => void): Stage {
  const workspace = new Workspace(root, onSkipped);
  const objects = new ObjectFiles();
  return {
    root,
    survey: async () => {
      await workspace.refresh();
      return { files: 0, bytes: 0, directories: [] } satisfies Survey;
    },
    tree: () => new Copy(workspace, objects),
    incoming: ({ foreign }) => new Arrival(workspace, foreign),
    missed: () => [],
    relative: (path) => relative(root, path),
    writerStarted: (job) => {
      objects.learn(job);
      workspace.writerStarted(job);
    },
    writerEnded: (job) => workspace.writerEnded(job),
    touch: () => workspace.touch(),
  };
}

class Copy implements StagedTree {
  readonly holdings: HostTree;
  readonly #workspace: Workspace;
  readonly #objects: ObjectFiles;
  /** Ends when all that is on its way has arrived. */
  #arrival: Promise<void> = Promise.resolve();

  constructor(workspace: Workspace, objects: ObjectFiles) {
    this.#workspace = workspace;
    this.#objects = objects;
    this.holdings = new HostTree(workspace, objects);
  }

  async everything(onFile: (bytes: number) => void): Promise<Iterable<Entry>> {
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
    const delta = { entries, visible: undefined, version, ready };
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
}

class Arrival implements Incoming {
  readonly #collector: Collector;
  readonly #paths: Bytes[] = [];
  #refused: string | undefined;

  constructor(workspace: Workspace, foreign: Bytes | undefined) {
    this.#collector = new Collector(workspace, foreign);
  }

  async add(output: Output): Promise<void> {
    if (isOutputPath(output.path)) this.#paths.push(output.path);
    await this.#attempt(() => this.#collector.add(output));
    // What is refused has still to be read to its end: the next frame stands behind it.
    if (this.#refused !== undefined && output.kind === 'file' && !Buffer.isBuffer(output.content)) {
      for await (const _ of output.content);
    }
  }

  commit(tree: StagedTree, wanted: boolean): Homecoming {
    if (!(tree instanceof Copy)) throw new Error('Internal error: a tree of another stage');
    const { holdings } = tree;
    for (const path of this.#collector.unknown) holdings.forget(path);
    if (this.#refused === undefined && wanted) {
      try {
        for (const { path, version } of this.#collector.commit()) holdings.has(path, version);
      } catch (error) {
        this.#refused = reason(error);
      }
    }
    // The host has in its tree what the workspace has not.
    if (this.#refused !== undefined || !wanted) for (const path of this.#paths) holdings.forget(path);
    return this.#refused === undefined ? { kind: 'home' } : { kind: 'refused', reason: this.#refused };
  }

  discard(): void {
    this.#collector.discard();
  }

  async #attempt(step: () => Promise<void>): Promise<void> {
    if (this.#refused !== undefined) return;
    try {
      await step();
    } catch (error) {
      // A stream that broke off is the host's fault, not the output's.
      if (error instanceof Error && error.name === 'EndOfStream') throw error;
      this.#refused = reason(error);
    }
  }
}

function reason(error: unknown): string {
  if (error instanceof RefusedOutput) return error.message;
  return `it could not be written: ${error instanceof Error ? error.message : String(error)}`;
}

function relative(root: Bytes, path: Bytes): Bytes | undefined {
  const parts: Bytes[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = `/${parts.join('/')}`;
  if (clean === root) return '';
  return clean.startsWith(`${root}/`) ? clean.slice(root.length + 1) : undefined;
}
