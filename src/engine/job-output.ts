import type { Text } from './ports.ts';

/** What one job prints on a host, until all of it is handed to its shim or it is dropped. */
export interface JobOutput {
  /** Takes a piece; the buffer may be used again. Never throws: see {@link trouble}. */
  add(descriptor: 1 | 2, data: Buffer): void;
  /** Why some of it is lost, for people; undefined: it is all there. */
  readonly trouble: string | undefined;
  /** Of a long one the beginning and the end, in order, with a newline for what is between: for whoever looks for messages in it. */
  excerpt(): readonly Text[];
  /** All of it, in the order in which it came. Once. */
  texts(): Iterable<Text> | AsyncIterable<Text>;
  /** Nothing of it is wanted any more. A second time does nothing. */
  drop(): void;
}

/** Keeps what jobs print on hosts; how much one prints is not known before its end. */
export interface OutputStore {
  open(): JobOutput;
}

/** Where it is all kept in memory: for what is known to be short. */
export const IN_MEMORY: OutputStore = { open: () => new MemoryOutput() };

/** All of it in memory. */
export class MemoryOutput implements JobOutput {
  readonly trouble = undefined;
  #texts: Text[] = [];

  add(descriptor: 1 | 2, data: Buffer): void {
    this.#texts.push({ descriptor, data });
  }

  excerpt(): readonly Text[] {
    return this.#texts;
  }

  texts(): readonly Text[] {
    return this.#texts;
  }

  drop(): void {
    this.#texts = [];
  }
}
