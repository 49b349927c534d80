import type { RecipeState } from '../engine/recipe-book.ts';
import type { RemoteHost } from '../engine/remote-host.ts';
import type { BuildEvent, RecipeClass } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Outcome } from '../model/outcome.ts';
import { targetName } from '../report/target-name.ts';
import { endedByStop } from '../report/verdict.ts';
import { decode, type Bytes } from '../util/bytes.ts';

type RunFinished = Extract<BuildEvent, { type: 'run-finished' }>;

/**
 * The figures of a run that has ended.
 *
 * @param directory where the first make runs, absolute: failed targets inside are named by their paths from there, so that
 *   two of one name can be told apart
 * @param outcome of the run: what a stop ended has not failed
 */
export function summarize(
  recipes: readonly RecipeState[],
  hosts: readonly Host[],
  remotes: readonly RemoteHost[],
  directory: Bytes,
  outcome: Outcome,
): Pick<RunFinished, 'counts' | 'failedTargets' | 'hosts'> {
  const counts: Record<RecipeClass, number> = { remote: 0, retried: 0, local: 0, recursive: 0 };
  const failedTargets: string[] = [];
  for (const state of recipes) {
    const kind = state.class;
    // What could not run anywhere has run nowhere.
    if (kind !== undefined && !state.refused) counts[kind]++;
    if (!state.failure || kind === 'recursive') continue;
    if (endedByStop(state.failure.outcome, outcome)) continue;
    const { recipe } = state;
    failedTargets.push(decode(targetName(recipe, directory)));
  }
  return {
    counts,
    failedTargets,
    hosts: hosts
      .filter((host) => !host.local)
      .map((host) => {
        const remote = remotes.find((one) => one.host === host);
        return {
          name: host.name,
          jobs: recipes.filter((state) => state.host === host && state.class !== undefined).length,
          busySeconds: remote?.busySeconds ?? 0,
          losses: remote?.losses ?? 0,
          ...(remote?.traffic ?? { sent: 0, received: 0 }),
        };
      }),
  };
}
