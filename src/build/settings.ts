import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { DEFAULT_LOAD, type LoadPolicy } from '../model/load.ts';
import type { Settings } from '../model/settings.ts';
import type { FarmPlan } from './farm-plan.ts';

/** Settings as the inputs or the command line give them; undefined: nothing was said. */
export type SettingsWish = Omit<Settings, 'load' | 'localJobs'> & {
  readonly load: LoadPolicy | undefined;
  readonly localJobs: number | undefined;
};

/** What counts: the wish, then what the host matrix brings with it, then the default. */
export function settle(
  wish: SettingsWish,
  plan: Pick<FarmPlan, 'load' | 'localJobs' | 'dmake'>,
  bulk: string | undefined,
): Settings {
  return {
    ...wish,
    exclude: [...wish.exclude, ...bulkIn(wish, bulk)],
    dist: plan.dmake && wish.dist.mode === 'auto' ? { mode: 'all' } : wish.dist,
    load: wish.load ?? plan.load ?? DEFAULT_LOAD,
    localJobs: wish.localJobs ?? plan.localJobs ?? availableParallelism(),
  };
}

/** What is kept of a bulk build is nothing for hosts, if it lies in what is staged. */
function bulkIn({ root, staging }: SettingsWish, bulk: string | undefined): readonly string[] {
  const below = bulk === undefined || staging === 'none' ? '..' : relative(root, bulk);
  return below === '' || /^\.\.(?:\/|$)/.test(below) ? [] : [`/${below.replace(/[\\*?[\] !#]/g, '\\$&')}/`];
}
