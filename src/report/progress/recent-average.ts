/** After so many seconds a value counts for a third of what it counted at first. */
const MEMORY = 20;

/** The average over time of a number that changes now and then, of late more than long ago. */
export class RecentAverage {
  #value = 0;
  #since: number | undefined;
  #sum = 0;
  #weight = 0;

  /** It has that value from now on. @param now in seconds, never less than before */
  set(value: number, now: number): void {
    this.#pass(now);
    this.#value = value;
  }

  /** @returns the value itself until time has passed */
  at(now: number): number {
    this.#pass(now);
    return this.#weight > 0 ? this.#sum / this.#weight : this.#value;
  }

  #pass(now: number): void {
    if (this.#since !== undefined) {
      const kept = Math.exp((this.#since - now) / MEMORY);
      this.#sum = this.#sum * kept + this.#value * (1 - kept);
      this.#weight = this.#weight * kept + (1 - kept);
    }
    this.#since = now;
  }
}
