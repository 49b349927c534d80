import type { PlaceRecord } from '../record/place-record.ts';
import type { Bar } from './gantt.ts';

/** The first staging of a host, from when it began as far as it goes before its first bar: packed bars that overlap would take a further row. */
export function stagingBars({ local, ready, staging }: PlaceRecord, bars: readonly Bar[]): readonly Bar[] {
  if (local || ready === undefined) return [];
  const to = bars.reduce((first, { from }) => Math.min(first, from), ready);
  const from = Math.max(0, ready - staging.seconds);
  return to > from ? [{ text: '', kind: 'staging', from, to }] : [];
}
