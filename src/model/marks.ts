import type { Bytes } from '../util/bytes.ts';

/** What the makefiles of one make say about how its targets are to be built, beyond what make itself knows. */
export interface MakeMarks {
  /** They write files while make expands them: $(file), make manual. */
  readonly writes: boolean;
  /** The prerequisites of `.DIST`, expanded (B2); undefined when there is none. It may be empty. */
  readonly dist: readonly Bytes[] | undefined;
  /** Those of `.LOCAL`: they stay on the runner. */
  readonly local: readonly Bytes[];
  /** Targets that may run beside others, and those that may not: where a target is in several lists, the last counts (D16). */
  readonly parallel: readonly Bytes[];
  readonly noParallel: readonly Bytes[];
  /** `.PARALLEL` and `.NO_PARALLEL` (or `.LOCAL`) without targets: for all that are not marked. */
  readonly bare: 'parallel' | 'no-parallel' | undefined;
  /** Some of them are those of Sun's dmake: its rules hold for this make. */
  readonly dmake: boolean;
  /** Targets that one recipe makes together (`a + b:`, D18). A `+` that make took for a target is in none. */
  readonly groups: readonly (readonly Bytes[])[];
  /** Targets and patterns whose recipes call make (D17). */
  readonly nested: readonly Bytes[];
  /** Targets that match such a pattern and have a recipe of their own, which does not. */
  readonly notNested: readonly Bytes[];
  /** Targets whose prerequisites hold the word `.WAIT`, where make takes it for a file. */
  readonly waits: readonly Bytes[];
}

/** A plain makefile. */
export const NO_MARKS: MakeMarks = {
  writes: false,
  dist: undefined,
  local: [],
  parallel: [],
  noParallel: [],
  bare: undefined,
  dmake: false,
  groups: [],
  nested: [],
  notNested: [],
  waits: [],
};

/** What stands between the members of a group; make takes it for a target. */
export const PLUS: Bytes = '+';

/** In a list: what stands behind it waits for what stands before it (D15). */
export const WAIT: Bytes = '.WAIT';
