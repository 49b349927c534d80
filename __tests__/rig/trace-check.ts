import type { TraceEvent } from '../../src/report/directory/trace-event.ts';

/** By process and thread, in the order in which they stand there. */
function threadsOf(events: readonly TraceEvent[]): Map<string, TraceEvent[]> {
  const threads = new Map<string, TraceEvent[]>();
  for (const event of events.filter(({ ph }) => ph === 'X')) {
    const key = `${event.pid} ${event.tid}`;
    threads.set(key, [...(threads.get(key) ?? []), event]);
  }
  return threads;
}

/** What a reader of the format would trip over. */
export function traceProblems(events: readonly TraceEvent[]): string[] {
  const problems: string[] = [];
  for (const event of events) {
    const { ph, ts, dur } = event;
    if (ph === 'M') continue;
    const whole = Number.isSafeInteger(ts) && (ph !== 'X' || Number.isSafeInteger(dur));
    if (!whole || (ts ?? -1) < 0 || (dur ?? 0) < 0) problems.push(`odd time: ${JSON.stringify(event)}`);
  }
  for (const [thread, slices] of threadsOf(events)) {
    let before = 0;
    const open: number[] = [];
    for (const { name, ts = NaN, dur = NaN } of slices) {
      if (ts < before) problems.push(`${thread}: ${name} goes back`);
      before = ts;
      while (open.length > 0 && (open.at(-1) ?? 0) <= ts) open.pop();
      if (open.length > 0 && ts + dur > (open.at(-1) ?? 0)) problems.push(`${thread}: ${name} overlaps`);
      if (dur > 0) open.push(ts + dur);
    }
  }
  return problems;
}
