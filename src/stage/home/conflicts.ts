import { readdirSync, readlinkSync } from 'node:fs';
import type { Recipe } from '../../model/job.ts';
import { fsPath, type Bytes } from '../../util/bytes.ts';
import { gapAbove, kindAt, type Gap } from './kind-at.ts';
import type { Held } from './placement.ts';
import { TEMPORARY_PREFIX, type Workspace } from '../look/workspace.ts';

/** A path that a job has written and somebody else too, since the job started. */
export interface Conflict {
  readonly path: Bytes;
  /** Whose job on a host it was; undefined: something on the runner. */
  readonly other: Recipe | undefined;
}

/** A stretch of the workspace's journal that one job's outputs made. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly recipe: Recipe;
}

/**
 * Who wrote what, so that no job's outputs come home over those of another that it has not seen. Two that wrote the same
 * are in conflict even when the contents are equal: of two who append the same line, one would be lost.
 */
export class Conflicts {
  readonly #workspace: Workspace;
  /** In order. */
  readonly #stretches: Stretch[] = [];

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Runs what puts a job's outputs into the workspace, and remembers that they are of that recipe. */
  write<T>(recipe: Recipe, put: () => T): T {
    const from = this.#workspace.version + 1;
    try {
      return put();
    } finally {
      const to = this.#workspace.version;
      if (to >= from) this.#stretches.push({ from, to, recipe });
    }
  }

  /**
   * The first of a job's outputs that somebody else has written since. No conflicts are: a directory that both made, a
   * removal of what is gone, a link to the same target.
   *
   * @param outputs in the order in which they are to be put
   * @param version of the workspace when the job started
   */
  find(recipe: Recipe, version: number, outputs: readonly Held[]): Conflict | undefined {
    const search = new Search(this.#workspace, version, (at) => this.#writerAt(at)?.id === recipe.id);
    for (const output of outputs) {
      const path = search.of(output);
      if (path !== undefined) return { path, other: this.#writerOf(path) };
    }
    return undefined;
  }

  /** Who wrote last what stands there. */
  #writerOf(path: Bytes): Recipe | undefined {
    return this.#workspace.isAsSeen(path) ? this.#writerAt(this.#workspace.changedAt(path)) : undefined;
  }

  #writerAt(version: number): Recipe | undefined {
    let [low, high] = [0, this.#stretches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#stretches[middle] as Stretch).to < version) low = middle + 1;
      else high = middle;
    }
    const found = this.#stretches[low];
    return found && found.from <= version ? found.recipe : undefined;
  }
}

/** For one job: what it wrote against what stands there at this moment. */
class Search {
  readonly #workspace: Workspace;
  readonly #version: number;
  readonly #isOwn: (version: number) => boolean;
  readonly #made = new Set<Bytes>();
  /** By the directory that a path is in. */
  readonly #gaps = new Map<Bytes, Gap | undefined>();

  constructor(workspace: Workspace, version: number, isOwn: (version: number) => boolean) {
    this.#workspace = workspace;
    this.#version = version;
    this.#isOwn = isOwn;
  }

  /** The path at which an output meets what somebody else wrote. */
  of(output: Held): Bytes | undefined {
    const { kind, path } = output;
    const above = this.#gapAbove(path);
    if (above) {
      // What is to be removed went with what it was in.
      if (above.kind === undefined && kind === 'removed') return undefined;
      const isMade = this.#made.has(above.path);
      if (above.kind !== undefined || !isMade) {
        return !isMade && this.#isTouched(above.path) ? above.path : undefined;
      }
    }
    const stands = above ? undefined : kindAt(this.#full(path));
    switch (kind) {
      case 'removed':
        return stands === undefined ? undefined : this.#inAll(path, stands === 'directory');
      case 'directory':
        this.#made.add(path);
        return stands !== 'directory' && this.#isTouched(path) ? path : undefined;
      case 'link':
        if (stands === 'link' && readlinkSync(fsPath(this.#full(path)), 'latin1') === output.target) return undefined;
        return this.#inAll(path, stands === 'directory');
      case 'file':
        return this.#inAll(path, stands === 'directory');
    }
  }

  #gapAbove(path: Bytes): Gap | undefined {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (!this.#gaps.has(parent)) this.#gaps.set(parent, gapAbove(this.#workspace.root, path));
    return this.#gaps.get(parent);
  }

  /** The first that is touched of a path and, where it is a directory, all that is in it. */
  #inAll(path: Bytes, isDirectory: boolean): Bytes | undefined {
    if (this.#isTouched(path)) return path;
    if (!isDirectory) return undefined;
    for (const entry of readdirSync(fsPath(this.#full(path)), { withFileTypes: true, encoding: 'latin1' })) {
      if (entry.name === '.git' || entry.name.startsWith(TEMPORARY_PREFIX)) continue;
      const found = this.#inAll(`${path}/${entry.name}`, entry.isDirectory());
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Whether somebody else has changed it since: by what is known, or by what stands there. */
  #isTouched(path: Bytes): boolean {
    const changed = this.#workspace.changedAt(path);
    if (changed > this.#version && !this.#isOwn(changed)) return true;
    return !this.#workspace.isAsSeen(path);
  }

  #full(path: Bytes): Bytes {
    return `${this.#workspace.root}/${path}`;
  }
}
