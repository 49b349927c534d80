import type { RunRecord } from '../record/run-record.ts';
import { counters } from './trace-counters.ts';
import { complete, micros, named, type TraceEvent } from './trace-event.ts';
import { hostSlices } from './trace-hosts.ts';
import { legSlices } from './trace-legs.ts';
import { Rows } from './trace-rows.ts';

/*
 * Numbers of threads. Perfetto takes 0, and the number of the process itself, for something else than any thread: they begin
 * above the numbers of places.
 */
/** Of a place's stagings and losses; the slots, from 1, come behind it. */
const STATE = 1000;
/** Of recipes that only wait for a make, as many as there are at one time. */
const MAKES = 100_000;

/**
 * A run in Chrome's trace event format (JSON object form), which Perfetto and chrome://tracing read. Places are processes, in
 * the order of the matrix, the runner last; slots are threads. A leg of a job is a slice with its phases in it. Jobs
 * that have called make and wait without a slot have threads of their own. Of a run that was cut short, what had not ended ends
 * where the record does.
 *
 * @returns pieces of one JSON text
 */
export function* trace(record: RunRecord): Generator<string> {
  yield '{"displayTimeUnit":"ms","traceEvents":[\n';
  let first = true;
  for (const event of events(record)) {
    yield (first ? '' : ',\n') + JSON.stringify(event);
    first = false;
  }
  yield '\n]}\n';
}

function* events(record: RunRecord): Generator<TraceEvent> {
  const end = endOf(record);
  const { places } = record;
  const run = places.length + 1;
  yield* named('process', run, run, 'run', 0);
  yield* counters(record, run, end);
  const pids = new Map(places.map(({ name }, at) => [name, at + 1]));
  const legs = record.jobs
    .flatMap((job) => job.legs.map((leg) => ({ job, leg })))
    .sort((a, b) => a.leg.placed - b.leg.placed);
  const threads = new Set<string>();
  const makes = new Map<number, Rows>();
  for (const [at, place] of places.entries()) {
    const pid = at + 1;
    yield* named('process', pid, STATE, place.name, pid);
    if (!place.local) yield* named('thread', pid, STATE, 'host', STATE);
    yield* hostSlices(place, pid, STATE, end);
  }
  for (const { job, leg } of legs) {
    const pid = pids.get(leg.place);
    if (pid === undefined) continue;
    const tid = STATE + leg.slot;
    if (!threads.has(`${pid} ${tid}`)) yield* named('thread', pid, tid, `slot ${leg.slot}`, tid);
    threads.add(`${pid} ${tid}`);
    yield* legSlices(job, leg, { pid, tid, end, run: record.end?.outcome });
    if (leg.waits === undefined) continue;
    let rows = makes.get(pid);
    if (!rows) makes.set(pid, (rows = new Rows()));
    const from = micros(leg.waits);
    const to = micros(leg.ended ?? end);
    const { row, fresh } = rows.take(from, to);
    if (fresh) yield* named('thread', pid, MAKES + row, row === 0 ? 'makes' : `makes ${row + 1}`, MAKES + row);
    yield complete(pid, MAKES + row, job.recipe.target, from, to, {
      job: job.id,
      directory: job.directory,
      command: job.command,
    });
  }
}

/** No time of the record is later. */
function endOf(record: RunRecord): number {
  let end = record.seconds;
  for (const { losses } of record.places) for (const { from, to } of losses) end = Math.max(end, to ?? from);
  for (const { queued, legs } of record.jobs) {
    end = Math.max(end, queued);
    for (const leg of legs) end = Math.max(end, leg.ended ?? leg.placed);
  }
  return end;
}
