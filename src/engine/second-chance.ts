import type { Place } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import { describeOutcome, succeeded } from '../model/outcome.ts';
import type { MissedReason } from '../model/place-reason.ts';
import type { Fallback } from '../model/settings.ts';
import type { RemoteResult } from './ports.ts';

/** So many hosts may be lost while a job runs there: it may be why. Where the runner is no choice it is given more. */
const MOST_LOSSES: Readonly<Record<Fallback, number>> = { local: 2, never: 5 };

/** How often one job may find that others have written what it wrote; only where the runner may not take it. */
const MOST_CONFLICTS = 20;

/** `again`: on a host or wherever there is a place. `on the runner`: for that reason. Undefined: its end counts. */
export type Chance = 'again' | { readonly onRunner: MissedReason } | undefined;

/** Decides for one job whether what became of it counts, or whether it runs once more. */
export class SecondChance {
  readonly #fallback: Fallback;
  /** It must not run again once it may have begun (`no-retry`). */
  readonly #once: boolean;
  /** It writes in the very workspace, and may go on doing so where its host is not heard of any more. */
  readonly #shared: boolean;
  #losses = 0;
  #conflicts = 0;
  #timedOut: Place | 'nowhere' = 'nowhere';

  constructor(fallback: Fallback, once: boolean, shared: boolean) {
    this.#fallback = fallback;
    this.#once = once;
    this.#shared = shared;
  }

  /** Where it was killed by a time limit: it is to run elsewhere. */
  get avoided(): Place | 'nowhere' {
    return this.#timedOut;
  }

  /** After a run on a host that is not turned away. */
  after({ outcome, homecoming, begun }: Pick<RemoteResult, 'outcome' | 'homecoming' | 'begun'>, host: Host): Chance {
    if (outcome.kind === 'cancelled') return undefined;
    if (this.#once && begun) return undefined;
    const isLocal = this.#fallback === 'local';
    if (outcome.kind === 'host-lost') {
      if (this.#shared && begun) return undefined;
      if (++this.#losses < MOST_LOSSES[this.#fallback]) return 'again';
      return isLocal ? { onRunner: 'hosts-failed' } : undefined;
    }
    if (outcome.kind === 'timed-out') return this.afterTimeout(host);
    if (homecoming.kind === 'conflict' && ++this.#conflicts < MOST_CONFLICTS)
      return isLocal ? { onRunner: succeeded(outcome) ? 'not-taken' : 'failed-there' } : 'again';
    if (!isLocal || (succeeded(outcome) && homecoming.kind === 'home')) return undefined;
    return { onRunner: succeeded(outcome) ? 'not-taken' : 'failed-there' };
  }

  /** It was killed there since it took too long: it gets one more time elsewhere. */
  afterTimeout(place: Place): Chance {
    if (this.#once || this.#timedOut !== 'nowhere') return undefined;
    this.#timedOut = place;
    return 'again';
  }

  /**
   * What is told on the recipe's stderr where the end of a job that is no end of its own counts.
   *
   * @param target for people
   * @returns undefined: its own output says all
   */
  lastWords(
    target: string,
    { outcome, homecoming }: Pick<RemoteResult, 'outcome' | 'homecoming'>,
    place: Place,
  ): string | undefined {
    const where = place?.name ?? 'the runner';
    if (outcome.kind === 'host-lost') {
      if (this.#shared && !this.#once)
        return `${where} was lost while it ran ${target} (${outcome.reason}): with staging none it may still be writing there, so it is not run again beside itself`;
      return this.#once
        ? `${where} was lost while it ran ${target} (${outcome.reason}): no-retry forbids to run that again, look whether it has had its effect`
        : `hosts were lost ${this.#losses} times while they ran ${target}, the last was ${where} (${outcome.reason}): it is given up`;
    }
    if (outcome.kind === 'timed-out') {
      const before = this.#timedOut;
      const earlier = before === 'nowhere' || before === place ? '' : `, as on ${before?.name ?? 'the runner'} before`;
      const raise = outcome.limit === 'time' ? 'job-timeout' : 'stuck in the host matrix';
      const once = this.#once ? ', and no-retry forbids to run it again' : '';
      return `${target} on ${where}: ${describeOutcome(outcome)}${earlier}${once}; raise ${raise} if it needs longer`;
    }
    if (!this.#once || this.#fallback === 'never' || outcome.kind === 'cancelled') return undefined;
    if (!succeeded(outcome))
      return `${target} failed on ${where} (${describeOutcome(outcome)}): no-retry forbids to run it again on the runner`;
    if (homecoming.kind === 'home') return undefined;
    return `${target} has run on ${where}, what it wrote was not taken, and no-retry forbids to run it again`;
  }
}
