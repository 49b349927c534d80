import { constants } from 'node:os';
import { checkHosts } from '../build/check/check-hosts.ts';
import { ENDED } from '../build/check/in-time.ts';
import type { FarmPlan } from '../build/farm-plan.ts';
import { stagingName } from '../build/staging-name.ts';
import type { StopSignals } from '../build/stop-signals.ts';
import type { HostReport } from '../model/host-report.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Settings } from '../model/settings.ts';
import { cleanTitle } from '../report/clean-text.ts';
import { checkTable } from '../report/check-table.ts';
import { workflowLog } from '../report/standard-streams.ts';
import type { Login } from '../ssh/login.ts';
import { encode, type Bytes } from '../util/bytes.ts';
import { print } from './print.ts';
import { tell } from './tell.ts';

/** Of what is found out about keys and hosts on the way, in characters. */
const NOTICE_LIMIT = 2000;

export interface CheckCall {
  readonly settings: Settings;
  readonly plan: FarmPlan;
  /** Not needed without ssh hosts. */
  readonly login: Login | undefined;
  /** That of make, as `NAME=value`. */
  readonly environment: readonly Bytes[];
  readonly signals: StopSignals;
  /** The table goes into a workflow's log. */
  readonly inWorkflow: boolean;
}

/** `--check`: tries every host and prints what is found, stopped early what is known by then. Status 0 when all can take jobs, else 1, also without any. */
export async function check({ settings, plan, login, environment, signals, inWorkflow }: CheckCall): Promise<Outcome> {
  const { hosts } = plan;
  if (hosts.length === 0) {
    tell(
      'there are no hosts to check: name a matrix with -c FILE (~/.makehosts counts with -j alone: put -j4 behind --check)',
    );
    return { kind: 'exited', status: 1 };
  }
  login?.notices.listen((text) => tell(cleanTitle(text, NOTICE_LIMIT)));
  const stopping = new AbortController();
  let stopped: NodeJS.Signals | undefined;
  signals.onSignal((name) => {
    stopped = name;
    stopping.abort();
  });
  const reports = await checkHosts({
    settings,
    hosts,
    login,
    environment,
    staging: stagingName(new Date()),
    onHostUsed: () => undefined,
    signal: stopping.signal,
  });
  const isOpen = ({ problem }: HostReport): boolean => problem === ENDED;
  const table = checkTable(reports, inWorkflow, { columns: process.stdout.columns, isOpen });
  if (inWorkflow) workflowLog().text(table);
  else print(encode(table));
  if (stopped !== undefined) return { kind: 'signaled', signal: constants.signals[stopped] };
  return { kind: 'exited', status: reports.every(({ problem }) => problem === undefined) ? 0 : 1 };
}
