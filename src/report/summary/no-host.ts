import type { RecipeRecord } from '../record/job-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { countedLeg } from './leg-seconds.ts';

/**
 * The recipes that failed because no host was left to take them while the runner may not (`fallback: never`): a line of
 * theirs ran nowhere, or only on a host that was lost. The events count them among those of the runner.
 */
export function withoutHost(record: RunRecord): ReadonlySet<RecipeRecord> {
  const locals = new Set(record.places.filter((place) => place.local).map((place) => place.name));
  return new Set(record.recipes.filter((recipe) => recipe.class === 'local' && isWithout(recipe, locals)));
}

function isWithout({ jobs }: RecipeRecord, locals: ReadonlySet<string>): boolean {
  const legs = jobs.filter((job) => job.ended !== undefined).map(countedLeg);
  return legs.includes(undefined) && legs.every((leg) => leg === undefined || !locals.has(leg.place));
}
