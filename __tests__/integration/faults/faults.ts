import type { Front } from '../../rig/front.ts';
import type { NamespaceHost } from '../../rig/sshd-rig.ts';
import type { Fault } from './matrix.ts';

/** A host with what stands before it. */
export interface Victim {
  readonly host: NamespaceHost;
  /** What the matrix names, where the fault needs one. */
  readonly front: Front;
}

/** How a fault is made, and how it is over. */
interface Doing {
  readonly strike: (victim: Victim) => void | Promise<void>;
  readonly mend: (victim: Victim) => void | Promise<void>;
  /** What stands before the host does it. */
  readonly front?: true;
  /** Of the command. */
  readonly options?: readonly string[];
  /** Of the host in the matrix. */
  readonly host?: Readonly<Record<string, unknown>>;
}

const nothing = (): void => undefined;

/** In place: these files are mounted over those of the machine. */
const setShell = (host: NamespaceHost, shell: string): void => {
  host.exec(`text=$(sed 's|:[^:]*$|:${shell}|' /etc/passwd); printf '%s\\n' "$text" >/run/rig/passwd`);
};

export const DOINGS: Readonly<Record<Fault, Doing>> = {
  cut: { strike: ({ host }) => host.cut(), mend: ({ host }) => host.mend() },
  'power off': {
    strike: ({ host }) => {
      // The dying system would say goodbye.
      host.cut();
      return host.kill();
    },
    mend: ({ host }) => host.boot(),
  },
  frozen: { strike: ({ host }) => host.freeze(), mend: ({ host }) => host.thaw() },
  reset: { strike: ({ host }) => host.dropSessions(), mend: nothing },
  'lane killed': {
    strike: ({ host }) => void host.exec("pkill -KILL -x perl || pkill -KILL -f '^distmake-lane'"),
    mend: nothing,
  },
  refused: { strike: ({ host }) => host.stopListening(), mend: ({ host }) => host.listen() },
  'half open': manner('silent'),
  slow: manner('slow'),
  rubbish: manner('rubbish'),
  'rubbish shell': {
    strike: ({ host }) => {
      host.exec(`printf '#!/bin/sh\\nexec head -c 3000000 /dev/urandom\\n' >/run/rig/shell; chmod 755 /run/rig/shell`);
      setShell(host, '/run/rig/shell');
    },
    mend: ({ host }) => setShell(host, '/bin/sh'),
  },
  'rubbish perl': {
    strike: ({ host }) => {
      const program = '#!/bin/sh\\nexec head -c 3000000 /dev/urandom\\n';
      host.exec(`mkdir /run/perl; printf '${program}' >/run/perl/perl; chmod 755 /run/perl/perl`);
    },
    mend: ({ host }) => void host.exec('rm -r /run/perl'),
  },
  'disk full': { strike: ({ host }) => host.fillTmp(), mend: ({ host }) => host.emptyTmp() },
  'disk small': {
    strike: ({ host }) => void host.exec('mount -o remount,size=2m /tmp'),
    mend: ({ host }) => host.emptyTmp(),
  },
  'read-only': { strike: ({ host }) => host.remountTmp('ro'), mend: ({ host }) => host.remountTmp('rw') },
  'no fork': { strike: ({ host }) => host.forbidForks(), mend: ({ host }) => host.allowForks() },
  // Jobs wait there anyway, until somebody says that they may go on.
  'hung job': { strike: nothing, mend: nothing, options: ['--job-timeout', '3'] },
  'silent job': { strike: nothing, mend: nothing, host: { stuck: 3 } },
  // They are so from their start.
  'clock ahead': { strike: nothing, mend: nothing },
  'clock behind': { strike: nothing, mend: nothing },
};

function manner(name: Front['manner']): Doing {
  return {
    front: true,
    strike: ({ front }) => void (front.manner = name),
    mend: ({ front }) => void (front.manner = 'open'),
  };
}
