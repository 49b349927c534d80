import type { EventSink } from '../../model/event.ts';
import type { Reporter } from '../reporter.ts';
import type { LiveLine } from './live-line.ts';
import { progressLine } from './progress-line.ts';
import type { Progress } from './progress.ts';
import type { Ticker } from './ticker.ts';

/** How often the line is drawn, in seconds. */
const REDRAWN = 0.25;

/** Progress on a terminal: a line at the bottom, as long as the run lasts. Whoever prints hides it first. */
export class LiveProgress implements Reporter {
  readonly #progress: Progress;
  readonly #line: LiveLine;
  readonly #ticker: Ticker;
  #stop: (() => void) | undefined;

  constructor(progress: Progress, line: LiveLine, ticker: Ticker) {
    this.#progress = progress;
    this.#line = line;
    this.#ticker = ticker;
  }

  readonly handle: EventSink = (event) => {
    this.#progress.handle(event);
    if (event.type === 'run-started')
      this.#stop ??= this.#ticker(REDRAWN, () => this.#line.show(progressLine(this.#progress.figures)));
    else if (event.type === 'run-finished') this.finish();
  };

  finish(): void {
    this.#stop?.();
    this.#line.close();
  }
}
