import type { EventSink } from '../model/event.ts';

/** Makes something for people of a run's events. */
export interface Reporter {
  readonly handle: EventSink;
  /** The run is over, or was cut short: what is held comes out. A second call does nothing. */
  finish(): void;
}
