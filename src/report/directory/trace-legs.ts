import { isMissed } from '../../model/place-reason.ts';
import { describeOutcome, succeeded, type Outcome } from '../../model/outcome.ts';
import { REASON_WORDS } from '../reason-text.ts';
import { isOwnFailure } from '../verdict.ts';
import type { JobRecord, Leg } from '../record/run-record.ts';
import { ranAgain, sequelOf } from '../record/sequel.ts';
import { complete, micros, type TraceEvent } from './trace-event.ts';

/** Where a leg is drawn. */
export interface LegFrame {
  readonly pid: number;
  readonly tid: number;
  /** In seconds, of what has not ended. */
  readonly end: number;
  /** How the run ended; undefined: it was cut short. */
  readonly run: Outcome | undefined;
}

/**
 * One leg on its slot: a slice with the name of the target, and in it one for each phase: staging, running, collecting. It
 * ends where the job has called make, and given its slot back.
 */
export function legSlices(job: JobRecord, leg: Leg, { pid, tid, end, run }: LegFrame): readonly TraceEvent[] {
  const last = micros(leg.waits ?? leg.ended ?? end);
  const placed = micros(leg.placed);
  const started = Math.min(last, leg.started === undefined ? last : micros(leg.started));
  const collecting = Math.min(last, leg.collecting === undefined ? last : micros(leg.collecting));
  const { id, recipe, command, directory, queued } = job;
  const slices = [
    complete(pid, tid, recipe.target, placed, last, argumentsOf(), categoryOf(job, leg, run)),
    complete(pid, tid, 'staging', placed, started, {}, 'phase'),
    complete(pid, tid, 'running', started, collecting, {}, 'phase'),
    complete(pid, tid, 'collecting', collecting, last, {}, 'phase'),
  ];
  // A phase that took no time says nothing, nor does one that is all there is.
  return slices.filter(({ dur }, at) => at === 0 || (dur !== undefined && dur > 0 && dur < last - placed));

  function argumentsOf(): TraceEvent['args'] {
    const { reason, slots, sent, received, files } = leg;
    return {
      job: id,
      reason: REASON_WORDS[reason],
      outcome: outcomeText(job, leg),
      waited_ms: Math.round((leg.placed - queued) * 1e3),
      command,
      directory,
      ...(slots > 1 && { slots }),
      ...(sent + received > 0 && { sent, received, files }),
    };
  }
}

function outcomeText(job: JobRecord, leg: Leg): string {
  const { outcome, again } = leg;
  if (outcome === undefined) return 'not ended';
  if (outcome === 'turned-away') return "turned away: the host's owner had no place for it";
  return `${describeOutcome(outcome)}${again && ranAgain(job, leg) ? ', run again' : ''}`;
}

/** What one may filter by. */
function categoryOf(job: JobRecord, leg: Leg, run: Outcome | undefined): string {
  const { outcome, again, reason } = leg;
  if (outcome === 'turned-away') return 'turned-away';
  if (again) {
    const sequel = sequelOf(job, leg, run);
    return sequel === 'again' ? 'run-again' : sequel;
  }
  if (outcome !== undefined && !succeeded(outcome)) return isOwnFailure(outcome, run) ? 'failed' : 'cancelled';
  if (job.recipe.class === 'recursive') return 'calls-make';
  return isMissed(reason) ? 'might-have-left' : 'job';
}
