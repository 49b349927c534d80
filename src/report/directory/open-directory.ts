import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { excerpt } from '../../util/excerpt.ts';
import { UserError } from '../../util/user-error.ts';

/** What a report consists of. */
export const EVENTS = 'events.ndjson';
export const TRACE = 'trace.json';
export const PAGE = 'report.html';
export const OUTPUT = 'output';

/** Others may look, but not write, whatever the umask. */
const MODE = { mode: 0o755 };

/** How the events of every version begin. */
const MARK = /^\{"time":[\d.e-]+,"type":"distmake-events",/;

/**
 * Makes the directory of a report. An earlier report in it stays for now ({@link clearDirectory}). One with other files is refused:
 * it is not staged, and its files would be missing on the hosts.
 *
 * @param path absolute
 * @returns its real path
 * @throws UserError when it cannot be used
 */
export function openDirectory(path: string): string {
  const said = `report: ${path}`;
  try {
    makeLevels(path);
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
    return realpathSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${said} ${reasonOf(error as NodeJS.ErrnoException, path)}`);
  }
}

/** Node's own way to make all levels never ends below /proc. */
function makeLevels(path: string): void {
  try {
    mkdirSync(path, MODE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeLevels(dirname(path));
    mkdirSync(path, MODE);
  }
}

/**
 * Takes an earlier report out of its directory.
 *
 * @param path what {@link openDirectory} has given
 * @throws UserError when that cannot be done
 */
export function clearDirectory(path: string): void {
  try {
    for (const name of [EVENTS, TRACE, PAGE, OUTPUT]) rmSync(join(path, name), { recursive: true, force: true });
  } catch (error) {
    throw new UserError(`report: ${path} ${reasonOf(error as NodeJS.ErrnoException, path)}`);
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

const READ_ONLY = 'is on a file system that is mounted read-only. Name another directory';

function reasonOf({ code, message }: NodeJS.ErrnoException, path: string): string {
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return 'cannot be made: there is a file of that name, or on the way to it. Name another directory';
    case 'EACCES':
    case 'EPERM':
      return 'cannot be written to. Name another directory, or change its permissions';
    case 'EROFS':
      return READ_ONLY;
    case 'ENOENT':
      return absence(path);
    case 'ENOSPC':
      return 'cannot be made: its file system is full. Make room there, or name another directory';
    default:
      return `cannot be used: ${message}`;
  }
}

/** Why a directory that was to be made is still not there: node's mkdir says ENOENT for more than one reason. */
function absence(path: string): string {
  let at = path;
  let there = lstatSync(at, { throwIfNoEntry: false });
  while (!there && at !== dirname(at)) {
    at = dirname(at);
    there = lstatSync(at, { throwIfNoEntry: false });
  }
  if (there?.isSymbolicLink() === true)
    return `cannot be made: ${at} is a link to something that is not there. Remove the link, or name another directory`;
  try {
    accessSync(at, constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EROFS') return READ_ONLY;
  }
  return `cannot be made: no directories can be made in ${at}. Name another directory`;
}
