import type { EventSink } from '../../model/event.ts';
import type { Reporter } from '../reporter.ts';
import { progressLine } from './progress-line.ts';
import type { Progress } from './progress.ts';
import type { Ticker } from './ticker.ts';

/** A run that is over sooner shows nothing, in seconds. */
const LONG = 10;
/** Between two lines that say the same, in seconds. */
const IDLE = 60;

export interface ProgressLinesOptions {
  readonly progress: Progress;
  /** Takes one line, without its newline. */
  readonly print: (line: string) => void;
  /** Seconds since the start of the run. */
  readonly now: () => number;
  readonly ticker: Ticker;
  /** Least time between two lines, in seconds. */
  readonly pause: number;
}

/** Progress for a log that nobody can write over: now and then a line, as long as make runs something. */
export class ProgressLines implements Reporter {
  readonly #options: ProgressLinesOptions;
  #stop: (() => void) | undefined;
  #last: { readonly time: number; readonly line: string } | undefined;

  constructor(options: ProgressLinesOptions) {
    this.#options = options;
  }

  readonly handle: EventSink = (event) => {
    const { progress, ticker } = this.#options;
    progress.handle(event);
    if (event.type === 'run-started') this.#stop ??= ticker(1, () => this.#tick());
    else if (event.type === 'run-finished') this.finish();
  };

  finish(): void {
    this.#stop?.();
  }

  #tick(): void {
    const { progress, print, pause } = this.#options;
    const time = this.#options.now();
    if (time < (this.#last ? this.#last.time + pause : LONG)) return;
    const { figures } = progress;
    // The staging has lines of its own.
    if (!figures.begun) return;
    const line = progressLine(figures);
    if (this.#last?.line === line && time < this.#last.time + IDLE) return;
    this.#last = { time, line };
    print(line);
  }
}
