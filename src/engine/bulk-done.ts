import type { BulkItem } from '../model/bulk.ts';
import { targetPath } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';
import type { BulkLedger, DoneRecord } from './bulk-ledger.ts';
import type { Arrival } from './gates.ts';

/** What tells whether one line is still the same; the first stands for the whole recipe as the makefile has it. */
export function digestOf({ job, line }: Arrival, item: BulkItem | undefined, ledger: BulkLedger): string {
  return ledger.digest([job.directory, ...job.argv, line === 0 ? (item?.recipe ?? '') : '']);
}

/**
 * The record of an item that need not be made again (P9): its commands are the same, and nothing that it needs was made or
 * written since it began.
 *
 * @param arrival its first line
 */
export function finishedBefore(
  arrival: Arrival,
  item: BulkItem,
  path: Bytes,
  ledger: BulkLedger,
): DoneRecord | undefined {
  // -B: everything is wanted anew.
  if (arrival.line > 0 || arrival.flags.has('B')) return undefined;
  const record = ledger.done(item.target);
  if (record?.lines[0] !== digestOf(arrival, item, ledger)) return undefined;
  const pathOf = (target: Bytes): Bytes => targetPath({ ...arrival.job.recipe, target });
  if (record.file && !ledger.exists(path)) return undefined;
  if (!record.peers.every((peer) => ledger.exists(pathOf(peer)))) return undefined;
  if (item.after.some((one) => (ledger.done(one)?.order ?? -1) > record.order)) return undefined;
  return ledger.isNewer(item.inputs.map(pathOf), record.start) ? undefined : record;
}
