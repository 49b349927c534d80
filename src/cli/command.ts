import { build } from '../build/build.ts';
import { exitLike } from '../build/exit.ts';
import { loadLogin } from '../build/login.ts';
import { settle } from '../build/settings.ts';
import { stagingName } from '../build/staging-name.ts';
import { StopSignals } from '../build/stop-signals.ts';
import { describeMatrix } from '../hosts/describe.ts';
import { hasGoalWaits } from '../make/goal-waits.ts';
import { makeIntent } from '../make/make-intent.ts';
import { makefilesBelow } from '../make/makefiles-below.ts';
import { makefileTexts } from '../make/makefile-texts.ts';
import { namesDmakeMarks } from '../make/marks-probe.ts';
import { runNative } from '../make/native-process.ts';
import { obstacleOf } from '../make/obstacle.ts';
import { findMake, type RealMake } from '../make/real-make.ts';
import type { BuildEvent } from '../model/event.ts';
import type { Outcome } from '../model/outcome.ts';
import { privateFields } from '../hosts/private-fields.ts';
import { bulkText } from '../report/bulk-text.ts';
import { maskSecrets } from '../report/masks.ts';
import { say } from '../report/standard-streams.ts';
import { decode, encode, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { farmFor } from './farm.ts';
import { logFor } from './log.ts';
import { parseOptions, type CliOptions } from './options.ts';
import { wishOf } from './wish.ts';

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
  const obstacle = obstacleOf(make, options.makeArguments.map(encode), environment, logged);
  const { bulk } = options;
  if (obstacle !== undefined && bulk === undefined && options.command === undefined && !options.showHosts) {
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
  const settings = settle(wishOf(options, plan), plan, bulk);
  // dmake's own shape is no log for a workflow: nothing in it is made harmless.
  const wanted = plan.outputMode ?? (bulk === undefined ? undefined : 'TXT2');
  const shape = options.log === undefined && !inWorkflow ? wanted : undefined;
  const piped = shape !== undefined || logged;
  const needless = hosts.length === 0 && !piped && bulk === undefined && !plan.dmake;
  if (needless && !(await hasMarks(options, make, environment))) return runNatively(options, make, signals);
  const log = logFor(settings, piped, shape);
  login?.notices.listen((text) =>
    piped && shape === undefined ? log.handle({ type: 'message', level: 'notice', text }) : tell(text),
  );
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
      verbatim: shape !== undefined,
      onHostUsed: () => undefined,
      cleanUp: true,
      sink: (event) => {
        // A log for a workflow has it.
        if (event.type === 'bulk-finished' && !logged) report = event;
        log.handle(event);
      },
      onSignal: (stop) => signals.onSignal(stop),
    });
  } finally {
    log.finish();
    if (report) tell(bulkText(report.report, report.file));
  }
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
