import { randomBytes } from 'node:crypto';
import { availableParallelism, constants } from 'node:os';
import type { Bulk } from '../bulk/bulk.ts';
import { bulkWindow } from '../bulk/bulk.ts';
import { Dispatcher } from '../engine/dispatcher.ts';
import { TargetSet } from '../engine/dist-set.ts';
import { Baggage } from '../engine/environment.ts';
import { Farm } from '../engine/farm.ts';
import { countsLoad } from '../engine/host-load.ts';
import { RemoteHost } from '../engine/remote-host.ts';
import { GATHERING_MS, Scheduler, type Limits } from '../engine/scheduler.ts';
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
import { beginMarker, endMarker, type OutputParserOptions } from '../make/output-parser.ts';
import { ProcessRest } from '../make/make-rest.ts';
import type { ProgramOutput, ProgramProcess } from '../make/program-process.ts';
import { makeNames, type RealMake } from '../make/real-make.ts';
import { RunDirectory } from '../make/run-directory.ts';
import type { EventSink } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Recipe } from '../model/job.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import type { Settings } from '../model/settings.ts';
import type { Login } from '../ssh/login.ts';
import { assetPath } from '../util/asset.ts';
import { bufferOf, decode, encode, type Bytes } from '../util/bytes.ts';
import { deferred } from '../util/deferred.ts';
import { UserError } from '../util/user-error.ts';
import type { FarmPlan } from './farm-plan.ts';
import { hostSetup } from './host-setup.ts';
import { LocalHosts, runnerLoad } from './local-hosts.ts';
import { summarize } from './run-summary.ts';
import { SshLanes } from './ssh-lanes.ts';
import { stageFor } from './stage-for.ts';
import { lookAhead, parserFor } from './make-output.ts';
import { openBulk } from './open-bulk.ts';
import { stagingDirectory } from './staging-name.ts';
import { toolCheck } from './toolchain.ts';
import { buildUndistributed } from './undistributed.ts';
import { Wiring } from './wiring.ts';
import { WorkView } from './work-view.ts';

