import type { Place } from '../model/event.ts';
import type { Job } from '../model/job.ts';
import type { Outcome } from '../model/outcome.ts';

/** A job whose shim has called, before it asks for a place. */
export interface Arrival {
  readonly job: Job;
  /** Which shell call of its recipe it is, from 0. */
  readonly line: number;
  /** Process id of its shim, which runs it here, or waits for it. */
  readonly shim?: number;
  /** The single-letter options of its make. */
  readonly flags: ReadonlySet<string>;
}

/** What may hold a job back before it asks for a place, or spare it its run. */
export interface Gate {
  /** Resolves when the job may go on; with an outcome when it is to end so without having run. */
  enter(arrival: Arrival, signal: AbortSignal): Promise<Outcome | undefined>;
  /**
   * There is a place for a job that was let through, and it would run now; asked again for each place that it gets.
   *
   * @returns undefined: it may run. Else it gives the place back, waits for this, and ends with the outcome without having
   *   run; or asks for a place once more
   */
  start?(arrival: Arrival, place: Place, signal: AbortSignal): Promise<Outcome | undefined> | undefined;
  /** A job that was let through, or spared by a later gate, has ended; `cancelled` when it never ran. */
  left(arrival: Arrival, outcome: Outcome): void;
}

/** One gate behind the other. */
export class Gates {
  readonly #gates: readonly Gate[];

  constructor(gates: readonly Gate[]) {
    this.#gates = gates;
  }

  /** See {@link Gate.start}. */
  start(arrival: Arrival, place: Place, signal: AbortSignal): Promise<Outcome | undefined> | undefined {
    for (const gate of this.#gates) {
      const obstacle = gate.start?.(arrival, place, signal);
      if (obstacle) return obstacle;
    }
    return undefined;
  }

  /**
   * Takes a job through all gates and runs it.
   *
   * @param run its run; not called when a gate spares it that
   * @param spare is told how a job that does not run is to end
   */
  async pass(
    arrival: Arrival,
    signal: AbortSignal,
    run: () => Promise<Outcome>,
    spare: (outcome: Outcome) => void,
  ): Promise<Outcome> {
    const passed: Gate[] = [];
    let outcome: Outcome = { kind: 'cancelled' };
    try {
      for (const gate of this.#gates) {
        const spared = await gate.enter(arrival, signal);
        if (spared) {
          outcome = spared;
          spare(spared);
          return spared;
        }
        passed.push(gate);
      }
      outcome = await run();
      return outcome;
    } finally {
      for (const gate of passed.reverse()) gate.left(arrival, outcome);
    }
  }
}
