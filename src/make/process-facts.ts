import { readFileSync, readlinkSync } from 'node:fs';

import { bytesOf, type Bytes } from '../util/bytes.ts';
import { splitList } from './environment.ts';

/** What /proc tells about a process (Linux, proc(5)). */
export interface ProcessFacts {
  readonly parent: number;
  readonly umask: number;
  readonly directory: Bytes;
  readonly argv: readonly Bytes[];
  readonly environment: readonly Bytes[];
}

/** Everything about a process that is ours to read; undefined when it is gone. */
export function processFacts(pid: number): ProcessFacts | undefined {
  try {
    const status = bytesOf(readFileSync(`/proc/${pid}/status`));
    const list = (name: string) => splitList(bytesOf(readFileSync(`/proc/${pid}/${name}`)));
    return {
      parent: Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]),
      umask: parseInt(/^Umask:\s*([0-7]+)/m.exec(status)?.[1] ?? '022', 8),
      directory: bytesOf(readlinkSync(`/proc/${pid}/cwd`, 'buffer')),
      argv: list('cmdline'),
      environment: list('environ'),
    };
  } catch {
    return undefined;
  }
}

/** The arguments of a process, argv[0] first; empty when it is gone, or there is no /proc. */
export function processArguments(pid: number): readonly Bytes[] {
  try {
    return splitList(bytesOf(readFileSync(`/proc/${pid}/cmdline`)));
  } catch {
    return [];
  }
}

/** When a process started, in the kernel's ticks: tells it from a later one with the same pid. Undefined: gone or dead. */
export function processStart(pid: number): string | undefined {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** The parent of a process, its parent, and so on to pid 1. Empty where there is no /proc. */
export function processAncestors(pid: number): readonly number[] {
  const ancestors: number[] = [];
  for (let at = processParent(pid); at !== undefined && at > 0; at = processParent(at)) ancestors.push(at);
  return ancestors;
}

/** Undefined when it is gone, or there is no /proc. */
export function processParent(pid: number): number | undefined {
  const parent = statFields(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/**
 * The fields of /proc/PID/stat behind the name, which may itself have blanks and parentheses: state, parent, process
 * group, session and so on (proc(5)). Undefined when it is gone.
 */
export function statFields(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
