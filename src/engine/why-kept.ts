import type { Job } from '../model/job.ts';
import type { KeptReason } from '../model/place-reason.ts';
import type { DistSetting } from '../model/settings.ts';
import type { Bytes } from '../util/bytes.ts';
import type { TargetSet } from './dist-set.ts';
import { callsMake } from './make-flags.ts';
import type { MakeState } from './make-state.ts';
import type { Stage } from './ports.ts';

/** What decides besides a job's make whether it may leave: see DispatcherOptions. */
export interface LeaveRules {
  readonly stage: Pick<Stage, 'relative'>;
  readonly dist: DistSetting;
  readonly local: TargetSet;
  readonly partial: boolean;
  readonly leavesWithMake?: (environment: readonly Bytes[]) => boolean;
}

/**
 * Why the recipe of a job may not run on a host; undefined: it may.
 *
 * @param make undefined: nothing is known of it
 * @param flags the single-letter options of that make
 */
export function whyKept(
  job: Job,
  make: MakeState | undefined,
  flags: ReadonlySet<string>,
  { stage, dist, local, partial, leavesWithMake }: LeaveRules,
): KeptReason | undefined {
  const { target } = job.recipe;
  const match = make?.dist.match(target);
  if ((local.match(target) ?? make?.local.match(target)) !== undefined) return 'named-local';
  // Where all may leave that may run beside others (dmake's mode), those that may not stay.
  const isAll = dist.mode === 'all' && make?.marks.dist === undefined;
  if (isAll && make?.concurrency?.allows(target, job.command) === false) return 'not-beside-others';
  if (['n', 'q', 't'].some((flag) => flags.has(flag))) return 'make-mode';
  if (stage.relative(job.directory) === undefined) return 'outside';
  const makes = callsMake(job.command);
  if (!makes && match === undefined) return 'not-whitelisted';
  if (makes && match !== 'name' && leavesWithMake?.(job.environment) !== true) return 'calls-make';
  return partial && job.prerequisites === undefined ? 'unknown-prerequisites' : undefined;
}
