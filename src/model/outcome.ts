import { constants } from 'node:os';

/** How a job ended. */
export type Outcome =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'signaled'; readonly signal: number }
  /** The host, its link or its sandbox failed: says nothing about the recipe. */
  | { readonly kind: 'host-lost'; readonly reason: string }
  /** Killed since it took longer than `job-timeout`, or printed nothing for as long as its host's `stuck` (E20); seconds. */
  | { readonly kind: 'timed-out'; readonly limit: 'time' | 'silence'; readonly seconds: number }
  | { readonly kind: 'cancelled' };

export function succeeded(outcome: Outcome): boolean {
  return outcome.kind === 'exited' && outcome.status === 0;
}

/** The outcome in the words of a log: `status 2`, `SIGKILL`. */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'exited':
      return `status ${outcome.status}`;
    case 'signaled':
      return signalName(outcome.signal);
    case 'host-lost':
      return `host lost (${outcome.reason})`;
    case 'timed-out':
      return outcome.limit === 'time'
        ? `killed after ${outcome.seconds} s (job-timeout)`
        : `stuck: killed after ${outcome.seconds} s without output`;
    case 'cancelled':
      return 'cancelled';
  }
}

function signalName(signal: number): string {
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  return name ?? `signal ${signal}`;
}
