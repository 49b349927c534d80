const TICK_MS = 250;

const running = new Set<Countdown>();
let timer: NodeJS.Timeout | undefined;

/**
 * Calls back when so many seconds have passed, as this process lives through them: while it is stopped (Ctrl-Z), or its machine
 * sleeps, nothing is counted. All of them share one timer, which keeps no process alive.
 */
export class Countdown {
  readonly #ticks: number;
  readonly #run: () => void;
  #left = 0;

  constructor(seconds: number, run: () => void) {
    // The first tick may come at once.
    this.#ticks = Math.ceil((seconds * 1000) / TICK_MS) + 1;
    this.#run = run;
  }

  /** From the beginning, whether it is under way or not. */
  start(): void {
    this.#left = this.#ticks;
    running.add(this);
    timer ??= setInterval(tickAll, TICK_MS).unref();
  }

  stop(): void {
    running.delete(this);
    if (running.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  /** Called by the timer. */
  tick(): void {
    if (--this.#left > 0) return;
    this.stop();
    this.#run();
  }
}

function tickAll(): void {
  for (const countdown of [...running]) if (running.has(countdown)) countdown.tick();
}
