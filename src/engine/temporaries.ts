/**
 * Which /tmp the lines of each recipe share on one host (LaneRequest.recipe). Usually a recipe has the one of its own number;
 * where its first line has run and is to run once more, what that has left must not be there, and the recipe gets another.
 */
export class Temporaries {
  /** Recipes of which a line has run for good. */
  readonly #begun = new Set<number>();
  /** Recipe => what it has instead of its own number. Below 0: no recipe has such a number. */
  readonly #others = new Map<number, number>();
  #next = -1;

  of(recipe: number): number {
    return this.#others.get(recipe) ?? recipe;
  }

  /** @param counted false: the same line may run there again. A later one then finds what it has left itself. */
  ran(recipe: number, counted: boolean): void {
    if (counted) this.#begun.add(recipe);
    else if (!this.#begun.has(recipe)) this.#others.set(recipe, this.#next--);
  }
}
