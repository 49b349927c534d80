import { setTimeout as pause } from 'node:timers/promises';

import { dryView, type DryViewOptions } from '../make/dry-view.ts';
import type { EventSink } from '../model/event.ts';

/** What is over sooner needs no total; in ms. */
const DELAY_MS = 2000;
/** A makefile that takes longer is not looked at twice; in ms. */
const LIMIT_MS = 20_000;

/** Finds out beside the first make what that is going to do, and tells it as `work-known`. Never in anybody's way. */
export class WorkView {
  readonly #sink: EventSink;
  readonly #delay: number;
  #end: AbortController | undefined;

  /** @param delay in ms */
  constructor(sink: EventSink, delay = DELAY_MS) {
    this.#sink = sink;
    this.#delay = delay;
  }

  /** The first make has parsed; once more, when it has remade a makefile: then what was found before is void. */
  begin(options: Omit<DryViewOptions, 'signal'>): void {
    this.stop();
    const end = new AbortController();
    this.#end = end;
    void this.#look(options, end.signal);
  }

  /** The run is over, or what runs is to be let alone. */
  stop(): void {
    this.#end?.abort();
  }

  async #look(options: Omit<DryViewOptions, 'signal'>, end: AbortSignal): Promise<void> {
    try {
      await pause(this.#delay, undefined, { signal: end, ref: false });
      const signal = AbortSignal.any([end, AbortSignal.timeout(LIMIT_MS)]);
      const targets = await dryView({ ...options, signal });
      if (targets !== undefined && !end.aborted) this.#sink({ type: 'work-known', targets });
    } catch {
      // A build is none the worse without a total.
    }
  }
}
