import { readFileSync } from 'node:fs';

/** Processes that fork while they are looked for are found by another look. */
const MOST_LOOKS = 20;

/** Kills all that a process has started, and what those have started, but not itself. Linux tells the children of each. */
export function killBelow(pid: number): void {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const below = descendants(pid);
    if (below.length === 0) return;
    for (const one of below) {
      try {
        process.kill(one, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  }
}

/** All, before the first is killed: what loses its parent is not found any more. */
function descendants(pid: number): readonly number[] {
  let children: readonly number[] = [];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    // It has ended.
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}
