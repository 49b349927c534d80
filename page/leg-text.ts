import { STATE_WORDS, endOf, type Leg, type Run } from './run.ts';
import { duration } from './words.ts';

/** One leg in a sentence, as a screen reader says it. */
export function describeLeg(leg: Leg, run: Run): string {
  const slot = leg.slot > 0 ? `, slot ${leg.slot}` : '';
  const outcome = leg.end === 'succeeded' || leg.outcome === '' ? '' : `, ${leg.outcome}`;
  const path = leg.job.onPath ? ' On the critical path.' : '';
  const times = `${duration(endOf(leg, run) - leg.placed)} from ${duration(leg.placed)}`;
  return `${leg.job.recipe.target}: ${leg.place.name}${slot}, ${times}; ${STATE_WORDS[leg.state]}${outcome} (${leg.reason}).${path}`;
}

/** How long a leg took for each of its phases, those that it had. */
export function phasesOf(leg: Leg, run: Run): readonly (readonly [words: string, seconds: number])[] {
  const end = endOf(leg, run);
  const started = leg.started ?? leg.collecting ?? end;
  const collecting = leg.collecting ?? end;
  const waits = Math.min(leg.waits ?? collecting, collecting);
  const phases = [
    ['staging', started - leg.placed],
    ['running', waits - started],
    ['waiting for its make', collecting - waits],
    ['collecting', end - collecting],
  ] as const;
  return phases.filter(([, seconds]) => seconds >= 0.0005);
}
