import { lstatSync, readFileSync, statSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';
import { excerpt } from '../util/excerpt.ts';

/** Where the owner of a machine says how many jobs it takes: dmake's file, or else ours (D10). */
export const OWNERS_FILES = ['/etc/opt/SPROdmake/dmake.conf', '/etc/distmake.conf'] as const;

/** What the owner of the runner says, for all users and runs. */
export interface OwnersFile {
  readonly path: string;
  /** Jobs at one time, 1 or more (`max_jobs`). */
  readonly cap: number;
  /** Of its jobs, -20 to 19 (`nice_prio`, D11). */
  readonly niceness: number | undefined;
}

const RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  max_jobs: [0, 9999],
  nice_prio: [-20, 19],
};

/**
 * Reads the file of the runner's owner, by the same grammar and in the same words as lanes do on hosts (owner.pl).
 *
 * @param required without it there are to be no jobs (D12)
 * @param files by rank; other ones in tests
 * @returns undefined when there is none
 * @throws Error with the reason why the runner takes no jobs as a host of the matrix
 */
export function readOwnersFile(
  required: boolean,
  files: readonly [string, string] = OWNERS_FILES,
): OwnersFile | undefined {
  const path = files.find(isThere);
  if (path === undefined) {
    if (!required) return undefined;
    throw new Error(
      `dmake takes no jobs to a host whose owner has not said how many it may have, in ${files.join(' or ')}: ` +
        `as root on that host, echo "max_jobs: N" >${files[1]}`,
    );
  }
  const said = new Map<string, number>();
  for (const [at, line] of contentOf(path).split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, what = '', digits] = /^\s*(max_jobs|nice_prio)\s*:\s*(-?(?:0|[1-9]\d{0,3}))\s*(?:#.*)?$/s.exec(line) ?? [];
    const [least, most] = RANGES[what] ?? [0, -1];
    const number = Number(digits);
    if (said.has(what) || !(number >= least && number <= most)) {
      throw new Error(
        `line ${at + 1} of its owner's file ${path} is wrong: ${excerpt(line.trimEnd(), 80)}; there is to be "max_jobs: 8" (0 to 9999) ` +
          'and, if wanted, "nice_prio: 5" (-20 to 19), each once',
      );
    }
    said.set(what, number);
  }
  const cap = said.get('max_jobs');
  if (cap === undefined) {
    throw new Error(`its owner's file ${path} does not say how many jobs it takes: a line "max_jobs: 8" is missing`);
  }
  if (cap === 0) throw new Error(`its owner allows no jobs (max_jobs: 0 in ${path})`);
  return { path, cap, niceness: said.get('nice_prio') };
}

/** Also where it cannot be reached, or leads nowhere: then the owner has said something, and it cannot be read. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

function contentOf(path: string): string {
  let why = 'it is no plain file';
  try {
    if (statSync(path).isFile()) return readFileSync(path, 'utf8');
  } catch (error) {
    why = getSystemErrorMessage((error as NodeJS.ErrnoException).errno ?? 0);
  }
  throw new Error(`its owner's file ${path} cannot be read: ${why}`);
}
