import type { Diagnostic, Severity } from './diagnostic.ts';

/** Problems of one text that are kept, of each severity. */
const KEPT = 100;

/** One that was told so often. */
export interface Told {
  readonly problem: Diagnostic;
  times: number;
}

/** Problems of one text, within bounds: equal ones are kept once, and of those that are too many only the number. */
export class Problems {
  readonly #kept = new Map<string, Told>();
  readonly #count: Record<Severity, number> = { error: 0, warning: 0, notice: 0 };
  readonly #leftOut = new Map<string, Told>();

  /** Notes may be added to the problem later. */
  add(problem: Diagnostic): void {
    const { severity, origin, spot, via, message, directory } = problem;
    const key = JSON.stringify([severity, origin, spot, via, message, directory]);
    const same = this.#kept.get(key);
    if (same) same.times += 1;
    else if (this.#count[severity] < KEPT) {
      this.#count[severity] += 1;
      this.#kept.set(key, { problem, times: 1 });
    } else {
      const rest = this.#leftOut.get(`${severity} ${origin}`);
      if (rest) rest.times += 1;
      else this.#leftOut.set(`${severity} ${origin}`, { problem, times: 1 });
    }
  }

  /** In the order in which they were told first. */
  get kept(): readonly Told[] {
    return [...this.#kept.values()];
  }

  /** The others: one of each severity and origin stands for all of them. */
  get leftOut(): readonly Told[] {
    return [...this.#leftOut.values()];
  }
}
