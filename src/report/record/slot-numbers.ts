/** What pictures of a run call the runner where the matrix does not list it. */
export const RUNNER = 'runner';

/** Numbers the slots of one place, so that each job has a row of its own as long as it runs: the lowest that are free. */
export class SlotNumbers {
  readonly #taken = new Set<number>();

  /**
   * @param count how many the job has, 1 or more
   * @returns the first of so many neighbours
   */
  take(count = 1): number {
    let first = 1;
    for (let next = 1; next < first + count; next++) if (this.#taken.has(next)) first = next + 1;
    for (let at = first; at < first + count; at++) this.#taken.add(at);
    return first;
  }

  give(first: number, count = 1): void {
    for (let at = first; at < first + count; at++) this.#taken.delete(at);
  }
}
