import type { BulkReport } from '../model/bulk.ts';
import { decode, type Bytes } from '../util/bytes.ts';

/** Lines of one kind; DIR/report has all. */
const MOST = 100;

/** How many items became what: `12 built, 1 failed`. Kinds of which there are none are left out. */
export function bulkCounts({ built, upToDate, failed, skipped, notReached }: BulkReport): string {
  const kinds: readonly (readonly [number, string])[] = [
    [built.length, 'built'],
    [upToDate.length, 'up to date or done before'],
    [failed.length, 'failed'],
    [skipped.length, 'skipped'],
    [notReached.length, 'not reached'],
  ];
  const parts = kinds.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  return parts.length === 0 ? 'nothing to do' : parts.join(', ');
}

/** `a: status 2 on b` */
export function failedItems({ failed }: BulkReport): readonly string[] {
  return failed.map(({ target, how, where }) => `${decode(target)}: ${how}${preposition(where)}${where}`);
}

/** `b, c: because of a`, one line for each that failed. */
export function skippedItems({ skipped }: BulkReport): readonly string[] {
  const causes = new Map<Bytes, string[]>();
  for (const { target, because } of skipped) causes.set(because, [...(causes.get(because) ?? []), decode(target)]);
  return [...causes].map(([cause, targets]) => `${listed(targets)}: because of ${decode(cause)}`);
}

/**
 * The end report of a bulk build (P8), a text of some lines for people.
 *
 * @param file where the whole report is
 */
export function bulkText(report: BulkReport, file: string): string {
  return [
    `bulk build: ${bulkCounts(report)} (${file})`,
    ...limited(failedItems(report)).map((line) => `failed: ${line}`),
    ...limited(skippedItems(report)).map((line) => `skipped: ${line}`),
  ].join('\n');
}

function preposition(where: string): string {
  return /^(?:an earlier|another) run/.test(where) ? ', in ' : ' on ';
}

function listed(names: readonly string[]): string {
  const more = names.length - MOST;
  return names.slice(0, MOST).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function limited(lines: readonly string[]): readonly string[] {
  const more = lines.length - MOST;
  return more > 0 ? [...lines.slice(0, MOST), `${more} more`] : lines;
}
