import { withoutLeftOut } from '../host-news.ts';
import { awaySeconds, type Loss, type PlaceRecord } from '../record/place-record.ts';
import { formatSeconds } from './words.ts';

/** Kinds of reasons that are named, and the longest text of one among others, in characters. */
const KINDS = 3;
const LONGEST = 80;

/** `once`, `twice`, `3 times`. */
export function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}

/**
 * How often a host was away, why, for how long, and whether it was there at the end; empty: it never was.
 *
 *     lost: it has said nothing for 15 s; back after 12.3 s
 *     lost 3 times (2 x it has said nothing for 15 s, the link is dead), away 41.0 s; there at the end
 *
 * @param now of the record
 */
export function lossText(place: PlaceRecord, now: number): string {
  const lost = place.losses.filter(({ wasReady }) => wasReady);
  const [late] = place.losses.filter(({ wasReady }) => !wasReady);
  const [only] = lost;
  const last = place.losses.at(-1);
  const parts: string[] = [];
  if (late) parts.push(lateText(late));
  if (only && lost.length === 1)
    parts.push(`lost: ${only.reason}`, ...(only.to === undefined ? [] : [backText(only.to - only.from)]));
  else if (only)
    parts.push(`lost ${times(lost.length)} (${reasons(lost)}), away ${formatSeconds(awaySeconds(place, now))}`);
  if (last && place.state === 'ready' && lost.length > 1) parts.push('there at the end');
  if (last?.wasReady === true && place.state === 'benched') parts.push('not back by the end');
  if (last?.leftOut !== undefined && last.leftOut !== last.reason)
    parts.push(`then left out: ${withoutLeftOut(last.leftOut)}`);
  return parts.join('; ');
}

function lateText({ reason, from, to, leftOut }: Loss): string {
  if (to !== undefined) return `did not come up at first: ${reason}; ready ${formatSeconds(to - from)} later`;
  return leftOut === undefined ? `never came up: ${reason}` : `not used: ${withoutLeftOut(reason)}`;
}

function backText(seconds: number): string {
  return `back after ${formatSeconds(seconds)}`;
}

/** The most frequent first. */
function reasons(losses: readonly Loss[]): string {
  const counts = new Map<string, number>();
  for (const { reason } of losses) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const kinds = [...counts].sort((a, b) => b[1] - a[1]);
  const words = kinds.slice(0, KINDS).map(([reason, count]) => `${count > 1 ? `${count} x ` : ''}${clipped(reason)}`);
  return [...words, ...(kinds.length > KINDS ? ['others'] : [])].join(', ');
}

function clipped(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}
