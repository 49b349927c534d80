import { appendFileSync, realpathSync } from 'node:fs';
import { getInput } from '@actions/core';
import { build } from '../build/build.ts';
import { exitLike } from '../build/exit.ts';
import { jobCount } from '../build/job-count.ts';
import { loadLogin } from '../build/login.ts';
import { stagingName } from '../build/staging-name.ts';
import { StopSignals } from '../build/stop-signals.ts';
import { findMake } from '../make/real-make.ts';
import type { BuildEvent } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Settings } from '../model/settings.ts';
import { FoldLog } from '../report/fold.ts';
import { SummaryLog } from '../report/summary.ts';
import type { WorkflowLog } from '../report/workflow-commands.ts';
import { encode } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { checkInputs, readInputs } from './inputs.ts';
import { checkMakefile } from './makefile.ts';
import { loadMatrix } from './matrix.ts';
import { writeOutputs } from './outputs.ts';
import { maskSecrets } from './secrets.ts';
import { saveRunState } from './state.ts';

/** The body of main. Ends the process: with make's status, 2 for an error of ours, or by the signal that stopped it. */
export async function run(log: WorkflowLog): Promise<never> {
  const signals = new StopSignals();
  let outcome: Outcome;
  try {
    outcome = await runBuild(log, signals);
  } catch (error) {
    log.error({}, error instanceof UserError ? error.message : describeBug(error));
    outcome = { kind: 'exited', status: 2 };
  }
  signals.release();
  log.finish();
  exitLike(outcome);
}

async function runBuild(log: WorkflowLog, signals: StopSignals): Promise<Outcome> {
  const inputs = readInputs((name) => getInput(name, { trimWhitespace: false }), process.env);
  maskSecrets([inputs.sshPrivateKey, inputs.sshPassphrase]);
  await checkInputs(inputs);
  const settings = resolved(inputs.settings);
  const matrix = await loadMatrix(inputs.hosts);
  const hosts = matrix ?? [];
  const jobs = jobCount(hosts, settings);
  await checkMakefile(settings);
  const make = await findMake(settings.make, encode(process.env['PATH'] ?? ''));
  const remote = hosts.filter((host) => !host.local);
  const login = remote.length > 0 ? await loadLogin(inputs) : undefined;

  const fold = new FoldLog({ log, mode: settings.log, root: encode(settings.root) });
  const summary = new SummaryLog();
  const sink = (event: BuildEvent): void => {
    fold.handle(event);
    summary.handle(event);
    if (event.type === 'run-finished') writeOutputs(event);
  };
  const notice = (text: string): void => sink({ type: 'message', level: 'notice', text });
  if (!matrix)
    notice('there is no host matrix (input hosts or hosts-file, or ~/.makehosts): everything runs on the runner');
  for (const text of login?.credentials.notices ?? []) notice(text);

  const staging = stagingName(new Date());
  const used: Host[] = [];
  const outcome = await build({
    settings,
    hosts,
    login,
    make,
    arguments: [
      ...(settings.makefile === undefined ? [] : ['-f', settings.makefile]),
      ...settings.arguments,
      ...settings.targets,
    ],
    jobs,
    staging,
    piped: true,
    onHostUsed: (host) => {
      used.push(host);
      saveRunState({ staging, hosts: used });
    },
    cleanUp: false,
    sink,
    onSignal: (stop) => signals.onSignal(stop),
  });
  fold.finish();
  const file = process.env['GITHUB_STEP_SUMMARY'];
  if (settings.summary && file) appendFileSync(file, summary.render());
  return outcome;
}

/** Processes see the real path of where they are: the workspace must go by the same name. */
function resolved(settings: Settings): Settings {
  return {
    ...settings,
    root: realpathSync(settings.root),
    workingDirectory: realpathSync(settings.workingDirectory),
  };
}

function describeBug(error: unknown): string {
  return `Internal error, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
