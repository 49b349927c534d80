import { createHmac, timingSafeEqual } from 'node:crypto';
import { getState, saveState } from '@actions/core';
import { isStagingName } from '../build/staging-name.ts';
import { HOST_DEFAULTS, type Host } from '../model/host.ts';

/** What post must know of main. Nothing secret: keys are read again from the inputs. */
export interface RunState {
  /** The hosts on which something may be left, as far as it takes to get there, and the staging directories there. */
  readonly hosts: readonly { readonly host: Host; readonly directories: readonly string[] }[];
}

const NAME = 'run';

/**
 * Kept by the runner for post, the last one counts; to be called before anything is made on a host, and when it is gone. The state
 * names programs that post may start (Host.transport), and lies in a file that recipes can write to: so it is sealed.
 *
 * @param used the hosts with the directories that may be there
 * @param secret what main and post know and other steps do not: the input ssh-private-key
 */
export function saveRunState(used: ReadonlyMap<Host, readonly string[]>, secret: string | undefined): void {
  const { environment, setup, startup } = HOST_DEFAULTS;
  const hosts: RunState['hosts'] = [...used].flatMap(([host, directories]) =>
    directories.length === 0 ? [] : [{ host: { ...host, environment, setup, startup }, directories }],
  );
  saveState(NAME, JSON.stringify({ hosts, seal: sealOf(hosts, secret) }));
}

/** `changed`: what is there is not what main has saved. undefined: main never got as far as to touch a host. */
export function loadRunState(secret: string | undefined): RunState | 'changed' | undefined {
  const text = getState(NAME);
  return text === '' ? undefined : (readRunState(text, secret) ?? 'changed');
}

/** @returns undefined for anything but what {@link saveRunState} has written with the same secret */
export function readRunState(text: string, secret: string | undefined): RunState | undefined {
  try {
    const { hosts, seal } = JSON.parse(text) as { readonly hosts?: RunState['hosts']; readonly seal?: unknown };
    if (hosts === undefined || typeof seal !== 'string') return undefined;
    const [expected, found] = [sealOf(hosts, secret), seal].map((one) => Buffer.from(one));
    if (!expected || !found || expected.length !== found.length || !timingSafeEqual(expected, found)) return undefined;
    // Without a secret anybody can make a seal.
    return hosts.every(isEntry) ? { hosts } : undefined;
  } catch {
    return undefined;
  }
}

function isEntry({ host, directories }: RunState['hosts'][number]): boolean {
  const words: readonly unknown[] = [host.name, host.address, ...directories];
  return words.every((word) => typeof word === 'string') && directories.every(isStagingName);
}

function sealOf(hosts: RunState['hosts'], secret: string | undefined): string {
  return createHmac('sha256', `distmake state ${secret ?? ''}`)
    .update(JSON.stringify(hosts))
    .digest('hex');
}
