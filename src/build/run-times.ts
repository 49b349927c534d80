import { relative } from 'node:path/posix';

import type { RecipeRecord, RunRecord } from '../report/record/run-record.ts';

/** Recipes that are remembered, the latest. */
const MOST = 50_000;
/** Longest file, in characters. */
const LONGEST = 5_000_000;

/** One recipe: directory of its make, relative to the workspace, target, seconds, and when it ran last, in days since 1970. */
export type RecipeTime = readonly [directory: string, target: string, seconds: number, day: number];

/** What is kept between runs: plain data, for JSON. */
export interface TimesData {
  readonly version: 1;
  readonly recipes: readonly RecipeTime[];
}

const DAY_MS = 86_400_000;

/** How long the recipes of a workspace held a slot in earlier runs. */
export class RunTimes {
  readonly #root: string;
  /** By directory and target, the oldest first. */
  readonly #recipes = new Map<string, RecipeTime>();

  /**
   * @param root of the workspace, absolute
   * @param data what was kept; whatever is not as it should be counts as not there
   */
  constructor(root: string, data?: unknown) {
    this.#root = root;
    for (const one of recipesIn(data)) this.#recipes.set(key(one[0], one[1]), one);
  }

  get size(): number {
    return this.#recipes.size;
  }

  /** @param directory of the recipe's make, absolute. @returns seconds; undefined: it has not run yet */
  readonly of = (directory: string, target: string): number | undefined =>
    this.#recipes.get(key(relative(this.#root, directory), target))?.[2];

  /**
   * Takes what a run tells, of recipes that succeeded: also of one that failed as a whole.
   *
   * @param time milliseconds since 1970
   */
  add(record: Pick<RunRecord, 'recipes'>, time: number): void {
    const day = Math.floor(time / DAY_MS);
    for (const recipe of record.recipes) {
      const seconds = slotSeconds(recipe);
      if (seconds === undefined) continue;
      const { target } = recipe;
      const directory = relative(this.#root, recipe.directory);
      const name = key(directory, target);
      const before = this.#recipes.get(name)?.[2];
      // One run may have met a busy host: half of what is kept is older.
      const kept = before === undefined ? seconds : (before + seconds) / 2;
      this.#recipes.delete(name);
      this.#recipes.set(name, [directory, target, Math.round(kept * 100) / 100, day]);
    }
  }

  /** What is to be kept, the oldest left out where it is too much. */
  get data(): TimesData {
    const recipes: RecipeTime[] = [];
    let length = 100;
    for (const one of [...this.#recipes.values()].reverse()) {
      length += JSON.stringify(one).length + 1;
      if (recipes.length >= MOST || length > LONGEST) break;
      recipes.push(one);
    }
    return { version: 1, recipes: recipes.reverse() };
  }
}

/** How long the jobs of a recipe held slots, where they count; undefined: it has not succeeded, or only calls make. */
function slotSeconds({ class: kind, failed, jobs }: RecipeRecord): number | undefined {
  if (kind === undefined || kind === 'recursive' || failed) return undefined;
  let sum: number | undefined;
  for (const { legs } of jobs) {
    const last = legs.at(-1);
    const end = last?.waits ?? last?.ended;
    if (!last || end === undefined) return undefined;
    if (last.outcome === 'turned-away' || last.outcome?.kind === 'cancelled') return undefined;
    sum = (sum ?? 0) + (end - last.placed);
  }
  return sum;
}

function recipesIn(data: unknown): readonly RecipeTime[] {
  const { version, recipes } = (data ?? {}) as { version?: unknown; recipes?: unknown };
  return version === 1 && Array.isArray(recipes) ? recipes.filter(isTime).slice(-MOST) : [];
}

function isTime(one: unknown): one is RecipeTime {
  if (!Array.isArray(one) || one.length !== 4) return false;
  const [directory, target, seconds, day] = one as readonly unknown[];
  const isName = typeof directory === 'string' && typeof target === 'string';
  return isName && isAmount(seconds) && isAmount(day);
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** No file name has a NUL in it. */
function key(directory: string, target: string): string {
  return `${directory}\0${target}`;
}
