import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { decode } from '../util/bytes.ts';
import type { Owner, Process } from './mark-text.ts';

/** What tells whether a process still runs. */
export interface LifeWorld {
  readonly self: Owner;
  /** When a process of this machine started, in the kernel's words; undefined: it does not run. */
  readonly born: (pid: number) => string | undefined;
}

/**
 * What tells this machine from all others as far as process ids go: this boot of it (random(4)), and this space of process
 * ids (pid_namespaces(7)). Containers may share a host name. Where that is not known every run counts as on a machine of
 * its own.
 */
export function machineIdentity(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return randomUUID();
  }
}

/** Whether its processes can be seen from here. */
export function isHere({ host, machine }: Owner, { self }: LifeWorld): boolean {
  return machine !== '' && host === self.host && machine === self.machine;
}

/** @param process one of this machine */
export function isAlive({ pid, born }: Process, world: LifeWorld): boolean {
  return world.born(pid) === born;
}

/** A run, for people. */
export function describeOwner(owner: Owner, world: LifeWorld): string {
  const { pid, host } = owner;
  const elsewhere = host === world.self.host && !isHere(owner, world);
  return `process ${pid} on ${decode(host)}${elsewhere ? ' (another machine, container or boot of that name)' : ''}`;
}
