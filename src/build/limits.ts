import { availableParallelism } from 'node:os';
import type { Limits } from '../engine/scheduler.ts';
import type { BuildOptions } from './build-options.ts';

/** How many jobs run at one time, and where. */
export function limitsOf({ settings, plan, jobs, piped }: BuildOptions): Limits {
  const isAlone = plan.hosts.every((host) => host.local);
  return {
    // In its plain form make keeps its own count, and a makefile may change that (MAKEFLAGS += -j4).
    jobs: piped || jobs === 'places' ? jobs : Infinity,
    localJobs: settings.fallback === 'never' ? 0 : settings.localJobs,
    processors: availableParallelism(),
    // Without other machines -j says how many the runner bears.
    staying: Math.max(availableParallelism(), jobs === 'places' || !isAlone ? 0 : jobs),
    fallback: settings.fallback,
  };
}
