import { relative, resolve } from 'node:path/posix';
import type { Recipe } from '../model/job.ts';

/**
 * A target as people know it: by its path in a directory where it is inside, else as make names it. Two makes may well have
 * targets of one name.
 *
 * @param root absolute; all three are bytes, or all are text
 */
export function targetName({ target, directory }: Pick<Recipe, 'target' | 'directory'>, root: string): string {
  const path = relative(root, resolve(directory, target));
  return path === '' || path === '..' || path.startsWith('../') ? target : path;
}
