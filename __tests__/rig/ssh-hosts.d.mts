/** What one test host is to be. */
export interface HostSpec {
  /** Its hostname, unique in a rig. */
  readonly name: string;
  /** Who logs in: root, or a user that exists on the test hosts alone. Default `unprivileged`. */
  readonly user?: 'root' | 'unprivileged';
  /** Capacity in the matrix. Default 4. */
  readonly slots?: number;
  /** Default 2022. */
  readonly port?: number;
  /**
   * Directories that are empty on the host, besides /tmp, /var/tmp, /dev/shm, /run, /home and /root, which are its own anyway.
   * They must exist on this machine and hold no blanks.
   */
  readonly hide?: readonly string[];
  /** The login shell of root and of the unprivileged user there. Default /bin/sh. */
  readonly loginShell?: string;
  /** Nobody who logs in can make a namespace of any kind: users get EPERM, root lacks CAP_SYS_ADMIN. */
  readonly noUserNamespaces?: boolean;
  /** Default sshd. Of dropbear `noUserNamespaces`, `ipv6` and `sshdConfig` are not heeded. */
  readonly server?: 'sshd' | 'dropbear';
  /** It has an address of IPv6 too, and listens on it. */
  readonly ipv6?: boolean;
  /** Options of the tmpfs at its /tmp: `size=8m`, `nr_inodes=100`. */
  readonly tmp?: string;
  /**
   * Seconds by which the clock of everything that is started by a login is ahead of ours, below 0: behind. Not of what `exec` runs.
   */
  readonly clockOff?: number;
  /** Lines for sshd_config; they win over the rig's own. */
  readonly sshdConfig?: readonly string[];
}

export interface SshHostsOptions {
  readonly hosts: readonly HostSpec[];
  /** Directories of control groups (blank-separated) that all processes of all hosts join. */
  readonly cgroups?: string;
}

/** One running host. */
export interface NamespaceHost {
  readonly name: string;
  readonly address: string;
  /** Empty without `ipv6`. */
  readonly address6: string;
  readonly port: number;
  readonly slots: number;
  /** The name to log in with. */
  readonly login: string;
  /** The interface on this machine's side. */
  readonly link: string;
  /** Its first process, as this machine numbers it. */
  readonly initPid: number;
  /** Runs a shell command there as root, past ssh and all restrictions, and gives its stdout; throws when it fails. */
  exec(command: string, options?: { readonly check?: boolean }): string;
  /**
   * Waits there, as root, until a shell condition holds, and runs a command at that moment. Asks a hundred times a second.
   * False: the host has ended first, or `signal` said that nobody waits any more.
   */
  when(condition: string, options?: { readonly command?: string; readonly signal?: AbortSignal }): Promise<boolean>;
  /** Power off: every process there ends at once. */
  kill(): Promise<void>;
  /** After `kill`: it comes up with its address and its keys, and nothing else of what it held. */
  boot(): Promise<void>;
  /** It hangs: no process runs any more, while its kernel goes on acknowledging what it receives. */
  freeze(): void;
  /** After `freeze`. */
  thaw(): void;
  /** Kills the sessions of the ssh server, not the one that listens: connections are reset. */
  dropSessions(): void;
  /** How much its link carries in each direction, in megabits a second; undefined: as much as it can. */
  limitRate(megabits: number | undefined): void;
  /** No byte more gets into /tmp. */
  fillTmp(): void;
  /** After `fillTmp`. */
  emptyTmp(): void;
  /** /tmp can be read and not written, or both again. */
  remountTmp(how: 'ro' | 'rw'): void;
  /** No process that a login has started can make another, and no new login succeeds; root is not held back. */
  forbidForks(): void;
  /** They can again. */
  allowForks(): void;
  /** Ends sshd's listening process alone: connections that stand go on, new ones are refused. */
  stopListening(): void;
  /** Starts sshd again after `stopListening`. */
  listen(): Promise<void>;
  /** Cable pulled: packets vanish in both directions, nobody hears of it. */
  cut(): void;
  /** The cable is put back. */
  mend(): void;
  /** What sshd logged since it was started last. */
  log(): string;
  /** `[address]:port type key`. */
  knownHostsLine(): string;
  /** `user@address:port slots`. */
  matrixLine(): string;
  dispose(): Promise<void>;
}

/** The name of the unprivileged user of the test hosts. */
export const TEST_USER: string;
/** Interfaces of test hosts start so. */
export const INTERFACE_PREFIX: string;

/**
 * Real OpenSSH servers on this machine that behave like machines of their own: own network, processes, mounts, hostname,
 * /tmp and homes; compilers and other programs are this machine's. Needs root or sudo without a password, and Linux.
 * Hosts end with this process, however it ends; what is left of the folders of dead runs is removed by the next start.
 */
export class SshHosts {
  static start(options: SshHostsOptions): Promise<SshHosts>;
  /** Holds the keys and a folder for each host; world-readable but for the keys. */
  readonly folder: string;
  readonly hosts: readonly NamespaceHost[];
  readonly privateKeyFile: string;
  /** OpenSSH format, no passphrase. */
  readonly privateKey: string;
  /** One line a host. */
  readonly matrix: string;
  /** One line a host. */
  readonly knownHosts: string;
  host(name: string): NamespaceHost;
  dispose(): Promise<void>;
}
