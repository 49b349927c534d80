import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { Bulk } from '../bulk/bulk.ts';
import { bulkWindow } from '../bulk/bulk.ts';
import { Dispatcher } from '../engine/dispatcher.ts';
import { TargetSet } from '../engine/dist-set.ts';
import { Baggage } from '../engine/environment.ts';
import { countsLoad } from '../engine/host-load.ts';
import { SubMakeArguments } from '../engine/sub-make.ts';
import { BmakeRun } from '../make/bmake/run.ts';
import { environmentValue, ownEnvironment } from '../make/environment.ts';
import { startCommand } from '../make/command-process.ts';
import { FirstMakefile } from '../make/first-makefile.ts';
import { withoutGoalWaits } from '../make/goal-waits.ts';
import { obstacleOf } from '../make/obstacle.ts';
import { makeIntent } from '../make/make-intent.ts';
import { processStart } from '../make/process-facts.ts';
import { startMake } from '../make/make-process.ts';
import { DiskOutputStore } from '../make/output-store.ts';
import { beginMarker, endMarker } from '../make/output-parser.ts';
import { ProcessRest } from '../make/make-rest.ts';
import type { ProgramOutput, ProgramProcess } from '../make/program-process.ts';
import { makeNames, type RealMake } from '../make/real-make.ts';
import { RunDirectory } from '../make/run-directory.ts';
import type { Recipe } from '../model/job.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import { assetPath } from '../util/asset.ts';
import { bufferOf, decode, encode, type Bytes } from '../util/bytes.ts';
import { deferred } from '../util/deferred.ts';
import { UserError } from '../util/user-error.ts';
import type { BuildOptions } from './build-options.ts';
import { Fleet } from './fleet.ts';
import { limitsOf } from './limits.ts';
import { runnerLoad } from './local-hosts.ts';
import { summarize } from './run-summary.ts';
import { stageFor } from './stage-for.ts';
import { lookAhead, parserFor } from './make-output.ts';
import { openBulk } from './open-bulk.ts';
import { buildUndistributed } from './undistributed.ts';
import { Wiring } from './wiring.ts';
import { WorkView } from './work-view.ts';

/** Recipes that stay and wait for others which have no place get company after so long. */
const PATIENCE_MS = 1000;

