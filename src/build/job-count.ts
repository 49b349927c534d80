import { makeIntent } from '../make/make-intent.ts';
import type { Host } from '../model/host.ts';
import type { Settings } from '../model/settings.ts';
import { encode } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';

/** All places for distributable jobs together: the slots of the hosts and what the runner takes itself. */
export function allPlaces(hosts: readonly Host[], settings: Pick<Settings, 'fallback' | 'localJobs'>): number {
  const never = settings.fallback === 'never';
  const slots = hosts.filter((host) => !never || !host.local).reduce((sum, host) => sum + (host.slots ?? 1), 0);
  return Math.max(1, slots + (never ? 0 : settings.localJobs));
}

/**
 * Recipes that may run at one time, as the action has it: the input `jobs`, or -j, or else all places.
 *
 * @throws UserError when both are given
 */
export function jobCount(hosts: readonly Host[], settings: Settings): number {
  const { jobs } = makeIntent(settings.arguments.map(encode));
  if (settings.jobs !== undefined && jobs !== undefined) {
    throw new UserError('input arguments: there is a -j, and the input jobs is given too: leave one of the two out');
  }
  return settings.jobs ?? (typeof jobs === 'number' ? jobs : allPlaces(hosts, settings));
}
