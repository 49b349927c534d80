/** How a host's load counts when a place is chosen. */
export const LOAD_POLICIES = ['jobs', 'reported', 'm1', 'm2'] as const;

/**
 * `jobs`: our own running jobs against the slots. `reported`: d1make's sum of jobs and load averages (L6, L7). `m1`:
 * slots less the load per processor (dmake, D13). `m2`: one pool of jobs for all makes, no load (D14).
 */
export type LoadPolicy = (typeof LOAD_POLICIES)[number];

/** The load averages of the last 1, 5 and 15 minutes, as a host reports them. */
export type LoadAverages = readonly [number, number, number];
