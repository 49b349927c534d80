import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { excerpt } from '../../util/excerpt.ts';
import { UserError } from '../../util/user-error.ts';

/** What a report consists of. */
export const EVENTS = 'events.ndjson';
export const TRACE = 'trace.json';
export const PAGE = 'report.html';
export const OUTPUT = 'output';

/** How the events of every version begin. */
const MARK = /^\{"time":[\d.e-]+,"type":"distmake-events",/;

/**
 * Makes the directory of a report, or takes an earlier report out of it. One with other files is refused: it is not staged,
 * and its files would be missing on the hosts.
 *
 * @param path absolute
 * @returns its real path
 * @throws UserError when it cannot be used
 */
export function openDirectory(path: string): string {
  const said = `report: ${path}`;
  try {
    mkdirSync(path, { recursive: true });
    if (!statSync(path).isDirectory()) throw new UserError(`${said} is not a directory. Name another one`);
    const names = readdirSync(path);
    if (names.length > 0 && !hasReport(path)) {
      const some = names
        .slice(0, 3)
        .map((name) => excerpt(name))
        .join(', ');
      const files = `${some}${names.length > 3 ? `, … (${names.length})` : ''}`;
      throw new UserError(`${said} holds other files: ${files}. Name a directory of its own, which need not be there`);
    }
    accessSync(path, constants.W_OK | constants.X_OK);
    for (const name of [EVENTS, TRACE, PAGE, OUTPUT]) rmSync(join(path, name), { recursive: true, force: true });
    return realpathSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${said} ${reasonOf(error as NodeJS.ErrnoException)}`);
  }
}

function hasReport(path: string): boolean {
  const start = Buffer.alloc(200);
  try {
    const descriptor = openSync(join(path, EVENTS), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      readSync(descriptor, start);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
  return MARK.test(start.toString());
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return 'cannot be made: there is a file of that name, or on the way to it. Name another directory';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'cannot be written to. Name another directory, or change its permissions';
    default:
      return `cannot be used: ${message}`;
  }
}
