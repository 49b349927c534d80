import { makeIntent } from '../make/make-intent.ts';
import { encode } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import type { ActionInputs } from './inputs.ts';

/**
 * Recipes that may run at one time, as the input `jobs` or -j says; undefined when neither is given.
 *
 * @throws UserError when both are given
 */
export function askedJobs({
  jobs,
  settings,
}: Pick<ActionInputs, 'jobs' | 'settings'>): number | 'unlimited' | undefined {
  const asked = makeIntent(settings.arguments.map(encode)).jobs;
  if (jobs !== undefined && asked !== undefined) {
    throw new UserError('input arguments: there is a -j, and the input jobs is given too: leave one of the two out');
  }
  return jobs ?? asked;
}
