import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { BulkReport } from '../model/bulk.ts';
import { bufferOf, encode, fsPath, type Bytes } from '../util/bytes.ts';
import { escapeName } from './mark-name.ts';

/**
 * The report as a table for programs, as pbulk has it: a line for each item with its name, what became of it, because of
 * which item (or `-`), and its depth: how many items wait for it, itself included. Names are escaped as in marks.
 */
export function formatReport({ built, upToDate, failed, skipped, notReached }: BulkReport): Bytes {
  const rows = [
    ...built.map((item) => ({ item, status: 'built', because: '-' })),
    ...upToDate.map((item) => ({ item, status: item.by === 'make' ? 'up-to-date' : 'done', because: '-' })),
    ...failed.map((item) => ({ item, status: 'failed', because: '-' })),
    ...skipped.map((item) => ({ item, status: 'skipped', because: escapeName(item.because) })),
    ...notReached.map((item) => ({ item, status: 'not-reached', because: '-' })),
  ];
  return rows
    .map(({ item, status, because }) => `${escapeName(item.target)} ${status} ${because} ${item.weight + 1}\n`)
    .join('');
}

/** @throws Error when it cannot be written */
export function writeReport(path: Bytes, report: BulkReport): void {
  const part = `${path}${encode(`.${process.pid}`)}`;
  try {
    writeFileSync(fsPath(part), bufferOf(formatReport(report)));
    renameSync(fsPath(part), fsPath(path));
  } catch (error) {
    rmSync(fsPath(part), { force: true });
    throw error;
  }
}
