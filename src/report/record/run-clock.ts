import type { BuildEvent } from '../../model/event.ts';

/** The time that all pictures of a run share. It must hear each event before they do. */
export class RunClock {
  #begin: number | undefined;

  readonly handle = (event: BuildEvent): void => {
    if (event.type === 'run-started') this.#begin ??= performance.now();
  };

  /** Seconds since the start of the run, 0 before. */
  readonly now = (): number => (this.#begin === undefined ? 0 : (performance.now() - this.#begin) / 1000);
}
