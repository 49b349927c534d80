import { spawn } from 'node:child_process';
import { findProgram } from '../make/programs.ts';
import type { Bytes } from '../util/bytes.ts';

/**
 * Locks the first of some open files that nobody else has locked, and does not wait. node has no flock(2): a program does it
 * that shares the descriptors. The lock belongs to the open file, not to that program (flock(2)): it is gone when we close the
 * file, or are no more.
 *
 * @param files descriptors of ours
 * @returns its position; undefined when all are locked
 * @throws Error with a reason for people when locks cannot be had
 */
export type Locker = (files: readonly number[]) => Promise<number | undefined>;

/** Prints the position of the descriptor, from 3 on, that it has locked; nothing when all are locked already. */
const IN_PERL = `use Errno 'EWOULDBLOCK';
for (0 .. $ARGV[0] - 1) {
  open my $file, '<&=' . ($_ + 3) or die "$!\\n";
  if (flock $file, 6) { print $_; exit }
  die "$!\\n" if $! != EWOULDBLOCK;
}`;
const IN_SH = `n=0
while [ $n -lt $1 ]; do
  "$0" -x -n $((n + 3)) && { echo $n; exit; }
  [ $? -eq 1 ] || exit 1
  n=$((n + 1))
done`;

/**
 * @param searchPath where the program is looked for
 * @returns undefined when there is neither perl nor flock(1)
 */
export function findLocker(searchPath: Bytes): Locker | undefined {
  const perl = findProgram('perl', searchPath);
  if (perl !== undefined) return (files) => lock(perl, ['-e', IN_PERL, '--'], files);
  const flock = findProgram('flock', searchPath);
  return flock === undefined ? undefined : (files) => lock('/bin/sh', ['-c', IN_SH, flock], files);
}

function lock(program: string, words: readonly string[], files: readonly number[]): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...words, String(files.length)], { stdio: ['ignore', 'pipe', 'pipe', ...files] });
    const [stdout, stderr] = [child.stdout, child.stderr];
    let said = '';
    let complaint = '';
    stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    stderr?.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-200)));
    child.once('error', reject);
    child.once('close', (status) => {
      if (status !== 0) reject(new Error(complaint.trim() || `${program} ended with status ${status ?? 'none'}`));
      else resolve(said === '' ? undefined : Number(said));
    });
  });
}
