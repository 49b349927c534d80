/** How far one recipe has come. Times are seconds since the start of the run. */
export class RecipeProgress {
  /** It is one of a sub-make. */
  readonly below: boolean;
  /** How long it held a slot in an earlier run. */
  readonly expected: number | undefined;
  /** Its open jobs, each with the time at which it got its slot, if it has one. */
  readonly #open = new Map<number, number | undefined>();
  #seconds = 0;
  #ran = false;
  #calls = false;

  constructor(below: boolean, expected: number | undefined) {
    this.below = below;
    this.expected = expected;
  }

  /** A job of it has ended and none is open. Only its next line tells that it was not done. */
  get done(): boolean {
    return this.#ran && this.#open.size === 0;
  }

  /** It is one that waits for a make below it: how long that takes is no work of its own. */
  get calls(): boolean {
    return this.#calls;
  }

  queued(job: number): void {
    this.#open.set(job, undefined);
  }

  placed(job: number, now: number): void {
    this.#open.set(job, now);
  }

  /** @returns whether the job had a slot until now */
  left(job: number, now: number): boolean {
    const since = this.#open.get(job);
    if (since === undefined) return false;
    this.#seconds += now - since;
    this.#open.set(job, undefined);
    return true;
  }

  /** @param ran false: it was cancelled */
  ended(job: number, ran: boolean): void {
    this.#open.delete(job);
    this.#ran ||= ran;
  }

  waits(): void {
    this.#calls = true;
  }

  /** How long its jobs have held slots, added up. */
  seconds(now: number): number {
    let sum = this.#seconds;
    for (const since of this.#open.values()) if (since !== undefined) sum += now - since;
    return sum;
  }
}
