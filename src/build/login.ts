import { homedir } from 'node:os';
import type { Login } from '../ssh/connection.ts';
import { loadKeys } from '../ssh/keys.ts';
import { loadKnownHosts } from '../ssh/known-hosts.ts';

/** Until a host that does not answer is given up. */
const TIMEOUT_MS = 15_000;

/** What the user gave to log in with; undefined: the usual places of ssh. */
export interface LoginInputs {
  readonly sshPrivateKey: string | undefined;
  readonly sshPassphrase: string | undefined;
  readonly knownHosts: string | undefined;
}

/** @throws UserError for a key or a passphrase that is wrong */
export async function loadLogin(inputs: LoginInputs): Promise<Login> {
  const home = homedir();
  const [credentials, knownHosts] = await Promise.all([
    loadKeys({
      text: inputs.sshPrivateKey,
      passphrase: inputs.sshPassphrase,
      agentSocket: process.env['SSH_AUTH_SOCK'],
      home,
    }),
    loadKnownHosts(inputs.knownHosts, home),
  ]);
  return { credentials, knownHosts, timeout: TIMEOUT_MS };
}
