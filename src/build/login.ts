import { homedir } from 'node:os';
import { SshConfig } from '../ssh/config.ts';
import { Hops } from '../ssh/hops.ts';
import { HostKeys } from '../ssh/host-keys.ts';
import { KeyRing } from '../ssh/key-ring.ts';
import { loadKeys } from '../ssh/keys.ts';
import type { Login } from '../ssh/login.ts';
import { Notices } from '../ssh/notices.ts';

/** Until a host that does not answer is given up. */
const TIMEOUT_MS = 15_000;

/** What the user gave to log in with; undefined: the usual places of ssh. */
export interface LoginInputs {
  readonly sshPrivateKey: string | undefined;
  readonly sshPassphrase: string | undefined;
  /** Lines of known_hosts; `accept-new` alone on a line accepts keys that are not known. */
  readonly knownHosts: string | undefined;
  /** Default: the user's. */
  readonly home?: string;
  /** Where the machine's ssh_config lies; default /etc/ssh. */
  readonly systemFolder?: string;
  /** Default: SSH_AUTH_SOCK. */
  readonly agentSocket?: string | undefined;
  /** Milliseconds until a host that does not answer is given up; default 15 s. */
  readonly timeout?: number;
}

/** @throws UserError for a key, a passphrase or an ssh configuration that is wrong */
export async function loadLogin(inputs: LoginInputs): Promise<Login> {
  const { sshPrivateKey, sshPassphrase: passphrase, knownHosts, systemFolder, timeout = TIMEOUT_MS } = inputs;
  const home = inputs.home ?? homedir();
  const agentSocket = 'agentSocket' in inputs ? inputs.agentSocket : process.env['SSH_AUTH_SOCK'];
  const notices = new Notices();
  const hostKeys = new HostKeys({ input: knownHosts, home, notices });
  const [credentials, config] = await Promise.all([
    loadKeys({ text: sshPrivateKey, passphrase, agentSocket, home }),
    SshConfig.load({
      home,
      ...(systemFolder === undefined ? {} : { system: systemFolder }),
      onNotice: (text) => notices.add(text),
    }),
    hostKeys.load(),
  ]);
  const given = sshPrivateKey !== undefined && sshPrivateKey.trim() !== '';
  const keyRing = new KeyRing({ credentials, given, passphrase, agentSocket, home, notices });
  return { credentials, config, keyRing, hostKeys, hops: new Hops(), notices, home, timeout };
}
