import { exitLike } from '../build/exit.ts';
import { loadLogin } from '../build/login.ts';
import { RunTimes } from '../build/run-times.ts';
import { RunTimesFile } from '../build/run-times-file.ts';
import { settle } from '../build/settings.ts';
import { stagingName } from '../build/staging-name.ts';
import { StopSignals } from '../build/stop-signals.ts';
import { describeMatrix } from '../hosts/describe.ts';
import { hasGoalWaits } from '../make/goal-waits.ts';
import { makeIntent, type MakeIntent } from '../make/make-intent.ts';
import { ownEnvironment } from '../make/environment.ts';
import { makefilesBelow } from '../make/makefiles-below.ts';
import { makefileTexts } from '../make/makefile-texts.ts';
import { namesDmakeMarks } from '../make/marks-probe.ts';
import { runNative } from '../make/native-process.ts';
import { obstacleOf } from '../make/obstacle.ts';
import { findMake, type RealMake } from '../make/real-make.ts';
import type { BuildEvent } from '../model/event.ts';
import type { Outcome } from '../model/outcome.ts';
import { DEFAULT_HOST_TIMEOUT } from '../model/settings.ts';
import { privateFields } from '../hosts/private-fields.ts';
import { bulkText } from '../report/bulk-text.ts';
import type { ProblemMatcher } from '../report/annotations/problem-matcher.ts';
import type { DmakeOutputMode } from '../report/dmake-log.ts';
import { maskSecrets } from '../report/masks.ts';
import { requireTerminal } from '../report/watch/require-terminal.ts';
import { decode, encode, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { farmFor } from './farm.ts';
import { parseOptions, type CliOptions } from './options.ts';
import { print } from './print.ts';
import { hasProgress, type Shown } from './shown.ts';
import { complain, tell } from './tell.ts';
import { wishOf } from './wish.ts';

// Many runs need none of it: what is loaded late is not evaluated before. Eager: it is in the same bundle.

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
    complain(text);
    outcome = { kind: 'exited', status: 2 };
  }
  signals.release();
  exitLike(outcome);
}

async function runCommand(options: CliOptions, signals: StopSignals): Promise<Outcome> {
  const { instead, bulk } = options;
  if (instead === 'help' || instead === 'version') {
    const { tellAbout } = await import(/* webpackMode: "eager" */ './about.ts');
    return tellAbout(instead, options.make);
  }
  const environment = ownEnvironment();
  const intent = makeIntent(options.makeArguments.map(encode), environment);
  const watch = options.watch && !isForItsOutput(intent);
  if (watch) requireTerminal(process.stdout.isTTY, process.env['TERM']);
  if (watch && options.debug && process.stderr.isTTY)
    throw new UserError('-dD writes where --watch draws: send it to a file (2>debug.log), or leave one of the two out');
  const make = await findMake(options.make, encode(process.env['PATH'] ?? ''));
  const inWorkflow = process.env['GITHUB_ACTIONS'] === 'true';
  const logged = watch || (options.log === undefined ? inWorkflow : options.log !== 'plain');
  const obstacle = obstacleOf(make, options.makeArguments.map(encode), environment, logged);
  const isTold = options.debug || options.report !== undefined;
  if (
    obstacle !== undefined &&
    !isTold &&
    bulk === undefined &&
    options.command === undefined &&
    instead === undefined
  ) {
    if (options.fallback === 'never') throw new UserError(`${obstacle}, and fallback is never: nothing is built`);
    tell(`${obstacle}: it runs undistributed`);
    return runNatively(options, make, signals);
  }
  // A command's makes have a -j of their own, or none.
  const jobs = options.command === undefined ? intent.jobs : 'unlimited';
  const plan = await farmFor(options, make, environment, instead === 'clean' ? 'unlimited' : jobs);
  for (const text of [...plan.warnings, ...plan.notices]) tell(text);
  // What was left in a group that is not used now was left all the same.
  const hosts = instead === 'clean' && options.group === undefined ? (plan.matrix?.hosts ?? []) : plan.hosts;
  const secrets = privateFields(hosts);
  if (inWorkflow) maskSecrets(secrets);
  if (instead === 'hosts') {
    if (plan.remark !== undefined) tell(plan.remark);
    print(encode(describeMatrix(hosts, plan.matrix?.groups, plan.matrix?.makeArguments)));
    return { kind: 'exited', status: 0 };
  }
  const remote = hosts.filter((host) => !host.local);
  const login =
    remote.length > 0
      ? await loadLogin({
          sshPrivateKey: undefined,
          sshPassphrase: undefined,
          knownHosts: options.knownHosts,
          timeout: (options.hostTimeout ?? DEFAULT_HOST_TIMEOUT) * 1000,
        })
      : undefined;
  if (instead === 'clean') {
    const { clean } = await import(/* webpackMode: "eager" */ './clean.ts');
    return clean({ hosts, login, staleAfter: options.staleAfter, signals, inWorkflow });
  }
  const matchers = await matchersOf(options);
  const directory = instead === undefined ? await directoryOf(options) : undefined;
  const own = [bulk, directory].filter((directory) => directory !== undefined);
  const settings = settle(wishOf(options, plan), plan, own);
  if (instead === 'check') {
    const { check } = await import(/* webpackMode: "eager" */ './check.ts');
    return check({ settings, plan, login, environment, signals, inWorkflow });
  }
  const shown = shownAs({ ...options, watch }, plan.outputMode, logged);
  const piped = shown.as !== 'make';
  const isPlain = hosts.length === 0 && !piped && bulk === undefined && !plan.dmake;
  const needless = isPlain && !isTold;
  if (needless && !(await hasMarks(options, make, environment))) return runNatively(options, make, signals);
  const timesFile = new RunTimesFile(settings.root);
  const times = hasProgress(shown) ? await timesFile.read() : new RunTimes(settings.root);
  const { cliReports } = await import(/* webpackMode: "eager" */ './reports.ts');
  const { build } = await import(/* webpackMode: "eager" */ '../build/build.ts');
  const reports = await cliReports({ ...options, shown, settings, matchers, directory, secrets, times });
  const isLog = shown.as === 'workflow' || shown.as === 'watch';
  login?.notices.listen((text) => (isLog ? reports.handle({ type: 'message', level: 'notice', text }) : tell(text)));
  let report: Extract<BuildEvent, { type: 'bulk-finished' }> | undefined;
  try {
    return await build({
      settings,
      plan,
      login,
      make,
      arguments: options.makeArguments,
      command: options.command,
      bulk,
      // As make has it, one at a time unless -j says otherwise; dmake has its own rules.
      jobs: plan.jobs ?? (jobs === 'unlimited' ? 'places' : (jobs ?? 1)),
      staging: stagingName(new Date()),
      piped,
      verbatim: shown.as === 'dmake',
      spool: reports.spool,
      showsTotal: hasProgress(shown),
      onHostUsed: () => undefined,
      cleanUp: 'always',
      sink: (event) => {
        // A log has it.
        if (event.type === 'bulk-finished' && !isLog) report = event;
        reports.handle(event);
      },
      onSignal: (stop) => signals.onSignal(stop),
    });
  } finally {
    reports.finish();
    if (report) tell(bulkText(report.report, report.file));
    if (reports.record) {
      times.add(reports.record, Date.now());
      await timesFile.write(times);
    }
  }
}

