import { describeOutcome } from '../../model/outcome.ts';
import { REASON_WORDS } from '../reason-text.ts';
import { verdictOf, type Verdict } from '../verdict.ts';
import { clockText } from './clock-text.ts';
import { paint, span, type Style } from './line.ts';
import type { WatchState } from './watch-state.ts';

const STYLES: Readonly<Record<Verdict, Style>> = { succeeded: 'green', failed: 'red', cancelled: 'yellow' };

/**
 * The last lines, which stay: the result, how long it took and where the recipes ran.
 *
 * @returns empty for a run that was cut short before its end was known
 */
export function resultText(state: WatchState, colour: boolean): string {
  const { end } = state;
  if (!end) return '';
  const { remote, retried, local, recursive } = end.counts;
  const verdict = verdictOf(end.outcome);
  const result = verdict === 'succeeded' ? 'made' : `${verdict} (${describeOutcome(end.outcome)})`;
  const counts = [
    [remote, 'on hosts'],
    [retried, 'failed on a host and ran again'],
    [local, 'here'],
    [recursive, 'called make'],
  ] as const;
  const all = remote + retried + local + recursive;
  const parts = counts.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  const noun = all === 1 ? 'recipe' : 'recipes';
  // Of a run that was cancelled they are mostly those that its end has caught.
  const failed =
    verdict === 'failed' && end.failedTargets.length > 0 ? `, failed targets: ${end.failedTargets.length}` : '';
  const sum = ` after ${clockText(end.seconds)}, ${all} ${noun}${all > 0 ? `: ${parts.join(', ')}` : ''}${failed}`;
  const lines = [[span(result, STYLES[verdict]), span(sum)]];
  const missed = state.places.flatMap((place) => [...place.missed]).sort((a, b) => b[1] - a[1]);
  if (missed.length > 0) {
    const words = missed.map(([reason, count]) => `${REASON_WORDS[reason]} ${count}`);
    lines.push([span(`ran here though they might have left: ${words.join(', ')}`)]);
  }
  return lines.map((line) => `${paint(line, Infinity, colour)}\n`).join('');
}
