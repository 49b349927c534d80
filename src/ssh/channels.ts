import type { Duplex, Readable } from 'node:stream';
import type { Host } from '../model/host.ts';
import { inChroot } from './chroot.ts';
import { ControlPool } from './control-pool.ts';
import type { Login } from './login.ts';
import { Transport } from './transport.ts';

/** A command that runs on a host: its standard streams. */
export interface HostChannel extends Duplex {
  readonly stderr: Readable;
  /** Its exit status, when all that it has printed was read; undefined: a signal ended it, or the connection broke. */
  readonly exited: Promise<number | undefined>;
  /** Bytes that have come so far on the connection that it shares with others; absent where it shares none that we know. */
  readonly received?: () => number;
}

/** The way to start commands on one host. They are for its login shell, whichever that is, and begin with `exec `. */
export interface HostChannels {
  /** Rejects with an Error whose message is the reason, for people. */
  exec(command: string): Promise<HostChannel>;
  /** Ends all connections; a later `exec` makes a new one. */
  close(): void;
}

/** Over our own ssh, or over the program that the matrix names for this host; in the directory that it names as its root. */
export function channelsTo(host: Host, login: Login): HostChannels {
  const channels =
    host.transport === undefined ? new ControlPool(host, login) : new Transport(host, host.transport, login);
  return host.chroot === undefined ? channels : inChroot(channels, host.chroot);
}
