import type { Bytes } from '../../util/bytes.ts';

export type Severity = 'error' | 'warning' | 'notice';

/** A place as a tool names it: the file is relative to wherever the tool ran, or absolute there. */
export interface Spot {
  readonly file: Bytes;
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** An object file that was made of it: linkers know sources by the last part of their names alone. */
  readonly object?: Bytes | undefined;
}

/** Something that a compiler, a linker, make or whatever a problem matcher reads says is wrong. */
export interface Diagnostic {
  readonly severity: Severity;
  readonly spot: Spot | undefined;
  /** By which ways the tool came to that place, the nearest first: includes, instantiations, macros. */
  readonly via: Spot[];
  /** One line. */
  readonly message: Bytes;
  /** Further lines on it; what comes behind it in the output is added later. */
  readonly notes: { readonly spot: Spot | undefined; readonly text: Bytes }[];
  /** `weak`: it says no more than that something before it went wrong. */
  readonly origin: 'tool' | 'make' | 'weak' | 'matcher';
  /** Where it was said; undefined: by some make, or below one, and nothing tells by which. */
  readonly directory: Bytes | undefined;
  /** Who says so, if it is neither a compiler, a linker nor make. */
  readonly owner?: string | undefined;
}
