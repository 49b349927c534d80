import { constants, readFileSync, readlinkSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path/posix';
import { processStart } from './process-facts.ts';

/** In a run directory. */
const NAME = 'owner';
/** Longer ones are not ours, in bytes. */
const LONGEST = 200;

/** What became of the process that has made a run directory; `unknown`: that cannot be found out from here. */
export type RunOwner = 'alive' | 'dead' | 'unknown';

/**
 * Says in a run directory that it is this process's: its pid and when it started, and where that pid means something. Whoever
 * removes what is left of runs goes by it, for nobody answers in the directory before make is started.
 *
 * @throws Error when it cannot be written, or somebody else has it by now
 */
export async function claimRun(directory: string): Promise<void> {
  const start = processStart(process.pid);
  const realm = pidRealm();
  const text = start === undefined || realm === undefined ? '-' : `${process.pid} ${start} ${realm}`;
  await writeFile(join(directory, NAME), `${text}\n`, { mode: 0o600, flag: 'wx' });
}

/** What can be said of the owner of a run directory. */
export async function runOwner(directory: string): Promise<RunOwner> {
  const text = await readShort(join(directory, NAME)).catch(() => '');
  const [, pid, start, realm] = /^([1-9]\d{0,9}) (\d{1,20}) (\S+ \S+)\n$/.exec(text) ?? [];
  // Elsewhere, or before a restart, another process has that number.
  if (realm === undefined || realm !== pidRealm()) return 'unknown';
  return processStart(Number(pid)) === start ? 'alive' : 'dead';
}

/**
 * Where the numbers of processes are those that this process knows: its pid namespace, and since which start of which machine,
 * for the first namespace has the same number everywhere (pid_namespaces(7), random(4)). Undefined: that is not known, or
 * /proc shows another namespace.
 */
function pidRealm(): string | undefined {
  try {
    if (readlinkSync('/proc/self') !== String(process.pid)) return undefined;
    return `${readlinkSync('/proc/self/ns/pid')} ${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`;
  } catch {
    return undefined;
  }
}

async function readShort(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
