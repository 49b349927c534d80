import { constants } from 'node:os';
import type { Outcome } from '../../model/outcome.ts';

/** By which people and runners stop a run. */
const STOPS: readonly number[] = [constants.signals.SIGHUP, constants.signals.SIGINT, constants.signals.SIGTERM];

/** @param run its outcome; undefined: it was cut short */
export function isStopped(run: Outcome | undefined): boolean {
  return run === undefined || (run.kind === 'signaled' && STOPS.includes(run.signal));
}

/** Whether a recipe was ended by what ended the run: that is no fault of the recipe. */
export function endedByStop(recipe: Outcome, run: Outcome | undefined): boolean {
  if (recipe.kind !== 'signaled') return false;
  return run === undefined ? STOPS.includes(recipe.signal) : run.kind === 'signaled' && run.signal === recipe.signal;
}
