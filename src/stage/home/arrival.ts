import type { Homecoming, Incoming, Sending, StagedTree } from '../../engine/ports.ts';
import type { Output } from '../../model/entry.ts';
import type { Recipe } from '../../model/job.ts';
import { decode, type Bytes } from '../../util/bytes.ts';
import { Collector } from './collector.ts';
import type { Conflicts } from './conflicts.ts';
import { Copy, type Guest } from '../copy.ts';
import { gapAbove } from './kind-at.ts';
import type { ObjectFiles } from '../object-files.ts';
import { isOutputPath } from './output-path.ts';
import { PartialView } from '../view/partial-view.ts';
import type { RecipeOutputs } from './recipe-outputs.ts';
import { EndlessOutput, notWritten, RefusedOutput } from './refused-output.ts';
import { hiddenIn } from './removal.ts';
import { checkEnd } from './spool.ts';
import type { Workspace } from '../look/workspace.ts';

/** What all arrivals share. */
export interface Home {
  readonly workspace: Workspace;
  readonly objects: ObjectFiles;
  readonly conflicts: Conflicts;
  readonly written: RecipeOutputs;
  /** The recipes whose target that path is, relative to the workspace. */
  readonly recipesOf: (path: Bytes) => readonly Recipe[];
}

/** So many paths are kept apart; of further ones the directory at the top stands for all that is in it. */
const MOST_PATHS = 1_000_000;

type Refusal = Extract<Homecoming, { kind: 'refused' }>;

/** Takes in what one job wrote. */
export class Arrival implements Incoming {
  readonly #home: Home;
  readonly #sending: Sending;
  readonly #collector: Collector;
  readonly #view: PartialView | undefined;
  /** What its tree has differently from the workspace if nothing of this comes home. */
  readonly #paths = new Set<Bytes>();
  #refused: Refusal | undefined;

  constructor(home: Home, sending: Sending) {
    this.#home = home;
    this.#sending = sending;
    this.#collector = new Collector(home.workspace, sending.foreign);
    this.#view = sending.visible && new PartialView(sending.visible);
  }

  async add(output: Output): Promise<void> {
    this.#remember(output.path);
    if (this.#refused === undefined) {
      try {
        await this.#collector.add(output);
        return;
      } catch (error) {
        // Everything else is the fault of the host, which is lost then.
        if (!(error instanceof RefusedOutput)) throw error;
        this.#refuse(error);
      }
    }
    // What is refused has still to be read to its end: the next frame stands behind it.
    if (output.kind !== 'file' || Buffer.isBuffer(output.content)) return;
    checkEnd(output);
    for await (const _ of output.content);
  }

  /** From the last look for conflicts until all is in its place nothing else has its turn. */
  commit(tree: StagedTree, wanted: boolean): Homecoming {
    if (!(tree instanceof Copy)) throw new Error('Internal error: a tree of another stage');
    const { holdings } = tree;
    const guest = tree.ended(this.#sending.job);
    for (const path of this.#collector.unknown) holdings.forget(path);
    const homecoming = this.#take(tree, wanted, guest);
    if (homecoming.kind !== 'home' || !wanted) this.#undo(tree);
    return homecoming;
  }

  discard(): void {
    this.#collector.discard();
  }

  #take(tree: Copy, wanted: boolean, guest: Guest): Homecoming {
    if (this.#refused || !wanted) return this.#refused ?? { kind: 'home' };
    const { conflicts, written } = this.#home;
    const { recipe } = this.#sending.job;
    try {
      const spoilt = guest.spoilt && ({ kind: 'conflict', ...guest.spoilt } as const);
      const objection = spoilt ?? this.#conflict(tree) ?? this.#trespass();
      if (objection) return objection;
      this.#collector.prepare();
      // Once more: that took its time, and recipes on the runner do not wait.
      const late = this.#conflict(tree);
      if (late) return late;
      const changes = conflicts.write(recipe, () => this.#collector.put());
      for (const { path, version } of changes) tree.has(path, version, guest);
      written.add(recipe, this.#collector.outputs);
      return { kind: 'home' };
    } catch (error) {
      return this.#refuse(error instanceof RefusedOutput ? error : notWritten('', error));
    }
  }

  /** The host has in its tree what the workspace has not, and perhaps a directory in which to have it. */
  #undo({ holdings }: Copy): void {
    for (const path of this.#paths) {
      holdings.forget(path);
      const gap = gapAbove(this.#home.workspace.root, path);
      if (gap) holdings.forget(gap.path);
    }
  }

  #conflict(tree: Copy): Homecoming | undefined {
    const { job, version } = this.#sending;
    const conflict = this.#home.conflicts.find(job.recipe, version, this.#collector.outputs);
    if (!conflict) return undefined;
    // It may have been written by what nobody knows of: it must be found before the job runs again.
    this.#home.workspace.touch();
    tree.spoilt({ path: conflict.path, other: job.recipe });
    return { kind: 'conflict', ...conflict };
  }

  /** Whether it goes where it must not: over what another recipe makes, or where it cannot see what it destroys. */
  #trespass(): Refusal | undefined {
    const { recipesOf, written } = this.#home;
    const { recipe } = this.#sending.job;
    for (const { kind, path } of this.#collector.outputs) {
      if (kind === 'file' || kind === 'link') {
        const makers = recipesOf(path);
        const isOwn = makers.some(({ id }) => id === recipe.id) || written.of(recipe).has(path);
        if (makers.length > 0 && !isOwn) return refusal(`${decode(path)} is the target of another recipe`);
      }
      const hidden = kind === 'directory' ? undefined : this.#hiddenBy(kind, path);
      if (hidden === path) return refusal(`it removed ${decode(path)}, which it was not shown`);
      if (hidden !== undefined) {
        return refusal(`it removed ${decode(path)}, in which there is ${decode(hidden)}, which it was not shown`);
      }
    }
    return undefined;
  }

  /** What goes with an output although the job could not see it: it itself, or something in a directory. */
  #hiddenBy(kind: 'removed' | 'file' | 'link', path: Bytes): Bytes | undefined {
    const { workspace, objects } = this.#home;
    const { job } = this.#sending;
    const shows = (one: Bytes): boolean =>
      workspace.has(one) && this.#view?.shows(one) !== false && !objects.isWithheld(job, one);
    const inside = hiddenIn(workspace.root, path, shows);
    if (inside !== undefined || kind !== 'removed') return inside;
    return this.#view && workspace.hasFile(path) && !this.#view.shows(path) ? path : undefined;
  }

  #refuse(error: RefusedOutput): Refusal {
    this.#refused = refusal(error.message, error.foreign);
    // It may have taken much room.
    this.#collector.discard();
    return this.#refused;
  }

  #remember(path: Bytes): void {
    if (!isOutputPath(path)) return;
    const isMany = this.#paths.size >= MOST_PATHS;
    this.#paths.add(isMany ? path.replace(/\/.*/s, '') : path);
    if (this.#paths.size > 2 * MOST_PATHS) throw new EndlessOutput('what a job wrote there has no end');
  }
}

function refusal(reason: string, foreign = false): Refusal {
  return foreign ? { kind: 'refused', reason, foreign } : { kind: 'refused', reason };
}