/** A build: everything from the first connection to make's end, and the removal of what was staged if that is asked for. */
export async function build(options: BuildOptions): Promise<Outcome> {
  const { settings, plan, sink, jobs } = options;
  const { hosts } = plan;
  const environment = ownEnvironment();
  const obstacle = obstacleOf(options.make, options.arguments.map(encode), environment, options.piped);
  if (options.bulk !== undefined && options.make.kind !== 'gnu') {
    const { path } = options.make;
    throw new UserError(`bulk: ${decode(path)} does not tell enough of its recipes. Name a GNU make from 4.0 on`);
  }
  if (obstacle !== undefined && options.command === undefined) return buildUndistributed(options, obstacle);
  const begin = performance.now();
  const never = settings.fallback === 'never';
  const limits = limitsOf(options);
  const { localJobs, processors } = limits;
  sink({ type: 'run-started', hosts, jobs, localJobs, processors, time: Date.now() });
  const subMakeArguments = new SubMakeArguments(plan.makeArguments.map(encode), environment);
  const root = encode(settings.root);
  let dispatcher: Dispatcher | undefined;
  const { stage, token, forgetToken } = stageFor(settings, {
    // Where a refusal is final, a rule that makes two targets must not fail.
    recipesOf: (path) => (never ? [] : stillMaking(dispatcher?.makersOf(`${root}/${path}`) ?? [])),
    onSkipped: (path) => {
      const text = `${settings.root}/${decode(path)} cannot be read: it is not on the hosts`;
      sink({ type: 'message', level: 'warning', text });
    },
  });
  const baggage = new Baggage(environment, settings.environment.map(encode));
  const hearsLoad = countsLoad(settings.load);
  const fleet = new Fleet({ ...options, limits, stage, token, baggage, subMakeArguments, environment, hearsLoad });
  const { scheduler, remotes } = fleet;
  let make: ProgramProcess | undefined;
  let bulk: Bulk | undefined;
  let stopped: NodeJS.Signals | undefined;
  const stopSignal = (): NodeJS.Signals | undefined => stopped;
  const stop = deferred<undefined>();
  let last: NodeJS.Timeout | undefined;
  options.onSignal((name) => {
    stopped = name;
    stop.resolve(undefined);
    bulk?.stop();
    dispatcher?.stop();
    make?.signal(name);
    fleet.stop();
    // Not after make's end: it waits for recipes here, which may take no notice of the signal.
    void fleet.leave('stopped');
    if (options.patience !== undefined) last ??= setTimeout(() => make?.signal('SIGKILL'), options.patience * 1000);
  });

  const unstick = setInterval(() => scheduler.unstick(), PATIENCE_MS);
  let run: RunDirectory | undefined;
  let wiring: Wiring | undefined;
  let work: WorkView | undefined;
  try {
    const started = fleet.start();
    run = await RunDirectory.create({
      assets: assetPath('.'),
      makeNames: names(options.make, environment),
      prerequisites: settings.staging === 'declared',
    });
    const driven = options.make.kind === 'bmake' && !options.piped;
    const bmake = driven ? await BmakeRun.create(run, assetPath('.')) : undefined;
    if (driven && !bmake) {
      const text = `${decode(options.make.path)} is a bmake, and there is no working C compiler (cc): it runs undistributed`;
      sink({ type: 'message', level: 'warning', text });
    }
    await Promise.race([started, stop.promise]);
    if (never && !fleet.isReady && stopped === undefined)
      throw new UserError('no host is ready, and fallback is never: nothing is built');
    const nonce = randomBytes(16).toString('hex');
    const atRest = (pid: number): Promise<void> => dispatcher?.atRest(pid) ?? Promise.resolve();
    const { keepGoing, dryRun, question, touch } = makeIntent(options.arguments.map(encode), environment);
    const world = { scheduler, stage, sink, atRest };
    // What makes nothing is no run of a bulk build: it would throw away what the next one goes on from.
    bulk = options.bulk === undefined || dryRun || question || touch ? undefined : openBulk(options.bulk, world);
    const gate = bulk?.gate;
    dispatcher = new Dispatcher({
      ...(gate && { gates: [gate], weightOf: (recipe) => gate.weightOf(recipe) }),
      scheduler,
      hosts: remotes,
      locals: fleet.locals,
      stage,
      sink,
      dist: settings.dist,
      local: new TargetSet(settings.local.map(encode)),
      fallback: settings.fallback,
      shared: settings.staging === 'none',
      noRetry: new TargetSet(settings.noRetry.map(encode)),
      jobTimeout: settings.jobTimeout,
      partial: settings.staging === 'declared',
      leavesWithMake: plan.subMakesLeave ? (of) => subMakeArguments.isFirst(of) : () => false,
      rest: new ProcessRest(),
      dmake: plan.dmake,
      echoes: options.verbatim === true,
      outputs: new DiskOutputStore(`${run.path}/printed`),
      subMakes: never ? { check: async (...of) => wiring?.graphs.check(...of) } : undefined,
      ...(hearsLoad && { runnerLoad }),
      markers: options.piped
        ? { begin: ({ id }) => bufferOf(beginMarker(nonce, id)), end: ({ id }) => bufferOf(endMarker(nonce, id)) }
        : undefined,
    });
    const { command } = options;
    const first = command ? await FirstMakefile.write(run, assetPath('first.mk')) : undefined;
    // A command, a bulk build: no one make goes through it all. A bmake has no such view.
    const isOne = !command && !bulk && options.make.kind === 'gnu';
    work = options.showsTotal === true && isOne ? new WorkView(sink) : undefined;
    wiring = await Wiring.listen({ ...options, run, bmake, dispatcher, subMakeArguments, first, bulk, work });
    const { broker } = wiring;
    const parser = options.piped ? parserFor(dispatcher, run, nonce, options) : undefined;
    let ended: Outcome = { kind: 'cancelled' };
    do {
      if (stopped !== undefined) break;
      const directory = encode(settings.workingDirectory);
      const output: ProgramOutput = parser ? (data) => parser.push(data) : 'inherit';
      const common = { run, broker, directory, environment, output };
      make =
        command && first
          ? await startCommand({ ...common, first, argv: command.map(encode) })
          : await startMake({
              ...common,
              make: options.make,
              bmake,
              arguments: withoutGoalWaits(options.arguments.map(encode)),
              window: !parser
                ? jobs === 'places'
                  ? scheduler.jobs
                  : jobs
                : bulk
                  ? bulkWindow(scheduler.jobs)
                  : lookAhead(scheduler.jobs),
            });
      // It may have come while make was being started.
      const early = stopSignal();
      if (early !== undefined) make.signal(early);
      ended = await make.ended;
    } while (bulk?.again(stoppedBy(stopped, ended)) === true);
    work?.stop();
    // After a signal bmake ends with a status of its own.
    const outcome = bmake && make ? ended : stoppedBy(stopped, ended);
    parser?.end();
    const recipes = dispatcher.finish(outcome.kind !== 'exited' || outcome.status !== 0);
    const seconds = (performance.now() - begin) / 1000;
    if (bulk) {
      const complete = succeeded(outcome) || (keepGoing && outcome.kind === 'exited');
      const { report, file = 'no report was written' } = bulk.finish(outcome, complete);
      sink({ type: 'bulk-finished', report, file });
    }
    sink({
      type: 'run-finished',
      outcome,
      seconds,
      ...summarize(recipes, hosts, remotes, encode(settings.workingDirectory), outcome),
    });
    return outcome;
  } finally {
    clearInterval(unstick);
    clearTimeout(last);
    work?.stop();
    dispatcher?.stop();
    fleet.stop();
    forgetToken();
    await wiring?.broker.close();
    await run?.remove();
    await fleet.leave('by itself');
  }
}

/** Without those of makes that have ended: a later make may make what they made. */
function stillMaking(recipes: readonly Recipe[]): readonly Recipe[] {
  return recipes.filter(({ make }) => processStart(make) !== undefined);
}

/** A run that was stopped ends by that signal, whatever status make had for it; unless make was done by then. */
function stoppedBy(name: NodeJS.Signals | undefined, outcome: Outcome): Outcome {
  // make itself ends by a status after SIGQUIT, which would leave a core.
  return name === undefined || name === 'SIGQUIT' || succeeded(outcome)
    ? outcome
    : { kind: 'signaled', signal: constants.signals[name] };
}

function names(make: RealMake, environment: readonly Bytes[]): readonly Bytes[] {
  return makeNames(make, environmentValue(environment, 'PATH') ?? '');
}
