import { NO_MARKS, type MakeMarks } from '../model/marks.ts';
import type { DistSetting } from '../model/settings.ts';
import { Concurrency } from './concurrency.ts';
import { distSet, TargetSet } from './dist-set.ts';

/** What is known of one make that runs, or has run. */
export interface MakeState {
  readonly marks: MakeMarks;
  readonly dist: TargetSet;
  /** Those of its `.LOCAL`. */
  readonly local: TargetSet;
  /** Undefined: GNU make's own rules hold, all run side by side. */
  readonly concurrency: Concurrency | undefined;
  /** A recipe of it failed for good: it starts no other. */
  failed: boolean;
}

/**
 * @param marks those of its makefiles, or none as long as it has not read them
 * @param dmake dmake's rules hold whether or not there are marks of it
 */
export function makeState(dist: DistSetting, dmake: boolean, marks = NO_MARKS, failed = false): MakeState {
  return {
    marks,
    dist: distSet(dist, marks.dist),
    local: new TargetSet(marks.local),
    concurrency: dmake || marks.dmake ? new Concurrency(marks) : undefined,
    failed,
  };
}
