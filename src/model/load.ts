/** How a host's load counts when a place is chosen. */
export const LOAD_POLICIES = ['auto', 'jobs', 'reported', 'm1', 'm2'] as const;

/**
 * `jobs`: our own running jobs against the slots (B5). `auto`: the same, but a host that others keep busy comes after those
 * that they do not. `reported`: d1make's sum of jobs and load averages (L6, L7). `m1`: slots less the load per processor
 * (dmake, D13). `m2`: one pool of jobs for all makes, no load (D14).
 */
export type LoadPolicy = (typeof LOAD_POLICIES)[number];

/** Where nobody says otherwise: what `bench --only load` is for. */
export const DEFAULT_LOAD: LoadPolicy = 'auto';

/** The load averages of the last 1, 5 and 15 minutes, as a host reports them. */
export type LoadAverages = readonly [number, number, number];
