import type { EventSink } from '../model/event.ts';

/** Makes something for people of a run's events. */
export interface Reporter {
  readonly handle: EventSink;
  /** The run is over, or was cut short: what is held comes out. A second call does nothing. */
  finish(): void;
}

/** What hears of events; not all of them hold something until the end. */
export type Hearer = Pick<Reporter, 'handle'> & Partial<Reporter>;

/** Hands every event to all of them, in this order, and ends them in this order. */
export function allOf(reporters: readonly (Hearer | undefined)[]): Reporter {
  const all = reporters.filter((one) => one !== undefined);
  return {
    handle: (event) => {
      for (const { handle } of all) handle(event);
    },
    finish: () => {
      const faults: unknown[] = [];
      for (const one of all) {
        try {
          one.finish?.();
        } catch (error) {
          faults.push(error);
        }
      }
      if (faults.length > 0) throw faults[0];
    },
  };
}
