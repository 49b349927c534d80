import { setImmediate } from 'node:timers/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { deferred, type Deferred } from '../../util/deferred.ts';
import type { Order, Report } from './walker-service.ts';
import type { LookEnd, Part } from './walker.ts';

/** A thread that looks at workspaces; it does not keep the process alive while it has nothing to do. */
export class WalkerThread {
  static #shared: WalkerThread | undefined;
  static #walkers = 0;
  readonly #worker = new Worker(program(), { execArgv: [] });
  readonly #looks = new Map<number, Deferred<Report>[]>();
  readonly #reports = new Map<number, Report[]>();
  #lost: Error | undefined;

  private constructor() {
    this.#worker.unref();
    this.#worker.on('message', (report: Report) => {
      const waiting = this.#looks.get(report.walker)?.shift();
      if (waiting) waiting.resolve(report);
      else this.#reports.get(report.walker)?.push(report);
    });
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the thread has ended')));
  }

  /** The one of this process; a new one when that was lost. */
  static shared(): WalkerThread {
    const shared = WalkerThread.#shared;
    if (shared && !shared.#lost) return shared;
    return (WalkerThread.#shared = new WalkerThread());
  }

  /** A number for a walker of its own. */
  static number(): number {
    return ++WalkerThread.#walkers;
  }

  /**
   * One look, as that of a Walker. No two at one time with the same number.
   *
   * @throws what the thread was lost by
   */
  async *look(order: Order): AsyncGenerator<Part, LookEnd> {
    const { walker } = order;
    this.#reports.set(walker, []);
    this.#looks.set(walker, []);
    this.#worker.ref();
    try {
      this.#worker.postMessage(order);
      for (;;) {
        const report = await this.#next(walker);
        if ('end' in report) return report.end;
        yield report.part;
        // Reports come in one go: others get their turn between two of them.
        await setImmediate();
      }
    } finally {
      this.#reports.delete(walker);
      this.#looks.delete(walker);
      if (this.#looks.size === 0) this.#worker.unref();
    }
  }

  async #next(walker: number): Promise<Report> {
    const report = this.#reports.get(walker)?.shift();
    if (report) return report;
    if (this.#lost) throw this.#lost;
    const waiting = deferred<Report>();
    this.#looks.get(walker)?.push(waiting);
    return waiting.promise;
  }

  #fail(error: Error): void {
    this.#lost ??= error;
    for (const waiting of [...this.#looks.values()].flat()) waiting.reject(this.#lost);
  }
}

/** The program of the thread: src/walker.ts, or its bundle beside ours. */
function program(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return import.meta.url.endsWith('.ts') ? join(here, '../../walker.ts') : join(here, '../walker/index.js');
}
