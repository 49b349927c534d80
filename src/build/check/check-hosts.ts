import type { Host } from '../../model/host.ts';
import type { HostReport } from '../../model/host-report.ts';
import type { Settings } from '../../model/settings.ts';
import type { Login } from '../../ssh/login.ts';
import type { Bytes } from '../../util/bytes.ts';
import { stageFor } from '../stage-for.ts';
import { toolCheck } from '../toolchain.ts';
import { checkLocalHost } from './check-local-host.ts';
import { checkSshHost } from './check-ssh-host.ts';
import type { CheckLimits, CheckWorld } from './check-world.ts';

const LIMITS: CheckLimits = { start: 60_000, question: 10_000 };

/** What is excluded where nothing is to be sent. */
const EVERYTHING = ['*'];

export interface CheckOptions {
  readonly settings: Settings;
  /** As the build would use them, in matrix order. */
  readonly hosts: readonly Host[];
  /** Not needed without ssh hosts. */
  readonly login: Login | undefined;
  /** That of make, as `NAME=value`. */
  readonly environment: readonly Bytes[];
  /** What the names of the staging directories begin with; they are gone at the end. */
  readonly staging: string;
  /** Told of each ssh host before anything is made there. */
  readonly onHostUsed: (host: Host, directories: readonly string[]) => void;
  /** Ends it early: what was made on hosts is removed all the same. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<CheckLimits>;
}

/**
 * Finds out for each host whether it would take jobs of a build with these settings, all at the same time. The workspace is not
 * sent. A host that does not answer is given up after a while and holds up no other.
 *
 * @returns one report a host, in matrix order
 */
export async function checkHosts(options: CheckOptions): Promise<readonly HostReport[]> {
  const { settings, hosts, login, environment, limits } = options;
  const sshHosts = hosts.filter((host) => !host.local);
  if (!login && sshHosts.length > 0) throw new Error('Internal error: ssh hosts are to be checked without a login');
  const world = { onSkipped: () => undefined, recipesOf: () => [] };
  const { stage, token, forgetToken } = stageFor({ ...settings, exclude: EVERYTHING }, world);
  const full = settings.staging === 'none' || sshHosts.length === 0 ? undefined : stageFor(settings, world);
  const tools = toolCheck(settings, sshHosts, environment);
  tools.start();
  const shared: CheckWorld = {
    ...options,
    tools,
    stage,
    token,
    survey: Promise.resolve(full?.stage.survey()).catch(() => undefined),
    limits: { ...LIMITS, ...limits },
  };
  try {
    return await Promise.all(
      hosts.map((host) => (host.local || !login ? checkLocalHost(host, shared) : checkSshHost(host, login, shared))),
    );
  } finally {
    forgetToken();
  }
}
