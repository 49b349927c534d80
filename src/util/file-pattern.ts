import { readdir } from 'node:fs/promises';
import { join } from 'node:path/posix';

import { fsPath, type Bytes } from './bytes.ts';

/** Whether make takes a name for a pattern. */
export function isPattern(name: Bytes): boolean {
  return /[*?[]/.test(name);
}

/**
 * The files that an absolute pattern stands for, as glob(3) finds them for make: `*`, `?` and `[...]` within one name.
 *
 * @returns without order; some of them may not be there where no pattern stands behind a directory's
 */
export async function matchingFiles(pattern: Bytes): Promise<readonly Bytes[]> {
  let found: readonly Bytes[] = ['/'];
  for (const part of pattern.split('/').filter((one) => one !== '')) {
    if (isPattern(part)) found = (await Promise.all(found.map((at) => matchingNames(at, part)))).flat();
    else found = found.map((at) => join(at, part));
  }
  return found;
}

async function matchingNames(directory: Bytes, part: Bytes): Promise<readonly Bytes[]> {
  const wanted = regexOf(part);
  try {
    const names = await readdir(fsPath(directory), { encoding: 'latin1' });
    return names.filter((name) => wanted.test(name)).map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function regexOf(part: Bytes): RegExp {
  const text = part.replace(/\[([!^]?)(\]?[^\]]*)\]|([*?])|([\\^$.|+(){}[\]])/g, (_, not, set, any, other) => {
    if (set !== undefined) return `[${not ? '^' : ''}${String(set).replace(/[\\\]^[]/g, '\\$&')}]`;
    if (any !== undefined) return any === '*' ? '.*' : '.';
    return `\\${String(other)}`;
  });
  // Hidden files are asked for by their dot.
  try {
    return new RegExp(`^${part.startsWith('.') ? '' : '(?!\\.)'}${text}$`, 's');
  } catch {
    return /(?!)/;
  }
}
