/** Why a job runs where it runs, on a host: the scheduler's choice, or where the lines of its recipe before it ran. */
export const CHOSEN_REASONS = ['least-loaded', 'follows'] as const;

/** On the runner, since it was never to leave. */
export const KEPT_REASONS = [
  /** Its target is neither in `dist` nor in the makefile's `.DIST`. */
  'not-whitelisted',
  /** The input `local`, or the makefile's `.LOCAL`, names it. */
  'named-local',
  /** Its recipe calls make, whose recipes are distributed by themselves. */
  'calls-make',
  /** It runs in a directory that is not staged. */
  'outside',
  /** Make only looks (-n, -q) or touches (-t). */
  'make-mode',
  /** `staging: declared`, and its prerequisites are not known. */
  'unknown-prerequisites',
  /** dmake's rules let nothing else of its make run beside it. */
  'not-beside-others',
  /** There is no host in the matrix. */
  'no-hosts',
] as const;

/** On the runner, though it might have left. */
export const MISSED_REASONS = [
  /** All slots were taken. */
  'hosts-full',
  /** No host was ready by then. */
  'hosts-coming',
  /** All hosts were lost, or benched, by then. */
  'hosts-lost',
  /** Its command has the workspace's absolute path, which leads nowhere on the hosts that are left. */
  'absolute-path',
  /** Its recipe failed on a host, and was run again. */
  'failed-there',
  /** Hosts were lost while it ran there, and it may be why. */
  'hosts-failed',
  /** It was killed elsewhere since it took too long. */
  'timed-out-there',
  /** What it wrote on a host was not taken: refused, or somebody else had written it meanwhile. */
  'not-taken',
] as const;

export type MissedReason = (typeof MISSED_REASONS)[number];
export type KeptReason = (typeof KEPT_REASONS)[number];
export type PlaceReason = (typeof CHOSEN_REASONS)[number] | KeptReason | MissedReason;

/** Whether a job with that reason ran on the runner though it might have left. */
export function isMissed(reason: PlaceReason): reason is MissedReason {
  return MISSED_REASONS.some((one) => one === reason);
}
