import type { Host } from './host.ts';

/** The forms in which a host matrix may be written. */
export const MATRIX_FORMATS = ['makehosts', 'dmakerc', 'd1make', 'dpb', 'yaml'] as const;
export type MatrixFormat = (typeof MATRIX_FORMATS)[number];

/** A formal group, with the groups in it resolved. */
export interface HostGroup {
  readonly name: string;
  /** In file order, each once. */
  readonly hosts: readonly Host[];
}

/** A host matrix that has been read and found right. */
export interface Matrix {
  readonly format: MatrixFormat;
  /** What messages call it: `input hosts`, or the name of a file. */
  readonly source: string;
  /** All hosts, in file order; the same one is the same object in all groups. */
  readonly hosts: readonly Host[];
  /** The formal groups in file order. */
  readonly groups: readonly HostGroup[];
  /** The unnamed group: hosts outside of all formal ones. */
  readonly ungrouped: readonly Host[];
  /** Arguments that each make called by a recipe gets (d1make's D1MAKE_CLIENT_MAKEARGS, L3); empty: none. */
  readonly makeArguments: string;
  /** For people: what was passed over. */
  readonly warnings: readonly string[];
}