/** @param logged whether there is a log, in a workflow or because it was asked for */
function shownAs({ watch, bulk }: CliOptions, outputMode: DmakeOutputMode | undefined, logged: boolean): Shown {
  if (watch) return { as: 'watch' };
  if (logged) return { as: 'workflow' };
  const mode = outputMode ?? (bulk === undefined ? undefined : 'TXT2');
  return mode === undefined ? { as: 'make' } : { as: 'dmake', mode };
}

/** What make prints, or its status, is what such a run is for; there is nothing to watch. */
function isForItsOutput({ dryRun, question, touch, database, informational }: MakeIntent): boolean {
  return dryRun || question || touch || database || informational;
}

async function matchersOf({ problemMatchers }: CliOptions): Promise<readonly ProblemMatcher[]> {
  if (problemMatchers.length === 0) return [];
  const { readProblemMatchers } = await import(
    /* webpackMode: "eager" */ '../report/annotations/read-problem-matchers.ts'
  );
  return readProblemMatchers(problemMatchers);
}

/** Made if there is to be a report. */
async function directoryOf({ report }: CliOptions): Promise<string | undefined> {
  if (report === undefined) return undefined;
  const { openDirectory } = await import(/* webpackMode: "eager" */ '../report/directory/open-directory.ts');
  return openDirectory(report);
}

/** Whether there are marks of dmake, for which even a run without hosts needs us: here, or in makefiles that make may come to. */
async function hasMarks(
  { command, makeArguments }: CliOptions,
  make: RealMake,
  environment: readonly Bytes[],
): Promise<boolean> {
  if (make.kind !== 'gnu') return false;
  const words = makeArguments.map(encode);
  if (hasGoalWaits(words)) return true;
  const directory = encode(process.cwd());
  const { text } = await makefileTexts(words, directory, environment);
  if (command === undefined && namesDmakeMarks(text, make.version)) return true;
  const goesOn = command !== undefined || /\bMAKE\b|(?<![\w/.-])make(?![\w.-])/.test(text);
  return goesOn && namesDmakeMarks(makefilesBelow(directory), make.version);
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
