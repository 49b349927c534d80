import type { HostSettings } from './host-settings.ts';
import type { LoginPlan } from './key-ring.ts';

/** What ssh2 reports when a connection does not come up; `level` tells the step that failed. */
export interface ConnectError extends Error {
  readonly level?: string;
  readonly code?: string;
}

interface Attempt {
  readonly settings: HostSettings;
  readonly plan: LoginPlan;
  /** ms */
  readonly timeout: number;
}

/** Why a host could not be reached, and what to do about it. */
export function describeConnectError(error: ConnectError, { settings, plan, timeout }: Attempt): string {
  switch (error.level) {
    case 'client-authentication':
      return describeRefusal(settings.username, plan);
    case 'client-timeout':
      return `it did not answer within ${timeout / 1000} s`;
    case 'client-socket':
      return describeSocketError(error, settings);
    default:
      return error.message;
  }
}

function describeRefusal(username: string, { tried, certificates }: LoginPlan): string {
  const hint =
    certificates.length === 0
      ? ''
      : `. ${certificates.join(', ')} cannot be shown to it: certificates are not supported here. ` +
        'With transport ssh in the matrix it is reached by ssh itself, which has them';
  if (tried.length === 0)
    return `there is no key to log in with as ${username}: give one in ssh-private-key, or start an ssh agent${hint}`;
  return `it refused the login as ${username}; tried: ${tried.join(', ')}. One of these keys must be in ~${username}/.ssh/authorized_keys there${hint}`;
}

function describeSocketError(error: ConnectError, { endpoint: { address, port } }: HostSettings): string {
  switch (error.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${address} is not known here (${error.code})`;
    case 'ECONNREFUSED':
      return `nothing listens on port ${port} there (ECONNREFUSED): is sshd running?`;
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return `there is no way to ${address} from here (${error.code})`;
    case 'ETIMEDOUT':
      return `${address} does not answer on port ${port} (ETIMEDOUT)`;
    default:
      return error.message;
  }
}
