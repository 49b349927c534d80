import type { Recipe } from '../../model/job.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Held } from './placement.ts';

const NONE: ReadonlySet<Bytes> = new Set();

/** The files and links that the lines of each recipe have brought home, for as long as its recipe is known to anybody. */
export class RecipeOutputs {
  readonly #written = new WeakMap<Recipe, Set<Bytes>>();

  of(recipe: Recipe): ReadonlySet<Bytes> {
    return this.#written.get(recipe) ?? NONE;
  }

  /** @param outputs of one line, in the order in which they were put */
  add(recipe: Recipe, outputs: readonly Held[]): void {
    const written = this.#written.get(recipe) ?? new Set();
    this.#written.set(recipe, written);
    for (const { kind, path } of outputs) {
      if (kind === 'removed') {
        written.delete(path);
        for (const one of written) if (one.startsWith(`${path}/`)) written.delete(one);
      } else if (kind !== 'directory') {
        written.add(path);
      }
    }
  }
}
