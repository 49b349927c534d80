import type { Recipe } from '../model/job.ts';
import type { Host } from '../model/host.ts';
import { decode } from '../util/bytes.ts';
import type { Homecoming } from './ports.ts';

/** For people: why what a recipe wrote on a host was not put into the workspace. */
export function homecomingText(recipe: Recipe, homecoming: Exclude<Homecoming, { kind: 'home' }>, place: Host): string {
  const target = decode(recipe.target);
  if (homecoming.kind === 'refused') {
    return `${place.name}: what the recipe of ${target} wrote was not taken: ${homecoming.reason}`;
  }
  const other = homecoming.other ? decode(homecoming.other.target) : undefined;
  const who = other === undefined ? 'a recipe on the runner' : `the recipe of ${other}`;
  return (
    `${decode(homecoming.path)} was written by ${who} while the recipe of ${target}, which writes or reads it too, ran on ${place.name}: ` +
    `${target} is made again on top of that. Make one a prerequisite of the other, give each a file of its own, or, if it belongs to a cache, name that in exclude`
  );
}
