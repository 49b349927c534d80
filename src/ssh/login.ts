import type { SshConfig } from './config.ts';
import type { Hops } from './hops.ts';
import type { HostKeys } from './host-keys.ts';
import type { KeyRing } from './key-ring.ts';
import type { Credentials } from './keys.ts';
import type { Notices } from './notices.ts';

/** What one needs to log in to any host of the matrix. */
export interface Login {
  readonly credentials: Credentials;
  readonly config: SshConfig;
  readonly keyRing: KeyRing;
  readonly hostKeys: HostKeys;
  readonly hops: Hops;
  /** What is found out while hosts are reached. */
  readonly notices: Notices;
  /** The user's home directory. */
  readonly home: string;
  /** Milliseconds until a host that does not answer is given up, at the start and later. */
  readonly timeout: number;
}
