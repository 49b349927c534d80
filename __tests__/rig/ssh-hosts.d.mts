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
  /** Power off: every process there ends at once. */
  kill(): Promise<void>;
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
