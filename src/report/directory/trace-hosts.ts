import type { PlaceRecord } from '../record/place-record.ts';
import { complete, instant, micros, type TraceEvent } from './trace-event.ts';

/**
 * What is told of a host itself: its first staging; each time for which it was away, in it the staging with which it came back; a
 * moment where it was lost, or given up.
 *
 * @param end in seconds, of what has not ended
 */
export function hostSlices(place: PlaceRecord, pid: number, tid: number, end: number): readonly TraceEvent[] {
  const { local, losses, ready } = place;
  const slices: TraceEvent[] = [];
  const add = (name: string, from: number, to: number, args: TraceEvent['args']): void => {
    slices.push(complete(pid, tid, name, micros(from), micros(to), args));
  };
  for (const { from, to, reason, leftOut, wasReady, staged } of losses) {
    const out = leftOut !== undefined && leftOut !== reason ? { left_out: leftOut } : {};
    slices.push(instant(pid, tid, 'host lost', from, { reason, ...out }));
    if (leftOut === reason) continue;
    add('away', from, to ?? end, { reason });
    if (to !== undefined && wasReady) add('staging again', Math.max(from, to - staged), to, {});
  }
  if (!local) {
    const until = ready ?? losses[0]?.from ?? end;
    const { bytes, files, done, seconds } = place.staging;
    const since = Math.max(
      0,
      ...losses.filter(({ wasReady }) => !wasReady && ready !== undefined).map(({ from }) => from),
    );
    add('first staging', Math.max(since, until - seconds), until, { bytes, files, done });
  }
  return slices.sort((a, b) => (a.ts ?? 0) - (b.ts ?? 0) || (b.dur ?? 0) - (a.dur ?? 0));
}
