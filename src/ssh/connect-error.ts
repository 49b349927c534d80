import { LeftOut } from '../engine/left-out.ts';
import { excerpt } from '../util/excerpt.ts';
import type { HostSettings } from './host-settings.ts';
import type { LoginPlan } from './key-ring.ts';

/** What ssh2 reports when a connection does not come up; `level` tells the step that failed. */
export interface ConnectError extends Error {
  readonly level?: string;
  /** A number: why the server has ended the connection (RFC 4253, 11.1). */
  readonly code?: string | number;
}

/** How far a login has come. */
export type LoginStep = 'connect' | 'ident' | 'keys' | 'login';

/** A connection that is being made. */
export interface Attempt {
  readonly settings: HostSettings;
  readonly plan: LoginPlan;
  /** ms */
  readonly timeout: number;
  readonly step: LoginStep;
  /** Keys that the server has refused so far. */
  readonly refused: number;
}

/** What is in the way for people; a LeftOut where it would be there the next time too. */
export function connectFault(error: ConnectError, attempt: Attempt): Error {
  const { settings, plan, refused, step } = attempt;
  const { level, code, message } = error;
  if (level === 'client-authentication') return new LeftOut(describeRefusal(settings.username, plan));
  if (level === 'client-timeout') return new Error(describeSilence(attempt));
  if (level === 'agent') return new Error(`the ssh agent failed (${message})`);
  const ended = typeof code === 'number';
  // Who tries again and again with keys that are refused is locked out, and others with him.
  const broke = ended || code === 'ECONNRESET';
  if (step === 'login' && ((broke && refused > 0) || (ended && /too many auth/i.test(message))))
    return new LeftOut(describeRefusal(settings.username, plan, message));
  if (level === 'client-socket') return new Error(describeSocketError(error, settings));
  if (ended) return new Error(`it ended the connection: ${excerpt(message, 200)}`);
  if (level === 'handshake' && message.includes('no matching'))
    return new LeftOut(`it and this client do not know the same algorithms of ssh (${message})`);
  return new Error(`it does not keep to the protocol of ssh (${message})`);
}

/** The server has closed the connection without a word. */
export function closedFault({ settings, plan, refused }: Attempt): Error {
  const closed = 'it closed the connection before the login was through';
  return refused === 0 ? new Error(closed) : new LeftOut(describeRefusal(settings.username, plan, closed));
}

function describeSilence({ step, timeout }: Attempt): string {
  const within = `within ${timeout / 1000} s`;
  switch (step) {
    case 'connect':
      return `it did not answer ${within}`;
    case 'ident':
      return `it took the connection, but said nothing of ssh ${within}`;
    case 'keys':
      return `it agreed on no keys for the connection ${within}`;
    case 'login':
      return `it did not let us in ${within}`;
  }
}

function describeRefusal(username: string, { tried, certificates }: LoginPlan, said = ''): string {
  const hint =
    certificates.length === 0
      ? ''
      : `. ${certificates.join(', ')} cannot be shown to it: certificates are not supported here. ` +
        'With transport ssh in the matrix it is reached by ssh itself, which has them';
  if (tried.length === 0)
    return `there is no key to log in with as ${username}: give one in ssh-private-key, or start an ssh agent${hint}`;
  const words = said === '' ? '' : ` (${said})`;
  return `it refused the login as ${username}${words}; tried: ${tried.join(', ')}. One of these keys must be in ~${username}/.ssh/authorized_keys there${hint}`;
}

/** @param error of a socket */
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
