import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { fsPath, type Bytes } from '../../util/bytes.ts';
import { TEMPORARY_PREFIX } from '../look/workspace.ts';

/** Two runs may have the same process id, one after the other. */
const RUN = randomBytes(6).toString('hex');

let serial = 0;

/** A name that nobody else uses: `.distmake-tmp-PID-RUN-NUMBER`. */
export function temporaryName(): Bytes {
  return `${TEMPORARY_PREFIX}${process.pid}-${RUN}-${serial++}`;
}

/** Removes what runs that were killed have left in a directory; what belongs to a living process stays. */
export function sweepTemporaries(directory: Bytes): void {
  for (const name of temporariesIn(directory)) {
    const [pid, run] = name.slice(TEMPORARY_PREFIX.length).split('-');
    if (pid === undefined || !/^\d+$/.test(pid)) continue;
    const isOver = Number(pid) === process.pid ? run !== RUN : !isAlive(Number(pid));
    if (isOver) rmSync(fsPath(`${directory}/${name}`), { force: true });
  }
}

function temporariesIn(directory: Bytes): Bytes[] {
  try {
    const names = readdirSync(fsPath(directory), { encoding: 'latin1', withFileTypes: true });
    return names.filter((one) => !one.isDirectory() && one.name.startsWith(TEMPORARY_PREFIX)).map(({ name }) => name);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
