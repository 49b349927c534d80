import { FAULTS, MATRIX, PHASES, type Cell } from './matrix.ts';

/** What stands around the tables in docs/faults.md. */
export const BEGIN = '<!-- made from the matrix of the tests -->';
export const END = '<!-- end of what is made -->';

const HOSTS: Readonly<Record<Cell['host'], string>> = {
  kept: 'goes on',
  benched: 'tried again, in vain',
  back: 'taken back when the fault is over',
};

const JOBS: Readonly<Record<Cell['jobs'], string>> = {
  there: 'there',
  elsewhere: 'on the other host',
  runner: 'on the runner',
  anywhere: 'on the other host, or on the runner',
};

/** The tables of docs/faults.md, as prettier would have them. */
export function matrixText(): string {
  const rows = MATRIX.map((cell) => [
    cell.fault,
    `${cell.phase}${cell.alone ? ' (no other host)' : ''}`,
    noticed(cell),
    cell.phase === 'cleaning up' ? '' : HOSTS[cell.host],
    JOBS[cell.jobs],
    cell.stays ? 'until the next run there' : '',
  ]);
  const heads = ['fault', 'when', 'noticed', 'the host', 'its jobs run', 'something stays on it'];
  return [
    table(['fault', 'what it is'], Object.entries(FAULTS)),
    table(['when', 'what that means'], Object.entries(PHASES)),
    table(heads, rows),
  ].join('\n\n');
}

function noticed({ host, phase, noticed, says }: Cell): string {
  if (host !== 'kept') return noticed === 'at once' ? 'at once' : 'after `host-timeout`';
  if (phase === 'running') return 'when that time is over';
  return says === undefined ? 'nothing to notice' : 'when it is cleaned';
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
