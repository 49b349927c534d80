import type { EventSink } from '../../model/event.ts';
import { sweepRunner } from './sweep-runner.ts';
import { removedText, type Sweep } from './swept.ts';

export interface SweeperOptions {
  /** Settings.staleAfter, seconds. */
  readonly staleAfter: number;
  readonly sink: EventSink;
}

/**
 * Beside a build: removes what runs that are gone have left, here and on each host once, when it is ready. Nothing waits for it.
 * What it removed is told; of what it could not remove `--clean` tells.
 */
export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #begun = new Set<string>();
  #over = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** @param work the sweep of that host; it never rejects */
  host(name: string, work: () => Promise<Sweep>): void {
    if (this.#over || this.#begun.has(name)) return;
    this.#begun.add(name);
    void work().then((sweep) => this.#tell(`${name}: `, sweep));
  }

  /** What was left on this machine. */
  runner(): void {
    void sweepRunner(this.#options.staleAfter).then((found) => this.#tell('', { found }));
  }

  /** The run is over: nothing is told any more. */
  stop(): void {
    this.#over = true;
  }

  #tell(where: string, sweep: Pick<Sweep, 'found'>): void {
    const text = removedText(sweep);
    if (text === undefined || this.#over) return;
    this.#options.sink({ type: 'message', level: 'notice', text: where + text });
  }
}
