import { constants } from 'node:os';
import { succeeded, type Outcome } from '../model/outcome.ts';

export type Verdict = 'succeeded' | 'failed' | 'cancelled';

/** By these a person, a terminal or a workflow ends a run; by any other it ends because something is wrong. */
const STOPS: readonly number[] = [
  constants.signals.SIGINT,
  constants.signals.SIGQUIT,
  constants.signals.SIGTERM,
  constants.signals.SIGHUP,
];

/** What became of a whole run, by how make ended. */
export function verdictOf(outcome: Outcome): Verdict {
  if (succeeded(outcome)) return 'succeeded';
  return outcome.kind === 'signaled' && STOPS.includes(outcome.signal) ? 'cancelled' : 'failed';
}

/** Whether somebody stopped the run. @param run its outcome; undefined: it was cut short */
export function isStopped(run: Outcome | undefined): boolean {
  return run === undefined || verdictOf(run) === 'cancelled';
}

/**
 * Whether a recipe was ended by what stopped the run: make passes the signal on to what it runs. That is no fault of the
 * recipe, which counts as cancelled. A shell that catches the signal may exit with 128 and its number instead (POSIX,
 * Shell Command Language 2.8.2).
 *
 * @param run its outcome; undefined: it was cut short
 */
export function endedByStop(recipe: Outcome, run: Outcome | undefined): boolean {
  const signal =
    recipe.kind === 'signaled'
      ? recipe.signal
      : recipe.kind === 'exited' && recipe.status > 128
        ? recipe.status - 128
        : 0;
  if (run === undefined) return recipe.kind === 'signaled' && STOPS.includes(signal);
  return run.kind === 'signaled' && STOPS.includes(signal) && run.signal === signal;
}

/** Whether a recipe's failure is its own: neither cancelled nor ended by what stopped the run. */
export function isOwnFailure(recipe: Outcome, run: Outcome | undefined): boolean {
  return recipe.kind !== 'cancelled' && !endedByStop(recipe, run);
}
