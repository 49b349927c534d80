import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { getInput } from '@actions/core';
import { build } from '../build/build.ts';
import { checkHosts } from '../build/check/check-hosts.ts';
import { exitLike } from '../build/exit.ts';
import { DMAKE_NAMES } from '../build/dmake-settings.ts';
import { planFarm } from '../build/farm-plan.ts';
import { loadLogin } from '../build/login.ts';
import { RunTimesFile } from '../build/run-times-file.ts';
import { settle, type SettingsWish } from '../build/settings.ts';
import { stagingName } from '../build/staging-name.ts';
import { StopSignals } from '../build/stop-signals.ts';
import { ownEnvironment } from '../make/environment.ts';
import { makefileMacros } from '../make/makefile-macros.ts';
import { privateFields } from '../hosts/private-fields.ts';
import { findMake } from '../make/real-make.ts';
import type { Host } from '../model/host.ts';
import type { Outcome } from '../model/outcome.ts';
import { readProblemMatchers } from '../report/annotations/read-problem-matchers.ts';
import { checkTable } from '../report/check-table.ts';
import { maskSecrets } from '../report/masks.ts';
import type { WorkflowLog } from '../report/workflow-commands.ts';
import { encode } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { forgetInputs } from './forget-inputs.ts';
import { forkOf } from './fork.ts';
import { checkInputs, readInputs } from './inputs.ts';
import { askedJobs } from './jobs.ts';
import { checkMakefile } from './makefile.ts';
import { ActionReports, reportDirectory } from './reports.ts';
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
  forgetInputs(process.env);
  await checkInputs(inputs);
  const wish = resolved(inputs.settings);
  const { bulk } = inputs;
  const jobs = askedJobs(inputs);
  await checkMakefile(wish);
  const make = await findMake(wish.make, encode(process.env['PATH'] ?? ''));
  const words = makeWords(wish);
  const environment = ownEnvironment();
  const directory = wish.workingDirectory;
  const stranger = inputs.sshPrivateKey === undefined ? forkOf(process.env) : undefined;
  const keptHere = stranger === undefined ? undefined : describeStranger(stranger);
  if (keptHere !== undefined && wish.fallback === 'never')
    throw new UserError(`${keptHere}, and fallback is never: nothing is built`);
  const plan = await planFarm(keptHere === undefined ? { ...inputs.farm, jobs } : { ...NO_FARM, jobs }, {
    macros: await makefileMacros(DMAKE_NAMES, {
      make,
      arguments: words.map(encode),
      directory: encode(directory),
      environment,
    }),
    environment: process.env,
    home: homedir(),
    directory,
    makehosts: 'plain',
  });
  const { hosts } = plan;
  const secrets = privateFields(hosts);
  maskSecrets(secrets);
  const remote = hosts.filter((host) => !host.local);
  const login = remote.length > 0 ? await loadLogin({ ...inputs, timeout: wish.hostTimeout * 1000 }) : undefined;
  const matchers = readProblemMatchers(inputs.problemMatchers);
  // Not before all that can be wrong has been looked at.
  const report = reportDirectory(inputs);
  const own = [bulk, report].filter((one) => one !== undefined);
  const settings = settle(wish, plan, own);
  const timesFile = new RunTimesFile(settings.root);
  const times = await timesFile.read();
  const { sshPrivateKey, sshPassphrase } = inputs;
  const reports = new ActionReports({
    log,
    settings,
    inputs,
    matchers,
    directory: report,
    secrets: [sshPrivateKey, sshPassphrase, ...secrets],
    times,
  });
  if (report !== undefined) reports.setReport(report);
  const sink = reports.handle;
  const notice = (text: string): void => sink({ type: 'message', level: 'notice', text });
  for (const text of plan.warnings) sink({ type: 'message', level: 'warning', text });
  for (const text of plan.notices) notice(text);
  if (plan.remark !== undefined && !plan.notices.includes(plan.remark)) notice(plan.remark);
  if (keptHere !== undefined) notice(`${keptHere}, and everything runs on the runner`);
  else if (!plan.matrix && plan.remark === undefined && plan.notices.length === 0) notice(NO_MATRIX);
  for (const text of login?.credentials.notices ?? []) notice(text);
  login?.notices.listen(notice);

  const staging = stagingName(new Date());
  const used = new Map<Host, readonly string[]>();
  const onHostUsed = (host: Host, directories: readonly string[]): void => {
    used.set(host, directories);
    saveRunState(used, inputs.sshPrivateKey);
  };
  try {
    if (inputs.debug && hosts.length > 0) {
      const stop = new AbortController();
      signals.onSignal(() => stop.abort());
      const { signal } = stop;
      const found = await checkHosts({ settings, hosts, login, environment, staging, onHostUsed, signal });
      log.group('Hosts', checkTable(found, true));
    }
    return await build({
      settings,
      plan,
      login,
      make,
      arguments: words,
      bulk,
      jobs: plan.jobs ?? (jobs === 'unlimited' ? 'places' : (jobs ?? 'places')),
      staging,
      piped: true,
      spool: reports.spool,
      showsTotal: settings.log !== 'plain',
      onHostUsed,
      cleanUp: 'when stopped',
      patience: STOP_S,
      sink,
      onSignal: (stop) => signals.onSignal(stop),
    });
  } finally {
    reports.finish();
    times.add(reports.record, Date.now());
    await timesFile.write(times);
  }
}

function makeWords({ makefile, arguments: words, targets }: SettingsWish): readonly string[] {
  return [...(makefile === undefined ? [] : ['-f', makefile]), ...words, ...targets];
}

/** The runner sends SIGINT, 7.5 s later SIGTERM, and kills all that is left 2.5 s after that. What is left to do then takes a moment. */
const STOP_S = 8;

const NO_FARM = { matrix: { kind: 'none' }, format: undefined, group: undefined } as const;

/** Its makefile and its matrix are a stranger's: they get no use of keys and agents that this machine happens to have. */
function describeStranger(what: string): string {
  return `this run is for ${what}, and has no ssh-private-key (GitHub gives such runs no secrets): no host is contacted`;
}

const NO_MATRIX =
  'there is no host matrix (input hosts or hosts-file, DMAKE_RCFILE, D1MAKE_HOSTS, ~/.dmakerc or ~/.makehosts): everything runs on the runner';

/** Processes see the real path of where they are: the workspace must go by the same name. */
function resolved(settings: SettingsWish): SettingsWish {
  return {
    ...settings,
    root: realpathSync(settings.root),
    workingDirectory: realpathSync(settings.workingDirectory),
  };
}

function describeBug(error: unknown): string {
  return `Internal error, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
