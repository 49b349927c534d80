import type { Place } from '../model/event.ts';
import { succeeded } from '../model/outcome.ts';
import { isMissed } from '../model/place-reason.ts';
import type { Leg } from './job-log.ts';
import { killedText } from './outcome-text.ts';
import { REASON_WORDS } from './reason-text.ts';

/** Name of a place in the log. */
export function placeName(place: Place): string {
  return place?.name ?? 'local';
}

/**
 * Where the lines of a recipe ran, in order: `a, b`; `a -> b` when one was run again at b; `killed after 600 s on a, then ok on b`.
 * Where it was the runner though they might have left, why: `local, hosts full`.
 */
export function placesOf(legs: readonly Leg[]): string {
  let places = '';
  let before: Leg | undefined;
  const seen = new Set<string>();
  for (const leg of legs) {
    if (before === undefined) places = shownOf(leg);
    else if (!before.again) places += seen.has(placeName(leg.place)) && !isKilled(leg) ? '' : `, ${shownOf(leg)}`;
    else if (!isKilled(before)) places += ` -> ${shownOf(leg)}`;
    else if (isKilled(leg)) places += `, then ${shownOf(leg)}`;
    else places += `, then ${succeeded(leg.outcome) ? 'ok ' : ''}on ${placeName(leg.place)}`;
    seen.add(placeName(leg.place));
    before = leg;
  }
  const missed = legs.find(({ reason }) => reason !== undefined && isMissed(reason))?.reason;
  // The words before it have said it.
  const isSaid =
    missed === undefined ||
    (missed === 'failed-there' && places.includes(' -> ')) ||
    (missed === 'timed-out-there' && places.includes(', then '));
  return isSaid ? places : `${places}, ${REASON_WORDS[missed]}`;
}

function shownOf(leg: Leg): string {
  const name = placeName(leg.place);
  return isKilled(leg) && leg.outcome.kind === 'timed-out' ? `${killedText(leg.outcome)} on ${name}` : name;
}

/** By a time limit, to be run again. One that is not says it with its failure. */
function isKilled({ again, outcome }: Leg): boolean {
  return again && outcome.kind === 'timed-out';
}
