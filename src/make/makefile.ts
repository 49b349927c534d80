import { access } from 'node:fs/promises';
import { join } from 'node:path/posix';

import { fsPath, type Bytes } from '../util/bytes.ts';

/** GNU make's manual, "What Name to Give Your Makefile". */
const NAMES = ['GNUmakefile', 'makefile', 'Makefile'];

/** The makefile that make reads in a directory when it is given none: a bare name, or undefined when there is none. */
export async function defaultMakefile(directory: Bytes): Promise<Bytes | undefined> {
  for (const name of NAMES) {
    try {
      await access(fsPath(join(directory, name)));
      return name;
    } catch {
      // The next name.
    }
  }
  return undefined;
}
