/** Where an ssh connection leads: `[user@]name[:port]`, IPv6 in brackets. */
export interface SshAddress {
  /** Host name, address, or an alias of the user's ssh configuration. */
  readonly address: string;
  readonly user: string | undefined;
  /** Undefined: what the ssh configuration says, else 22. */
  readonly port: number | undefined;
}

/** One machine of the host matrix. Pure configuration: nothing here changes during a run. */
export interface Host extends SshAddress {
  /** `[user@]name[:port]` as the matrix writes it, or the name that the matrix gives it. Unique in a matrix; what logs show. */
  readonly name: string;
  /** Jobs it may run at one time, 1 or more; undefined: as many as it has processors, which is known once it answers. */
  readonly slots: number | undefined;
  /** Bare `localhost`: the runner itself, no ssh. */
  readonly local: boolean;
  /** Line of the matrix, from 1. */
  readonly line: number;
  /** Directories that come first on its jobs' PATH, colon-separated; empty: none (dmake's `path`, D22). */
  readonly path: string;
  /** Hosts to go through, in order. Undefined: what the ssh configuration says. */
  readonly jump: readonly SshAddress[] | undefined;
  /** File with a private key for it, as the matrix names it (`~/` is the home directory). */
  readonly identity: string | undefined;
  /** Variables of its jobs. The values may be secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** Program and first arguments that give a byte stream to it instead of our own ssh (dmake's `rsh`, D22). */
  readonly transport: readonly string[] | undefined;
  /** Lines for sh before its jobs, what they assign is exported (d1make's D1MAKE_SERVER_SETUP, L2); empty: none. */
  readonly setup: string;
  /** Command for sh, run there once and first; its failure excludes the host (DPB's STARTUP, E15); empty: none. */
  readonly startup: string;
  /** Directory there that everything runs in as if it were `/`. */
  readonly chroot: string | undefined;
  /** Seconds until it is given up when it does not answer. */
  readonly timeout: number | undefined;
  /** How fast it is among the others: 1 to 50 (DPB's `sf`). */
  readonly speed: number;
  readonly labels: readonly string[];
  /** Its processor, as the matrix names it. One that differs from the runner's is left out. */
  readonly arch: string | undefined;
  /** Seconds without output after which a job is stuck (DPB's `stuck` times `sf`). */
  readonly stuck: number | undefined;
  /** Bytes of memory that its jobs may fill (DPB's `memory`). */
  readonly memory: number | undefined;
  /** Slots that one job may take (DPB's `parallel`, E14). */
  readonly parallel: number | `/${number}` | undefined;
  /** Without a file of its owner that caps jobs it takes none, as dmake has it (D12). */
  readonly needsOwnersFile: boolean;
}

/** What a matrix need not say of a host. */
export const HOST_DEFAULTS: Omit<Host, keyof SshAddress | 'name' | 'slots' | 'local' | 'line'> = {
  path: '',
  jump: undefined,
  identity: undefined,
  environment: {},
  transport: undefined,
  setup: '',
  startup: '',
  chroot: undefined,
  timeout: undefined,
  speed: 1,
  labels: [],
  arch: undefined,
  stuck: undefined,
  memory: undefined,
  parallel: undefined,
  needsOwnersFile: false,
};
