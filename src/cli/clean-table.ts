import type { Sweep, Swept } from '../build/clean/swept.ts';
import { cleanTitle, withoutColours } from '../report/clean-text.ts';
import { formatBytes } from '../report/format-bytes.ts';
import { textTable } from '../report/text-table.ts';

/** Longest text of one cell, in characters. */
const CELL_LIMIT = 300;

/** What was found on one machine, by its name. */
export interface Cleaned extends Sweep {
  readonly name: string;
}

/**
 * What a clean-up has found, for people: a line of a table for each directory and for each machine that had none, below it
 * which machines could not be looked at, then how much was removed. What hosts said is made harmless for a terminal; a
 * workflow's log has to guard it all the same.
 *
 * @returns the text, which ends with a newline, and whether nothing is left that ought to be gone
 */
export function cleanTable(machines: readonly Cleaned[]): { readonly text: string; readonly isClean: boolean } {
  const listed = withoutRepeats(machines);
  const rows = listed.flatMap(({ name, found, trouble }) => {
    const lines = found.map((one) => [name, one.path, ageText(one.age), sizeText(one.bytes), whatText(one)]);
    return lines.length > 0 ? lines : [[name, '-', '-', '-', trouble === undefined ? 'nothing there' : 'not reached']];
  });
  const notes = listed.flatMap(({ name, trouble }) => (trouble === undefined ? [] : [`${name}: ${trouble}`]));
  const found = listed.flatMap((one) => one.found);
  const count = (what: Swept['what']): number => found.filter((one) => one.what === what).length;
  const verdict = [
    `${count('removed')} removed`,
    ...some(count('used'), 'in use'),
    ...some(count('parked'), 'kept for the next run'),
    ...some(count('young'), 'too young'),
    ...some(count('failed'), 'could not be removed'),
    ...some(notes.length, notes.length === 1 ? 'machine not looked at' : 'machines not looked at'),
  ].join(', ');
  const table = textTable([['host', 'directory', 'age', 'size', 'what'], ...rows].map((row) => row.map(harmless)));
  const paragraphs = [table, notes.map(harmless), [verdict]].filter((lines) => lines.length > 0);
  const text = paragraphs.map((lines) => `${lines.join('\n')}\n`).join('\n');
  return { text, isClean: notes.length === 0 && count('failed') === 0 };
}

/** Two names may lead to one machine, where one removes what the other finds in use by then. No two directories have one name. */
function withoutRepeats(machines: readonly Cleaned[]): readonly Cleaned[] {
  const removed = new Set(machines.flatMap(({ found }) => found.filter(({ what }) => what === 'removed')).map(pathOf));
  const seen = new Set<string>();
  return machines.map((machine) => ({
    ...machine,
    found: machine.found.filter((one) => {
      if (seen.has(one.path) || (removed.has(one.path) && one.what !== 'removed')) return false;
      seen.add(one.path);
      return true;
    }),
  }));
}

function pathOf({ path }: Swept): string {
  return path;
}

function some(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}

function whatText({ what, why }: Swept): string {
  switch (what) {
    case 'removed':
      return 'removed';
    case 'used':
      return 'in use';
    case 'parked':
      return 'kept for the next run';
    case 'young':
      return 'too young: kept';
    case 'failed':
      return `not removed: ${why ?? 'it did not say why'}`;
  }
}

function sizeText(bytes: number | undefined): string {
  return bytes === undefined ? '-' : formatBytes(bytes);
}

/** In its largest unit: `3 d`, `12 min`. */
function ageText(seconds: number | undefined): string {
  if (seconds === undefined) return '-';
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function harmless(text: string): string {
  return withoutColours(cleanTitle(text, CELL_LIMIT)).replaceAll('\t', ' ');
}
