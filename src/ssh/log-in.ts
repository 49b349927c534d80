import { Client, type AnyAuthMethod } from 'ssh2';
import { LeftOut } from '../engine/left-out.ts';
import { deferred } from '../util/deferred.ts';
import { closedFault, connectFault, type Attempt, type ConnectError, type LoginStep } from './connect-error.ts';
import { hostKeyAlgorithms } from './host-key.ts';
import type { HostKeyCheck } from './host-keys.ts';
import type { HostSettings } from './host-settings.ts';
import { gateIdent } from './ident-gate.ts';
import type { LoginPlan } from './key-ring.ts';
import { withWords } from './program-words.ts';
import { questionInterval } from './pulse.ts';
import type { Route } from './route.ts';
import { STOPPED } from './within-time.ts';

interface LogInOptions {
  readonly route: Route;
  readonly settings: HostSettings;
  readonly plan: LoginPlan;
  readonly check: HostKeyCheck;
  /** ms, for all of it: to connect, to agree on keys, to log in. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Speaks ssh on a route until the login is through. From then on the client asks whether the other end lives, and leaves it to others to
 * judge by the answers. Rejects with a reason for people, a LeftOut where another try would end in the same way; the route is closed then.
 */
export async function logIn({ route, settings, plan, check, timeout, signal }: LogInOptions): Promise<Client> {
  const client = new Client();
  const { stream } = route;
  const ready = deferred<undefined>();
  let step: LoginStep = 'connect';
  let [tried, refused] = [0, 0];
  let refusal: string | undefined;
  const attempt = (): Attempt => ({ settings, plan, timeout, step, refused });
  const stop = (): void => ready.reject(new Error(STOPPED));
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  gateIdent(stream, () => (step = 'keys'));
  client.once('connect', () => (step = 'ident'));
  client.once('handshake', () => (step = 'login'));
  client.once('ready', () => ready.resolve(undefined));
  client.once('error', (error: ConnectError) => {
    ready.reject(refusal === undefined ? connectFault(error, attempt()) : new LeftOut(refusal));
  });
  // A second one may follow: nobody waits for it.
  client.on('error', () => undefined);
  client.once('close', () => ready.reject(closedFault(attempt())));
  client.connect({
    sock: stream,
    username: settings.username,
    readyTimeout: timeout,
    keepaliveInterval: questionInterval(timeout),
    keepaliveCountMax: Infinity,
    algorithms: { serverHostKey: hostKeyAlgorithms(check.types) },
    authHandler: (_left, partly: boolean | null): AnyAuthMethod | false => {
      if (tried > 0 && partly !== true) refused++;
      return plan.methods[tried++] ?? false;
    },
    hostVerifier: (key: Buffer) => {
      refusal = check.refuse(key);
      return refusal === undefined;
    },
  });
  try {
    await ready.promise;
    return client;
  } catch (error) {
    // The client may have ended its own side already, and would then never let go of a host that says nothing.
    stream.destroy();
    throw withWords(error as Error, await route.said(), 'its ProxyCommand said:');
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
