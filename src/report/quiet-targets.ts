import type { StepLog } from './workflow-commands.ts';

/** Targets in one fold: as long as they come quickly one after the other nothing else makes them come out. */
const MOST = 200;

/**
 * Targets that printed nothing, not even their commands, gathered for as long as nothing else is printed: one fold for all
 * of them, with a line for each. One alone has a fold of its own, like any other target.
 */
export class QuietTargets {
  readonly #log: StepLog;
  #titles: string[] = [];

  constructor(log: StepLog) {
    this.#log = log;
  }

  /** @param title `target  host  0.2 s` */
  add(title: string): void {
    this.#titles.push(title);
    if (this.#titles.length >= MOST) this.print();
  }

  /** Prints those that are held; before anything else is printed, and at the end. */
  print(): void {
    const titles = this.#titles;
    const [first] = titles;
    if (first === undefined) return;
    this.#titles = [];
    if (titles.length === 1) this.#log.group(first, '');
    else this.#log.group(`${titles.length} targets without output`, titles.join('\n'));
  }
}
