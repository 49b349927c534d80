/** What people should know of their keys and hosts, each text once. It comes while hosts are reached, so it is listened to. */
export class Notices {
  readonly #texts = new Set<string>();
  #listener: ((text: string) => void) | undefined;

  add(text: string): void {
    if (this.#texts.has(text)) return;
    this.#texts.add(text);
    this.#listener?.(text);
  }

  /** From here on `listener` hears of each; of those that have come before, now. */
  listen(listener: (text: string) => void): void {
    this.#listener = listener;
    for (const text of this.#texts) listener(text);
  }
}
