import { succeeded, type Outcome } from '../model/outcome.ts';
import type { Bytes } from '../util/bytes.ts';
import { SYSTEM_CLOCK, type Clock } from './clock.ts';
import type { RecipeBook, RecipeState } from './recipe-book.ts';
import type { Scheduler } from './scheduler.ts';

/** How long recipes are held back for make's word on a failure. It comes within milliseconds, or not at all. */
const VERDICT_MS = 3000;

/**
 * What failures mean. Only make knows whether it ignores one (`-` before the line, .IGNORE); its verdict comes with its
 * output. Until then none of its recipes starts; after a failure that counts, none does any more.
 */
export class Verdicts {
  readonly #scheduler: Scheduler;
  readonly #recipes: RecipeBook;
  readonly #onFatal: (make: number) => void;
  readonly #clock: Clock;

  /** @param onFatal this make starts no other recipe */
  constructor(scheduler: Scheduler, recipes: RecipeBook, onFatal: (make: number) => void, clock = SYSTEM_CLOCK) {
    this.#scheduler = scheduler;
    this.#recipes = recipes;
    this.#onFatal = onFatal;
    this.#clock = clock;
  }

  /**
   * A job has ended so; its slot is still taken.
   *
   * @param flags the single-letter options of its make
   */
  await(state: RecipeState, outcome: Outcome, flags: ReadonlySet<string>): void {
    if (succeeded(outcome) || outcome.kind === 'cancelled') return;
    state.fatal = !flags.has('k') && !flags.has('i');
    if (!state.fatal) return;
    const { make } = state.recipe;
    this.#scheduler.hold(make);
    const settled = (): void => {
      if (state.settled !== settled) return;
      state.settled = undefined;
      this.#scheduler.resume(make);
    };
    this.#clock.after(VERDICT_MS, settled);
    state.settled = settled;
  }

  /** Make asks for a job of that recipe: if a line of it has failed, make ignored that. */
  wentOn(state: RecipeState): void {
    if (!state.failure) return;
    state.failure = undefined;
    state.ignored++;
    state.settled?.();
  }

  /**
   * Make has said what a failure means to it.
   *
   * @param ignored the recipe line began with `-`, or the like: make goes on
   * @returns the recipe that has failed for good
   */
  given(target: Bytes, ignored: boolean): RecipeState | undefined {
    const open = this.#of(target).filter((one) => !one.closed);
    const state = open.find((one) => ignored && one.ignored > 0) ?? open.find((one) => one.failure);
    if (!state) return undefined;
    if (ignored) {
      if (state.ignored === 0) this.wentOn(state);
      state.ignored--;
      return undefined;
    }
    state.settled = undefined;
    if (state.fatal) {
      this.#onFatal(state.recipe.make);
      this.#scheduler.drop(state.recipe.make);
    }
    return state;
  }

  /** Whether make's word about that target is not to be shown: the job never started. */
  isDropped(target: Bytes): boolean {
    const named = this.#of(target);
    return named.some((one) => one.dropped) && !named.some((one) => one.failure && !one.closed);
  }

  #of(target: Bytes): RecipeState[] {
    return [...this.#recipes.all()].filter((one) => one.recipe.target === target);
  }
}
