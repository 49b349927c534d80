import { awaySeconds, type Loss, type Place } from './run.ts';
import { duration, number } from './words.ts';

/** One loss: `lost at 12.0 s for 4.20 s: it has said nothing for 15 s`. */
export function describeLoss({ from, to, isBack, reason, wasReady, leftOut }: Loss): string {
  const what = wasReady ? 'lost' : 'did not come up';
  const back = isBack ? ` for ${duration(to - from)}` : '';
  const out = leftOut !== '' && leftOut !== reason ? `; left out: ${leftOut.replace(/^left out: /, '')}` : '';
  return `${what} at ${duration(from)}${back}: ${reason}${out}`;
}

/** How often a host was away, and for how long; the only loss with its reason. Empty: never. */
export function lossWords(place: Place): string {
  const { losses } = place;
  const [only] = losses;
  if (!only) return '';
  if (losses.length === 1) return describeLoss(only);
  return `lost ${number(losses.filter(({ wasReady }) => wasReady).length, 'time')}, away ${duration(awaySeconds(place))}`;
}
