import type { Host } from '../model/host.ts';
import type { Matrix } from '../model/matrix.ts';
import { UserError } from '../util/user-error.ts';
import { meant } from './problems.ts';
import { shown } from './shown.ts';

const MOST_NAMES = 20;

/** The group that is used where nobody names one: the first formal one (D5); undefined where there is none. */
export function defaultGroup(matrix: Matrix): string | undefined {
  return matrix.groups[0]?.name;
}

/**
 * The hosts of exactly one group (D5): the one named; else the first formal group; else, where there are no formal
 * groups, the unnamed one, which is all hosts then.
 *
 * @param name undefined: nobody has named a group
 * @param asker who named it, for the error: `input group`, `-g`
 * @throws UserError for a group that is not defined, saying which there are
 */
export function chooseGroup(matrix: Matrix, name: string | undefined, asker: string): readonly Host[] {
  const { groups, source, ungrouped } = matrix;
  const wanted = name ?? defaultGroup(matrix);
  if (wanted === undefined) return ungrouped;
  const group = groups.find((one) => one.name === wanted);
  if (group !== undefined) return group.hosts;
  const names = groups.map((one) => one.name);
  const there = names.slice(0, MOST_NAMES).map((one) => shown(one));
  if (names.length > there.length) there.push(`${names.length - there.length} more`);
  const list = there.length === 0 ? 'it has no groups' : `its groups are ${there.join(', ')}`;
  throw new UserError(`${asker}: there is no group ${shown(wanted)} in ${source}: ${list}${meant(wanted, names)}`);
}
