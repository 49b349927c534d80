import { getInput } from '@actions/core';
import { cleanHost } from '../build/clean-host.ts';
import { loadLogin } from '../build/login.ts';
import { stagingDirectory } from '../build/staging-name.ts';
import type { Host } from '../model/host.ts';
import { maskSecrets } from '../report/masks.ts';
import type { WorkflowLog } from '../report/workflow-commands.ts';
import { channelsTo } from '../ssh/channels.ts';
import { UserError } from '../util/user-error.ts';
import { readLoginInputs } from './inputs.ts';
import { loadRunState } from './state.ts';

/**
 * The body of post: removes this run's staging directory from every host, whatever became of main. What it cannot
 * reach it names, with what to do; it never fails the job.
 */
export async function cleanup(log: WorkflowLog): Promise<void> {
  const state = loadRunState();
  if (!state || state.hosts.length === 0) return;
  const { hosts } = state;
  const stagingOf = (host: Host): string => stagingDirectory(state.staging, host);
  const inputs = readLoginInputs((name) => getInput(name, { trimWhitespace: false }));
  maskSecrets([inputs.sshPrivateKey, inputs.sshPassphrase]);
  const left = (host: Host, reason: string): void => {
    log.warning(`${host.name}: ${stagingOf(host)} could not be removed: ${reason}. Remove it there by hand`);
  };
  try {
    const login = await loadLogin(inputs);
    login.notices.listen((text) => log.notice(text));
    const results = await Promise.all(
      hosts.map(async (host) => {
        const pool = channelsTo(host, login);
        const reason = await cleanHost(pool, stagingOf(host));
        pool.close();
        return { host, reason };
      }),
    );
    for (const { host, reason } of results) if (reason !== undefined) left(host, reason);
    const gone = results
      .filter(({ reason }) => reason === undefined)
      .map(({ host }) => `${host.name}:${stagingOf(host)}`);
    if (gone.length > 0) log.text(`removed ${gone.join(', ')}\n`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const host of hosts) left(host, error.message);
  }
}
