import type { Bytes } from '../../util/bytes.ts';
import { TEMPORARY_PREFIX } from '../look/workspace.ts';

/** NAME_MAX of every usual file system. */
const LONGEST_NAME = 255;

/** Whether a host may name such a path at all: relative, plain, nothing of git's or ours. */
export function isOutputPath(path: Bytes): boolean {
  return !path.includes('\0') && path.split('/').every(isName);
}

function isName(part: Bytes): boolean {
  if (part === '' || part === '.' || part === '..' || part === '.git') return false;
  return part.length <= LONGEST_NAME && !part.startsWith(TEMPORARY_PREFIX);
}

/**
 * Whether a link stays below the workspace: relative upwards at most to its root, absolute only below it. `..` behind a
 * name is refused: the name may be a link itself, now or later, and then `..` leads somewhere else than it seems.
 */
export function leadsInside(path: Bytes, target: Bytes, root: Bytes): boolean {
  if (target === '' || target.includes('\0')) return false;
  const absolute = target.startsWith('/');
  if (absolute && target !== root && !target.startsWith(`${root}/`)) return false;
  let depth = absolute ? 0 : path.split('/').length - 1;
  let descended = false;
  for (const part of (absolute ? target.slice(root.length) : target).split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '.git') return false;
    if (part !== '..') descended = true;
    else if (descended || --depth < 0) return false;
  }
  return true;
}
