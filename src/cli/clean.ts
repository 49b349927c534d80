import { constants, hostname } from 'node:os';
import { localChannels } from '../build/clean/local-channels.ts';
import { sweepHost, type SweepOptions } from '../build/clean/sweep-host.ts';
import { sweepRunner } from '../build/clean/sweep-runner.ts';
import type { Sweep, Swept } from '../build/clean/swept.ts';
import type { StopSignals } from '../build/stop-signals.ts';
import type { Host } from '../model/host.ts';
import type { Outcome } from '../model/outcome.ts';
import { cleanTitle } from '../report/clean-text.ts';
import { workflowLog } from '../report/standard-streams.ts';
import { channelsTo, type HostChannels } from '../ssh/channels.ts';
import type { Login } from '../ssh/login.ts';
import { encode } from '../util/bytes.ts';
import { deferred } from '../util/deferred.ts';
import { cleanTable, type Cleaned } from './clean-table.ts';
import { print } from './print.ts';
import { tell } from './tell.ts';

/** Of what is found out about keys and hosts on the way, in characters. */
const NOTICE_LIMIT = 2000;

/** Seconds for one machine, and directories there: somebody waits for it, and wants all of it gone. */
const LIMIT_S = 300;
const MOST = 100_000;

const STOPPED = 'the clean-up was ended before it was through';

export interface CleanCall {
  /** Those of the matrix; those that are this machine need not be among them. */
  readonly hosts: readonly Host[];
  /** Not needed without ssh hosts. */
  readonly login: Login | undefined;
  /** Seconds: what is younger stays; undefined: everything goes that nobody has. */
  readonly staleAfter: number | undefined;
  readonly signals: StopSignals;
  /** The table goes into a workflow's log. */
  readonly inWorkflow: boolean;
}

/**
 * `--clean` (B13): removes what runs that are gone have left on this machine and on every host, and prints what was found. What a
 * run has is never touched, nor what waits for the next run.
 *
 * @returns status 0; 1 when something that is of no use to anybody is still there, or a host was not reached
 */
export async function clean({ hosts, login, staleAfter = 0, signals, inWorkflow }: CleanCall): Promise<Outcome> {
  const remote = hosts.filter((host) => !host.local);
  if (!login && remote.length > 0) throw new Error('Internal error: ssh hosts are to be cleaned without a login');
  login?.notices.listen((text) => tell(cleanTitle(text, NOTICE_LIMIT)));
  const options: SweepOptions = { staleAfter, limit: LIMIT_S, most: MOST, sizes: true };
  const stop = deferred<Sweep>();
  let stopped: NodeJS.Signals | undefined;
  signals.onSignal((name) => {
    stopped = name;
    stop.resolve({ found: [], trouble: STOPPED });
  });
  const look = async (
    name: string,
    channels: HostChannels,
    more: readonly Promise<readonly Swept[]>[] = [],
  ): Promise<Cleaned> => {
    const all = Promise.all([sweepHost(channels, options), ...more]);
    const whole = all.then(([{ found, trouble }, ...others]) => ({ found: [...others.flat(), ...found], trouble }));
    const done = await Promise.race([whole, stop.promise]);
    channels.close();
    return { name, ...done };
  };
  const cleaned = await Promise.all([
    look(`${hostname()} (here)`, localChannels(), [sweepRunner(staleAfter)]),
    ...(login ? remote.map((host) => look(host.name, channelsTo(host, login))) : []),
  ]);
  const { text, isClean } = cleanTable(cleaned);
  if (inWorkflow) workflowLog().text(text);
  else print(encode(text));
  if (stopped !== undefined) return { kind: 'signaled', signal: constants.signals[stopped] };
  return { kind: 'exited', status: isClean ? 0 : 1 };
}
