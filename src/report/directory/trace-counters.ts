import type { RunRecord } from '../record/run-record.ts';
import { micros, type TraceEvent } from './trace-event.ts';

/** More points than that are no use in a picture. */
const POINTS = 5000;

/**
 * How many jobs wait for a place, and how many have one, over time. In a long run points that are closer than a five
 * thousandth of it are one, with what held last.
 *
 * @param end in seconds, of what has not ended
 */
export function counters(record: RunRecord, pid: number, end: number): readonly TraceEvent[] {
  const changes: { readonly at: number; readonly waiting: number; readonly running: number }[] = [];
  for (const { queued, legs, ended } of record.jobs) {
    let asked = queued;
    for (const leg of legs) {
      changes.push({ at: micros(asked), waiting: 1, running: 0 }, { at: micros(leg.placed), waiting: -1, running: 1 });
      const given = leg.waits ?? leg.ended;
      if (given !== undefined) changes.push({ at: micros(given), waiting: 0, running: -1 });
      // Turned away, or to run again, it waits anew.
      asked = leg.ended ?? asked;
    }
    const last = legs.at(-1);
    if (last !== undefined && last.outcome !== 'turned-away' && !last.again) continue;
    changes.push({ at: micros(asked), waiting: 1, running: 0 });
    if (ended !== undefined) changes.push({ at: micros(ended), waiting: -1, running: 0 });
  }
  changes.sort((a, b) => a.at - b.at);
  const apart = Math.ceil(micros(end) / POINTS);
  const points = [{ ts: 0, waiting: 0, running: 0 }];
  let [waiting, running] = [0, 0];
  for (const change of changes) {
    waiting += change.waiting;
    running += change.running;
    const ts = changes.length > POINTS ? change.at - (change.at % apart) : change.at;
    if (points.at(-1)?.ts === ts) points.pop();
    points.push({ ts, waiting, running });
  }
  return points.map(({ ts, ...args }) => ({ ph: 'C', pid, tid: pid, name: 'jobs', ts, args }));
}
