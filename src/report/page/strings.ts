/** Numbers texts, each once, from 0. */
export class Strings {
  readonly #indices = new Map<string, number>();

  index(text: string): number {
    let index = this.#indices.get(text);
    if (index === undefined) this.#indices.set(text, (index = this.#indices.size));
    return index;
  }

  get all(): readonly string[] {
    return [...this.#indices.keys()];
  }
}
