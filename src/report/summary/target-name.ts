import { relative, resolve } from 'node:path/posix';
import type { RecipeRecord } from '../record/job-record.ts';

/** A target as people know it: by its path in the workspace where it is inside, else as make names it. */
export function targetName({ target, directory }: RecipeRecord, root: string): string {
  const path = relative(root, resolve(directory, target));
  return path === '' || path.startsWith('..') ? target : path;
}
