import { describeOutcome, type Outcome } from '../model/outcome.ts';

/** So often a job that may run again has been lost when it is given up (engine/second-chance.ts). */
const GIVEN_UP = 5;

type TimedOut = Extract<Outcome, { kind: 'timed-out' }>;

/** `killed after 600 s`, `killed after 60 s without output`. */
export function killedText({ limit, seconds }: TimedOut): string {
  return `killed after ${Number(seconds.toFixed(1))} s${limit === 'silence' ? ' without output' : ''}`;
}

/**
 * Why a target failed, for people: `status 2 on build1`. Where its host was lost and it does not run again: why not.
 *
 * @param losses how many hosts were lost while that job ran on them
 * @param place where it ran; undefined: that is told elsewhere
 */
export function failureText(outcome: Outcome, losses: number, place?: string): string {
  if (outcome.kind !== 'host-lost') {
    const isMute = outcome.kind === 'timed-out' && outcome.limit === 'silence';
    return `${isMute ? killedText(outcome) : describeOutcome(outcome)}${place === undefined ? '' : ` on ${place}`}`;
  }
  const reason = `(${outcome.reason})`;
  if (!mustNotRunAgain(outcome, losses))
    return `hosts were lost ${losses} times while it ran there ${reason}: it is given up`;
  const host = place === undefined ? '' : ` ${place}`;
  return `its host${host} was lost while it ran ${reason}, and it must not run again (no-retry, or staging none); whether it had its effect must be looked at`;
}

/** Whether what its host was lost with may have had its effect, and must not run again (no-retry, or staging none). @param losses as for {@link failureText} */
export function mustNotRunAgain({ kind }: Outcome, losses: number): boolean {
  return kind === 'host-lost' && losses < GIVEN_UP;
}

/** What can be done about it where that is not the recipe's own business; undefined: nothing. */
export function adviceOn(outcome: Outcome): string | undefined {
  if (outcome.kind !== 'timed-out') return undefined;
  return outcome.limit === 'time'
    ? 'If it needs longer, raise job-timeout'
    : 'If it may be silent for longer, raise stuck in the host matrix';
}
