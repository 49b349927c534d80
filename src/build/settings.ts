import { availableParallelism } from 'node:os';
import { DEFAULT_LOAD, type LoadPolicy } from '../model/load.ts';
import type { Settings } from '../model/settings.ts';
import type { FarmPlan } from './farm-plan.ts';

/** Settings as the inputs or the command line give them; undefined: nothing was said. */
export type SettingsWish = Omit<Settings, 'load' | 'localJobs'> & {
  readonly load: LoadPolicy | undefined;
  readonly localJobs: number | undefined;
};

/** What counts: the wish, then what the host matrix brings with it, then the default. */
export function settle(wish: SettingsWish, plan: Pick<FarmPlan, 'load' | 'localJobs' | 'dmake'>): Settings {
  return {
    ...wish,
    dist: plan.dmake && wish.dist.mode === 'auto' ? { mode: 'all' } : wish.dist,
    load: wish.load ?? plan.load ?? DEFAULT_LOAD,
    localJobs: wish.localJobs ?? plan.localJobs ?? availableParallelism(),
  };
}
