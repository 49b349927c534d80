import type { Recipe } from '../../model/job.ts';
import type { Bytes } from '../../util/bytes.ts';
import { isBelow } from '../is-below.ts';
import type { Held } from './placement.ts';

const NONE: ReadonlySet<Bytes> = new Set();

/** The files and links that the lines of each recipe have brought home, for as long as its recipe is known to anybody. */
export class RecipeOutputs {
  readonly #written = new WeakMap<Recipe, Set<Bytes>>();

  of(recipe: Recipe): ReadonlySet<Bytes> {
    return this.#written.get(recipe) ?? NONE;
  }

  /** @param outputs of one line: removals come before the rest */
  add(recipe: Recipe, outputs: readonly Held[]): void {
    const written = this.#written.get(recipe) ?? new Set();
    this.#written.set(recipe, written);
    const removed = new Set(outputs.flatMap(({ kind, path }) => (kind === 'removed' ? [path] : [])));
    for (const one of removed.size > 0 ? written : []) {
      if (removed.has(one) || isBelow(one, removed)) written.delete(one);
    }
    for (const { kind, path } of outputs) if (kind === 'file' || kind === 'link') written.add(path);
  }
}
