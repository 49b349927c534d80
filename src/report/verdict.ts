import { constants } from 'node:os';
import { succeeded, type Outcome } from '../model/outcome.ts';

export type Verdict = 'succeeded' | 'failed' | 'cancelled';

/** By these a person, a terminal or a workflow ends a run; by any other it ends because something is wrong. */
const STOPS: readonly number[] = [
  constants.signals.SIGINT,
  constants.signals.SIGQUIT,
  constants.signals.SIGTERM,
  constants.signals.SIGHUP,
];

/** What became of a whole run, by how make ended. */
export function verdictOf(outcome: Outcome): Verdict {
  if (succeeded(outcome)) return 'succeeded';
  return outcome.kind === 'signaled' && STOPS.includes(outcome.signal) ? 'cancelled' : 'failed';
}
