import type { BulkItem, BulkPlan, BulkReport } from '../model/bulk.ts';
import type { Bytes } from '../util/bytes.ts';
import type { Fate } from './bulk-state.ts';

type Lists = { -readonly [name in keyof BulkReport]: BulkReport[name][number][] };

/**
 * Sorts all items by what became of them (P8). An item that did not run although one that it needs failed was skipped;
 * of others make has found that there is nothing to do, if it came that far.
 *
 * @param complete make came to the end: with success, or with -k
 * @param missing asked after a run that did not end well: whether there is no file of that name
 */
export function bulkReport(
  plan: BulkPlan,
  fates: ReadonlyMap<Bytes, Fate>,
  complete: boolean,
  missing: (name: Bytes) => boolean = () => false,
): BulkReport {
  const lists: Lists = { built: [], upToDate: [], failed: [], skipped: [], notReached: [] };
  const fateOf = (item: BulkItem): Fate | undefined =>
    fates.get(item.target) ?? item.peers.map((peer) => fates.get(peer)).find((fate) => fate !== undefined);
  const causes = new Map<Bytes, Bytes>();
  const needed = new Set<Bytes>();
  for (const item of [...plan.values()].reverse()) {
    const ran = fateOf(item);
    if (ran || needed.has(item.target)) for (const one of item.after) needed.add(one);
  }
  for (const item of plan.values()) {
    const { target, weight } = item;
    const fate = fateOf(item);
    const because =
      item.after.map((one) => causes.get(one)).find((cause) => cause !== undefined) ??
      (complete && !fate ? item.sources.find(missing) : undefined);
    if (fate) add(lists, target, weight, fate);
    else if (because !== undefined) lists.skipped.push({ target, weight, because });
    else if (complete && item.file && missing(target)) lists.notReached.push({ target, weight });
    else if (complete || needed.has(target)) lists.upToDate.push({ target, weight, by: 'make' });
    else lists.notReached.push({ target, weight });
    const cause = fate?.kind === 'failed' ? target : fate ? undefined : because;
    if (cause !== undefined) causes.set(target, cause);
  }
  for (const [target, fate] of fates) if (!plan.has(target)) add(lists, target, 0, fate);
  return lists;
}

function add(lists: Lists, target: Bytes, weight: number, fate: Fate): void {
  if (fate.kind === 'built') lists.built.push({ target, weight, place: fate.place });
  else if (fate.kind === 'spared') lists.upToDate.push({ target, weight, by: fate.by });
  else lists.failed.push({ target, weight, how: fate.how, where: fate.where });
}
