import type { Bytes } from '../util/bytes.ts';

/** A file that takes a text piece by piece. Nothing here throws. */
export interface TextFile {
  write(text: Bytes): void;
  /** @returns its path as people should open it; undefined when it has not all of what was written */
  close(): string | undefined;
  /** The text is not wanted after all: the file goes. */
  discard(): void;
}
