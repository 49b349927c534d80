/** Rows for spans that may overlap, so that none do on any row. */
export class Rows {
  /** Where the last span of each ends. */
  readonly #ends: number[] = [];

  /** @returns the lowest row with nothing from then on, numbered from 0, and whether it is a new one */
  take(from: number, to: number): { readonly row: number; readonly fresh: boolean } {
    const free = this.#ends.findIndex((end) => end <= from);
    const row = free === -1 ? this.#ends.length : free;
    this.#ends[row] = to;
    return { row, fresh: free === -1 };
  }
}
