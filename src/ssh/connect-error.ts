import type { Host } from '../model/host.ts';
import type { Credentials } from './keys.ts';

/** What ssh2 reports when a connection does not come up; `level` tells the step that failed. */
export interface ConnectError extends Error {
  readonly level?: string;
  readonly code?: string;
}

interface Attempt {
  readonly host: Host;
  readonly username: string;
  readonly login: { readonly credentials: Credentials; readonly timeout: number };
}

/** Why a host could not be reached, and what to do about it. */
export function describeConnectError(error: ConnectError, { host, username, login }: Attempt): string {
  switch (error.level) {
    case 'client-authentication': {
      const { agent, keys } = login.credentials;
      const tried = [
        ...(agent === undefined ? [] : ['the ssh agent']),
        ...keys.map((key) => `${key.source} (${key.fingerprint})`),
      ];
      if (tried.length === 0)
        return `there is no key to log in with as ${username}: give one in ssh-private-key, or start an ssh agent`;
      return `it refused the login as ${username}; tried: ${tried.join(', ')}. One of these keys must be in ~${username}/.ssh/authorized_keys there`;
    }
    case 'client-timeout':
      return `it did not answer within ${login.timeout / 1000} s`;
    case 'client-socket':
      return describeSocketError(error, host);
    default:
      return error.message;
  }
}

function describeSocketError(error: ConnectError, host: Host): string {
  switch (error.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host.address} is not known here (${error.code})`;
    case 'ECONNREFUSED':
      return `nothing listens on port ${host.port ?? 22} there (ECONNREFUSED): is sshd running?`;
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return `there is no way to ${host.address} from here (${error.code})`;
    case 'ETIMEDOUT':
      return `${host.address} does not answer on port ${host.port ?? 22} (ETIMEDOUT)`;
    default:
      return error.message;
  }
}
