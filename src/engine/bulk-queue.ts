/** Items for which there is a place, while as many as may have begun: the heaviest goes on first (P7). */
export class BulkQueue {
  readonly #room: () => number;
  #waiting: { readonly weight: number; readonly go: () => void }[] = [];

  /** @param room how many more may begin */
  constructor(room: () => number) {
    this.#room = room;
  }

  /** Resolves when it is worth to ask for a place again. */
  wait(weight: number, signal: AbortSignal): Promise<undefined> {
    return new Promise((resolve) => {
      const one = {
        weight,
        go: () => {
          signal.removeEventListener('abort', gone);
          resolve(undefined);
        },
      };
      const gone = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== one);
        one.go();
      };
      signal.addEventListener('abort', gone);
      const at = this.#waiting.findIndex((other) => other.weight < weight);
      this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, one);
    });
  }

  /** Lets as many go on as there is room for. */
  wake(): void {
    for (const { go } of this.#waiting.splice(0, Math.max(0, this.#room()))) go();
  }
}
