import type { BuildEvent } from '../../model/event.ts';
import type { Bytes } from '../../util/bytes.ts';
import { HostNews } from '../host-news.ts';
import type { Progress } from '../progress/progress.ts';
import { clockTicker, type Ticker } from '../progress/ticker.ts';
import type { Reporter } from '../reporter.ts';
import type { LiveRegion } from './live-region.ts';
import { resultText } from './result-text.ts';
import { TerminalLog } from './terminal-log.ts';
import { WatchState } from './watch-state.ts';
import { renderWatch } from './watch-view.ts';

/** Between two looks, in seconds. */
const PERIOD = 0.25;

/** What the region shows all the time: said above it would only be noise. */
const SHOWN_BELOW: ReadonlySet<BuildEvent['type']> = new Set(['workspace-surveyed', 'staging-progress']);

export interface WatchOptions {
  readonly region: LiveRegion;
  readonly colour: boolean;
  /** Where the first make runs, absolute. */
  readonly directory: Bytes;
  /** Makes what prints failures and warnings, which stay above the region. */
  readonly above: (log: TerminalLog) => Reporter;
  /** What is known of the work that is left. Gets the events from here. */
  readonly progress: Pick<Progress, 'handle' | 'figures'>;
  /** Seconds since the start of the run, never less than before. */
  readonly now: () => number;
  readonly ticker?: Ticker;
}

/** A run as it can be watched on a terminal: what failed or warned, and below it what goes on at this moment. */
export class Watch implements Reporter {
  readonly #options: WatchOptions;
  readonly #state: WatchState;
  readonly #log: TerminalLog;
  readonly #above: Reporter;
  readonly #hosts: HostNews;
  readonly #stop: () => void;
  #done = false;

  constructor(options: WatchOptions) {
    const { region, colour, directory, now, above, ticker = clockTicker } = options;
    this.#options = options;
    this.#state = new WatchState(now, directory);
    this.#log = new TerminalLog((text) => region.print(text), colour);
    this.#above = above(this.#log);
    this.#hosts = new HostNews(now);
    region.onLost(() => this.#draw());
    this.#stop = ticker(PERIOD, () => this.#draw());
  }

  readonly handle = (event: BuildEvent): void => {
    this.#state.handle(event);
    this.#options.progress.handle(event);
    if (event.type === 'host-ready' && !event.returned) this.#hosts.ready(event);
    else if (event.type === 'host-ready' || event.type === 'host-lost') this.#hosts.print(event, this.#log);
    else if (!SHOWN_BELOW.has(event.type)) this.#above.handle(event);
  };

  /** The region gives way to what stays: the failures once more, and the result. */
  finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#stop();
    this.#above.finish();
    const { region, colour } = this.#options;
    region.print(resultText(this.#state, colour));
    region.close();
  }

  #draw(): void {
    const { region, colour, progress } = this.#options;
    region.draw(renderWatch(this.#state, region.size, colour, progress.figures));
  }
}
