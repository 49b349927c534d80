type Arguments = Readonly<Record<string, string | number | boolean>>;

/**
 * One event of Chrome's trace event format: `X` a slice, `i` a moment, `C` counters, `M` a name. Times in whole microseconds
 * (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
 */
export interface TraceEvent {
  readonly ph: 'X' | 'i' | 'C' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly cat?: string;
  readonly ts?: number;
  readonly dur?: number;
  /** Of a moment: that it belongs to its thread. */
  readonly s?: 't';
  readonly args: Arguments;
}

/** Seconds as the whole microseconds of a trace: what meets in seconds meets there. */
export function micros(seconds: number): number {
  return Math.max(0, Math.round(seconds * 1e6));
}

/** @param from and `to` in microseconds */
export function complete(
  pid: number,
  tid: number,
  name: string,
  from: number,
  to: number,
  args: Arguments,
  cat?: string,
): TraceEvent {
  return { ph: 'X', pid, tid, name, ...(cat !== undefined && { cat }), ts: from, dur: Math.max(0, to - from), args };
}

/** @param at in seconds */
export function instant(pid: number, tid: number, name: string, at: number, args: Arguments): TraceEvent {
  return { ph: 'i', s: 't', pid, tid, name, ts: micros(at), args };
}

/** The name of a process or thread, and where it stands among the others. */
export function named(
  what: 'process' | 'thread',
  pid: number,
  tid: number,
  name: string,
  index: number,
): readonly TraceEvent[] {
  const common = { ph: 'M', pid, tid } as const;
  return [
    { ...common, name: `${what}_name`, args: { name } },
    { ...common, name: `${what}_sort_index`, args: { sort_index: index } },
  ];
}
