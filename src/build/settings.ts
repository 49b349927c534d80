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

/**
 * What counts: the wish, then what the host matrix brings with it, then the default.
 *
 * @param own directories, absolute, in which we keep something: none of it is for hosts
 */
export function settle(
  wish: SettingsWish,
  plan: Pick<FarmPlan, 'load' | 'localJobs' | 'dmake'>,
  own: readonly string[],
): Settings {
  return {
    ...wish,
    exclude: [...wish.exclude, ...own.flatMap((directory) => patternOf(wish, directory))],
    dist: plan.dmake && wish.dist.mode === 'auto' ? { mode: 'all' } : wish.dist,
    load: wish.load ?? plan.load ?? DEFAULT_LOAD,
    localJobs: wish.localJobs ?? plan.localJobs ?? availableParallelism(),
  };
}

/** What names a directory that lies in what is staged. */
function patternOf({ root, staging }: SettingsWish, directory: string): readonly string[] {
  const below = staging === 'none' ? '..' : relative(root, directory);
  return below === '' || /^\.\.(?:\/|$)/.test(below) ? [] : [`/${below.replace(/[\\*?[\] !#]/g, '\\$&')}/`];
}
