import { getInput } from '@actions/core';
import { cleanHost } from '../build/clean-host.ts';
import { leftBehind } from '../build/left-behind.ts';
import { loadLogin } from '../build/login.ts';
import type { Host } from '../model/host.ts';
import { maskSecrets } from '../report/masks.ts';
import type { WorkflowLog } from '../report/workflow-commands.ts';
import { channelsTo, type HostChannels } from '../ssh/channels.ts';
import type { Login } from '../ssh/login.ts';
import { sweepTemporaries } from '../stage/home/temporary.ts';
import { encode } from '../util/bytes.ts';
import { durationText } from '../util/duration.ts';
import { UserError } from '../util/user-error.ts';
import { readPostInputs, type PostInputs } from './inputs.ts';
import { loadRunState, type RunState } from './state.ts';

/** A staging directory that is still there, and why. */
interface Left {
  readonly host: Host;
  readonly directory: string;
  readonly reason: string;
}

/**
 * The body of post: removes this run's staging directories from all hosts, and what a killed main had under other names in the
 * workspace, whatever became of main. What it cannot remove it names, with what becomes of it. Ends the process; it never
 * fails the job, and no connection keeps it alive.
 */
export async function cleanup(log: WorkflowLog): Promise<never> {
  const workspace = process.env['GITHUB_WORKSPACE'];
  if (workspace) sweepTemporaries(encode(workspace));
  try {
    const inputs = readPostInputs((name) => getInput(name, { trimWhitespace: false }));
    const state = loadRunState(inputs.sshPrivateKey);
    if (state === 'changed') log.warning(changed(inputs));
    else if (state !== undefined && state.hosts.length > 0) await cleanHosts(log, state, inputs);
  } catch (error) {
    log.warning(`nothing was removed: internal error, please report it: ${String((error as Error).stack)}`);
  }
  log.finish();
  process.exit(0);
}

async function cleanHosts(log: WorkflowLog, { hosts }: RunState, inputs: PostInputs): Promise<void> {
  const { sshPrivateKey, sshPassphrase, hostTimeout, staleAfter } = inputs;
  maskSecrets([sshPrivateKey, sshPassphrase]);
  let left: readonly Left[];
  try {
    const login = await loadLogin({ ...inputs, timeout: hostTimeout * 1000 });
    login.notices.listen((text) => log.notice(text));
    left = (await Promise.all(hosts.map((one) => cleanOne(one, login)))).flat();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    left = hosts.flatMap(({ host, directories }) =>
      directories.map((directory) => ({ host, directory, reason: error.message })),
    );
  }
  for (const { host, directory, reason } of left) log.warning(leftBehind(host.name, directory, reason, staleAfter));
  const remains = new Set(left.map(({ host, directory }) => `${host.name}:${directory}`));
  const gone = hosts
    .flatMap(({ host, directories }) => directories.map((directory) => `${host.name}:${directory}`))
    .filter((one) => !remains.has(one));
  if (gone.length > 0) log.text(`removed ${gone.join(', ')}\n`);
}

/** All directories of one host over one connection. Never rejects. */
async function cleanOne({ host, directories }: RunState['hosts'][number], login: Login): Promise<readonly Left[]> {
  const timeout = host.timeout === undefined ? login.timeout : host.timeout * 1000;
  const channels = channelsTo(host, login);
  const reached = answering(channels, timeout);
  const left = await Promise.all(
    directories.map(async (directory) => {
      const reason = await cleanHost(reached, directory);
      return reason === undefined ? [] : [{ host, directory, reason }];
    }),
  );
  channels.close();
  return left.flat();
}

/** Who connects knows better why there is no answer, and gives up first. */
const LATER_MS = 500;

/**
 * However many hops and logins there are on the way: a host that does not answer costs its timeout once.
 *
 * @param timeout ms
 */
function answering(channels: HostChannels, timeout: number): HostChannels {
  return {
    exec: (command) => {
      const answer = channels.exec(command);
      // It may still come when nobody waits any more.
      answer.catch(() => undefined);
      let timer: NodeJS.Timeout;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`it did not answer within ${timeout / 1000} s`)), timeout + LATER_MS);
      });
      return Promise.race([answer, late]).finally(() => clearTimeout(timer));
    },
    close: () => channels.close(),
  };
}

function changed({ staleAfter }: PostInputs): string {
  return (
    'what main has saved for this step is not what it finds (or the input ssh-private-key has changed since): nothing is removed ' +
    `from the hosts. The next run there removes what this one left when it is ${durationText(staleAfter)} old`
  );
}
