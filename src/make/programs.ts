import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path/posix';

import { fsPath, type Bytes } from '../util/bytes.ts';

/**
 * The file that execvp would execute for a program.
 *
 * @param searchPath value of PATH; relative entries are not looked into
 * @param skip a directory to leave out
 */
export function findProgram(name: Bytes, searchPath: Bytes, skip?: Bytes): Bytes | undefined {
  for (const directory of searchPath.split(':')) {
    if (!isAbsolute(directory) || directory === skip) continue;
    const file = join(directory, name);
    if (isProgram(file)) return file;
  }
  return undefined;
}

export function isProgram(file: Bytes): boolean {
  try {
    accessSync(fsPath(file), constants.X_OK);
    return statSync(fsPath(file)).isFile();
  } catch {
    return false;
  }
}
