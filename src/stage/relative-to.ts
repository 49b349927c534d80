import type { Bytes } from '../util/bytes.ts';

/** An absolute path below `root`, relative to it; empty for the root itself; undefined for others. Links do not count. */
export function relativeTo(root: Bytes, path: Bytes): Bytes | undefined {
  const parts: Bytes[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = `/${parts.join('/')}`;
  if (clean === root) return '';
  return clean.startsWith(`${root}/`) ? clean.slice(root.length + 1) : undefined;
}
