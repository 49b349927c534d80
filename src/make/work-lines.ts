import type { Bytes } from '../util/bytes.ts';

/** How make 4.0 and later announce a recipe (`--trace`); from 4.4 on always in the first form. */
const ANNOUNCED = /^(?:<builtin>|[^\s'"].*?:\d+): (?:update target '(.+?)' due to: |target '(.+)' does not exist$)/;

/** Longest line that is looked at: behind `due to:` stands every newer prerequisite. */
const LONGEST = 64 << 10;

/** Reads the targets whose recipes make would run from what `make -n --trace` prints, as it comes. */
export class WorkLines {
  readonly #found = new Set<Bytes>();
  #line = '';
  /** A target that is announced; it counts when a command of it follows. */
  #open: Bytes | undefined;

  /** In the order in which make would run them, each once. */
  get targets(): readonly Bytes[] {
    return [...this.#found];
  }

  /** @param text a piece of the output, wherever it was torn */
  push(text: Bytes): void {
    const lines = text.split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      this.#take(this.#line + line);
      this.#line = '';
    }
    if (this.#line.length < LONGEST) this.#line += last;
  }

  #take(line: Bytes): void {
    const [, updated, missing] = line.includes("target '") ? (ANNOUNCED.exec(line) ?? []) : [];
    const target = updated ?? missing;
    if (target !== undefined) this.#open = target;
    else if (this.#open !== undefined && line !== '') {
      this.#found.add(this.#open);
      this.#open = undefined;
    }
  }
}