export interface BuildOptions {
  readonly settings: Settings;
  readonly plan: Pick<FarmPlan, 'hosts' | 'makeArguments' | 'subMakesLeave' | 'dmake'>;
  /** Not needed without ssh hosts. */
  readonly login: Login | undefined;
  readonly make: RealMake;
  /** make's arguments and goals, with the user's -j and all. */
  readonly arguments: readonly string[];
  /** Not make is started, but this, which may call make somewhere below; at least one word. */
  readonly command?: readonly string[] | undefined;
  /** The directory of a bulk build, absolute. */
  readonly bulk?: string | undefined;
  /** Recipes at one time; `places`: as many as there are places for distributable ones. */
  readonly jobs: number | 'places';
  /** What the names of the staging directories begin with. */
  readonly staging: string;
  /** True: make's output is taken apart and comes as events. False: make writes to our own descriptors. */
  readonly piped: boolean;
  /** With `piped`: nothing of what a job prints is left out, and its start is told with make's echo of it. */
  readonly verbatim?: boolean;
  /** With `piped`: of an output that is longer than a log shows all goes to a file. */
  readonly spool?: OutputParserOptions['spool'];
  /** Something shows how far the run has come: what make is going to do is found out beside it. */
  readonly showsTotal?: boolean;
  /** Told of each ssh host before anything is made there. */
  readonly onHostUsed: (host: Host) => void;
  /** Whether the staging directories are removed at the end; else somebody else does it (post). */
  readonly cleanUp: boolean;
  readonly sink: EventSink;
  /** The way to stop it: SIGINT or SIGTERM, as it came. */
  readonly onSignal: (stop: (name: NodeJS.Signals) => void) => void;
}

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
  const limits: Limits = {
    // In its plain form make keeps its own count, and a makefile may change that (MAKEFLAGS += -j4).
    jobs: options.piped || jobs === 'places' ? jobs : Infinity,
    localJobs: never ? 0 : settings.localJobs,
    processors: availableParallelism(),
    // Without other machines -j says how many the runner bears.
    staying: Math.max(availableParallelism(), jobs === 'places' || hosts.some((host) => !host.local) ? 0 : jobs),
    fallback: settings.fallback,
  };
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
  const { staging, login } = options;
  const { setup } = settings;
  // bmake -j gives both descriptors of a recipe one pipe.
  const merge = options.piped || options.make.kind === 'bmake';
  const sshHosts = hosts.filter((host) => !host.local);
  const openers = login ? sshHosts.map((host) => new SshLanes(host, login, () => options.onHostUsed(host))) : [];
  // The runner itself is no place for what may leave when nothing of that may run on it.
  const scheduler = new Scheduler(
    never ? sshHosts : hosts,
    limits,
    settings.load,
    (go) => void setTimeout(go, GATHERING_MS),
  );
  const hearsLoad = countsLoad(settings.load);
  const remotes = openers.map(
    (opener) =>
      new RemoteHost({
        host: opener.host,
        opener,
        stage,
        baggage,
        staging: stagingDirectory(staging, opener.host),
        setup: hostSetup(opener.host, setup),
        sandbox: settings.staging === 'none' ? 'shared' : 'overlay',
        partial: settings.staging === 'declared',
        token,
        merge,
        subMakeArguments,
        ...(hearsLoad && { onLoad: (load, ended) => scheduler.report(opener.host, load, ended) }),
      }),
  );
  const tools = toolCheck(settings, sshHosts, environment);
  const farm = new Farm(remotes, stage, scheduler, sink, tools);
  const locals = new LocalHosts({
    hosts: never ? [] : hosts.filter((host) => host.local),
    scheduler,
    sink,
    tools,
    baggage,
    environment,
    root: settings.root,
    processors: limits.processors,
    load: hearsLoad ? runnerLoad : undefined,
  });
  let make: ProgramProcess | undefined;
  let bulk: Bulk | undefined;
  let stopped: NodeJS.Signals | undefined;
  const stop = deferred<undefined>();
  options.onSignal((name) => {
    stopped = name;
    stop.resolve(undefined);
    bulk?.stop();
    dispatcher?.stop();
    make?.signal(name);
    farm.close();
    locals.close();
  });

  const unstick = setInterval(() => scheduler.unstick(), PATIENCE_MS);
  let run: RunDirectory | undefined;
  let wiring: Wiring | undefined;
  let work: WorkView | undefined;
  try {
    const started = locals.start(farm.start().then(() => farm.ready > 0));
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
    if (never && farm.ready === 0 && stopped === undefined)
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
      locals: locals.hosts,
      stage,
      sink,
      dist: settings.dist,
      local: new TargetSet(settings.local.map(encode)),
      fallback: settings.fallback,
      partial: settings.staging === 'declared',
      leavesWithMake: plan.subMakesLeave ? (of) => subMakeArguments.isFirst(of) : () => false,
      rest: new ProcessRest(),
      dmake: plan.dmake,
      echoes: options.verbatim === true,
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
    sink({ type: 'run-finished', outcome, seconds, ...summarize(recipes, hosts, remotes) });
    return outcome;
  } finally {
    clearInterval(unstick);
    work?.stop();
    dispatcher?.stop();
    farm.close();
    locals.close();
    forgetToken();
    await wiring?.broker.close();
    await run?.remove();
    if (options.cleanUp)
      await Promise.all(openers.map((opener) => remove(opener, stagingDirectory(staging, opener.host), sink)));
    for (const opener of openers) opener.close();
  }
}

async function remove(opener: SshLanes, staging: string, sink: EventSink): Promise<void> {
  const reason = await opener.clean(staging);
  if (reason === undefined) return;
  const text = `${opener.host.name}: ${staging} could not be removed: ${reason}. Remove it there by hand`;
  sink({ type: 'message', level: 'warning', text });
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
