import { existsSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from '../build/build.ts';
import { exitLike } from '../build/exit.ts';
import { DMAKE_NAMES } from '../build/dmake-settings.ts';
import { planFarm, type FarmPlan } from '../build/farm-plan.ts';
import { loadLogin } from '../build/login.ts';
import { settle, type SettingsWish } from '../build/settings.ts';
import { stagingName } from '../build/staging-name.ts';
import { StopSignals } from '../build/stop-signals.ts';
import { describeMatrix } from '../hosts/describe.ts';
import { bmakeObstacle } from '../make/bmake/run.ts';
import { hasGoalWaits } from '../make/goal-waits.ts';
import { makeIntent } from '../make/make-intent.ts';
import { makefileMacros } from '../make/makefile-macros.ts';
import { makefileTexts } from '../make/makefile-texts.ts';
import { dmakeMarksIn } from '../make/marks-probe.ts';
import { runNative } from '../make/native-process.ts';
import { findMake, type RealMake } from '../make/real-make.ts';
import type { BuildEvent } from '../model/event.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Settings } from '../model/settings.ts';
import { privateFields } from '../hosts/private-fields.ts';
import { DmakeLog, type DmakeOutputMode } from '../report/dmake-log.ts';
import { FoldLog } from '../report/fold.ts';
import { maskSecrets } from '../report/masks.ts';
import { plainLog } from '../report/plain.ts';
import { printBytes, say, workflowLog } from '../report/standard-streams.ts';
import { decode, encode, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { parseOptions, type CliOptions } from './options.ts';

/** The body of the command. Ends the process as make ended; 2 for an error of its own. */
export async function command(words: readonly string[]): Promise<never> {
  const signals = new StopSignals();
  let outcome: Outcome;
  try {
    outcome = await runCommand(parseOptions(words, process.cwd()), signals);
  } catch (error) {
    const text =
      error instanceof UserError
        ? error.message
        : `Internal error, please report it: ${String((error as Error).stack)}`;
    say(`distmake: ${text}\n`);
    outcome = { kind: 'exited', status: 2 };
  }
  signals.release();
  exitLike(outcome);
}

async function runCommand(options: CliOptions, signals: StopSignals): Promise<Outcome> {
  const environment = Object.entries(process.env).map(([name, value]) => encode(`${name}=${value ?? ''}`));
  const intent = makeIntent(options.makeArguments.map(encode), environment);
  const make = await findMake(options.make, encode(process.env['PATH'] ?? ''));
  const tell = (text: string): void => say(`distmake: ${text.replaceAll('\n', '\ndistmake: ')}\n`);
  const inWorkflow = process.env['GITHUB_ACTIONS'] === 'true';
  const logged = options.log === undefined ? inWorkflow : options.log !== 'plain';
  const obstacle =
    make.kind === 'bmake'
      ? bmakeObstacle(make.path, options.makeArguments.map(encode), environment, logged)
      : make.obstacle;
  if (obstacle !== undefined && options.command === undefined && !options.showHosts) {
    if (options.fallback === 'never') throw new UserError(`${obstacle}, and fallback is never: nothing is built`);
    tell(`${obstacle}: it runs undistributed`);
    return runNatively(options, make, signals);
  }
  // A command's makes have a -j of their own, or none.
  const jobs = options.command === undefined ? intent.jobs : 'unlimited';
  const plan = await farmFor(options, make, environment, jobs);
  for (const text of [...plan.warnings, ...plan.notices]) tell(text);
  const { hosts } = plan;
  if (process.env['GITHUB_ACTIONS'] === 'true') maskSecrets(privateFields(hosts));
  if (options.showHosts) {
    if (plan.remark !== undefined) tell(plan.remark);
    process.stdout.write(describeMatrix(hosts, plan.matrix?.groups, plan.matrix?.makeArguments));
    return { kind: 'exited', status: 0 };
  }
  const remote = hosts.filter((host) => !host.local);
  const login =
    remote.length > 0
      ? await loadLogin({ sshPrivateKey: undefined, sshPassphrase: undefined, knownHosts: options.knownHosts })
      : undefined;
  const settings = settle(settingsOf(options, plan), plan);
  const marks = await marksOf(options, make, environment);
  // dmake's own shape is no log for a workflow: nothing in it is made harmless. Where make prints words of
  // its marks, they are taken out again.
  const shape =
    options.log === undefined && !inWorkflow ? (plan.outputMode ?? (marks.shown ? 'TXT2' : undefined)) : undefined;
  const piped = shape !== undefined || logged;
  const wantsUs = piped || marks.any || plan.dmake || hosts.length > 0;
  if (!wantsUs) return runNatively(options, make, signals);
  const log = logFor(settings, piped, shape);
  login?.notices.listen((text) =>
    piped && shape === undefined ? log.handle({ type: 'message', level: 'notice', text }) : tell(text),
  );
  try {
    return await build({
      settings,
      plan,
      login,
      make,
      arguments: options.makeArguments,
      command: options.command,
      // As make has it, one at a time unless -j says otherwise; dmake has its own rules.
      jobs: plan.jobs ?? (jobs === 'unlimited' ? 'places' : (jobs ?? 1)),
      staging: stagingName(new Date()),
      piped,
      verbatim: shape !== undefined,
      onHostUsed: () => undefined,
      cleanUp: true,
      sink: log.handle,
      onSignal: (stop) => signals.onSignal(stop),
    });
  } finally {
    log.finish();
  }
}

/** The marks of dmake for which even a run without hosts needs us. */
async function marksOf(
  { command, makeArguments }: CliOptions,
  make: RealMake,
  environment: readonly Bytes[],
): Promise<ReturnType<typeof dmakeMarksIn>> {
  if (make.kind !== 'gnu' || command !== undefined) return { any: false, shown: false };
  const words = makeArguments.map(encode);
  const { text } = await makefileTexts(words, encode(process.cwd()), environment);
  const { any, shown } = dmakeMarksIn(text, make.version);
  return { any: any || hasGoalWaits(words), shown };
}

/** Nothing is to be distributed: make, or the command, is all there is. */
function runNatively(
  { command, makeArguments, make: name }: CliOptions,
  make: RealMake,
  signals: StopSignals,
): Promise<Outcome> {
  const [file = '', ...words] = command ?? [decode(make.path), ...makeArguments];
  return runNative({
    file,
    name: command === undefined ? name : file,
    arguments: words,
    directory: process.cwd(),
    output: 'inherit',
    onSignal: (stop) => signals.onSignal(stop),
  });
}

/** The hosts: those of `-c`, or wherever the seeds look for them; `~/.makehosts` under its own conditions (B2, B3). */
async function farmFor(
  { hostsFile, hostsFormat, group, dmake, makeArguments }: CliOptions,
  make: RealMake,
  environment: readonly Bytes[],
  jobs: number | 'unlimited' | undefined,
): Promise<FarmPlan> {
  const directory = process.cwd();
  // Sun's marks are for GNU make.
  const macros =
    make.kind === 'bmake'
      ? new Map<string, string>()
      : await makefileMacros(DMAKE_NAMES, {
          make,
          arguments: makeArguments.map(encode),
          directory: encode(directory),
          environment,
        });
  return planFarm(
    {
      matrix:
        hostsFile === undefined ? { kind: 'default' } : { kind: 'file', file: hostsFile, source: `-c ${hostsFile}` },
      format: hostsFormat,
      group: group === undefined ? undefined : { value: group, where: 'option -g' },
      jobs,
      dmake,
    },
    { macros, environment: process.env, home: homedir(), directory, makehosts: 'with -j, and right' },
  );
}

function settingsOf(options: CliOptions, plan: FarmPlan): SettingsWish {
  const directory = process.cwd();
  return {
    root: options.root ?? enclosingWorkTree(directory) ?? directory,
    workingDirectory: directory,
    targets: [],
    makefile: undefined,
    make: options.make,
    arguments: options.makeArguments,
    localJobs: options.localJobs,
    // Hosts that nobody named on the command line get what the makefile itself gives away (B2).
    dist: options.dist ?? { mode: plan.implied && !plan.dmake ? 'makefile' : 'auto' },
    local: options.local,
    setup: options.setup,
    environment: options.environment,
    fallback: options.fallback,
    staging: options.staging,
    exclude: options.exclude,
    load: options.load,
    toolchain: options.toolchain,
    log: options.log ?? 'fold',
    summary: false,
    cache: false,
  };
}

function enclosingWorkTree(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

interface Log {
  readonly handle: (event: BuildEvent) => void;
  readonly finish: () => void;
}

function logFor(settings: Settings, piped: boolean, shape: DmakeOutputMode | undefined): Log {
  if (shape !== undefined) return new DmakeLog({ mode: shape, runner: hostname(), write: printBytes, say });
  if (!piped) return plainLog(say);
  const workflow = workflowLog();
  const fold = new FoldLog({ log: workflow, mode: settings.log, root: encode(settings.root) });
  return {
    handle: fold.handle,
    finish: () => {
      fold.finish();
      workflow.finish();
    },
  };
}
