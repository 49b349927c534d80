import type { EventSink, Place } from '../model/event.ts';
import type { Job, Recipe } from '../model/job.ts';
import type { LoadAverages } from '../model/load.ts';
import { NO_MARKS, type MakeMarks } from '../model/marks.ts';
import type { Outcome } from '../model/outcome.ts';
import type { DistSetting } from '../model/settings.ts';
import type { Bytes } from '../util/bytes.ts';
import { BackOff } from './back-off.ts';
import { SYSTEM_CLOCK, type Clock } from './clock.ts';
import { runsSeveral } from './concurrency.ts';
import type { TargetSet } from './dist-set.ts';
import { ExclusiveGate } from './exclusive-gate.ts';
import { Gates, type Arrival, type Gate } from './gates.ts';
import { GroupGate } from './group-gate.ts';
import type { JobMarkers } from './job-markers.ts';
import { IN_MEMORY, type OutputStore } from './job-output.ts';
import { DELETION_MS, JobPass } from './job-pass.ts';
import type { LocalHost } from './local-host.ts';
import { makeFlags } from './make-flags.ts';
import type { MakeRest } from './make-rest.ts';
import { makeState, type MakeState } from './make-state.ts';
import type { Command, PassWorld, Running } from './pass-world.ts';
import type { ShellCall, Stage } from './ports.ts';
import { RecipeBook, type RecipeState } from './recipe-book.ts';
import type { RemoteHost } from './remote-host.ts';
import type { Scheduler } from './scheduler.ts';
import { Verdicts } from './verdicts.ts';
import { plainCommand, withoutWaits } from './wait-word.ts';
import { whyKept } from './why-kept.ts';

export interface DispatcherOptions {
  readonly scheduler: Scheduler;
  readonly hosts: readonly RemoteHost[];
  /** Bare localhost where its terms count: one that is not among them has none. */
  readonly locals?: readonly LocalHost[];
  readonly stage: Stage;
  readonly sink: EventSink;
  readonly dist: DistSetting;
  /** Targets that must stay. */
  readonly local: TargetSet;
  readonly fallback: 'local' | 'never';
  /** Hosts work in the very workspace (staging none). */
  readonly shared?: boolean;
  /** Targets whose recipes must not run a second time once they may have begun. Default: none. */
  readonly noRetry?: TargetSet;
  /** Seconds that one job may run which may leave; default: any time. */
  readonly jobTimeout?: number | undefined;
  /** Hosts show a job its prerequisites alone: it must be known which they are. */
  readonly partial: boolean;
  readonly markers: JobMarkers;
  /** Default: all that a job prints on a host is kept in memory until its end. */
  readonly outputs?: OutputStore;
  /** The runner's own load, where that counts (bare localhost in the matrix). */
  readonly runnerLoad?: () => LoadAverages;
  readonly echoes?: boolean;
  readonly subMakes: PassWorld['subMakes'];
  /** Whether a recipe that calls make may leave whatever its target; besides those that are whitelisted by name. */
  readonly leavesWithMake?: (environment: readonly Bytes[]) => boolean;
  readonly gates?: readonly Gate[];
  readonly weightOf?: PassWorld['weightOf'];
  /** The rules of dmake hold for every make, not only for those whose makefiles have its marks. */
  readonly dmake?: boolean;
  /** Default: make is given a moment. */
  readonly rest?: MakeRest;
  readonly clock?: Clock;
}

/** Make asks for the next line of a recipe within that, in ms. */
const GRACE_MS = 100;

/**
 * Takes the calls of all shims: finds make, recipe and flags of each, and lets its {@link JobPass} do the rest.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #sink: EventSink;
  #isOver = false;
  readonly #makes = new Map<number, MakeState>();
  readonly #recipes = new RecipeBook();
  readonly #verdicts: Verdicts;
  readonly #world: PassWorld;
  readonly #backOff: BackOff;
  readonly #gates: Gates;
  readonly #atRest: (make: number) => Promise<void>;
  readonly #groups: GroupGate;
  readonly #exclusive: ExclusiveGate;
  readonly #past: RecipeState[] = [];
  readonly #running = new Map<number, Running>();
  /** With markers: jobs whose text is still to come; make hands it out after they have ended. */
  readonly #untold = new Map<number, Running>();
  #next = 1;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    // What is stopped may take a while to end.
    this.#sink = (event) => {
      if (!this.#isOver) options.sink(event);
    };
    const { clock = SYSTEM_CLOCK } = options;
    const failed = (make: number): void => {
      const state = this.#makes.get(make);
      if (state) state.failed = true;
    };
    this.#verdicts = new Verdicts(options.scheduler, this.#recipes, failed, clock);
    const hosts = new Map(options.hosts.map((remote) => [remote.host, remote]));
    const rest: MakeRest = options.rest ?? { atRest: () => clock.pause(GRACE_MS) };
    this.#atRest = (make) => rest.atRest(make, () => this.#shimsOf(make));
    this.#groups = new GroupGate(this.#atRest);
    this.#exclusive = new ExclusiveGate({ alone: ({ job }) => this.#runsAlone(job), atRest: this.#atRest });
    // The last: what another gate holds back is in nobody's way.
    this.#gates = new Gates([this.#groups, ...(options.gates ?? []), this.#exclusive]);
    this.#backOff = new BackOff((host) => options.scheduler.widen(host), clock);
    const locals = new Map((options.locals ?? []).map((local) => [local.host, local]));
    this.#world = {
      ...options,
      outputs: options.outputs ?? IN_MEMORY,
      clock,
      sink: this.#sink,
      hosts,
      locals,
      verdicts: this.#verdicts,
      backOff: this.#backOff,
    };
  }

  /**
   * A make is about to run in this process.
   *
   * @param ancestors process ids of its parent, that one's parent and so on: one may be a shim, whose job then only waits
   */
  makeStarted(pid: number, ancestors: readonly number[]): void {
    this.#past.push(...this.#recipes.forgetMake(pid));
    const shims = new Map([...this.#running.values()].map((one) => [one.shim, one]));
    const nearest = ancestors.find((ancestor) => shims.has(ancestor));
    const parent = nearest === undefined ? undefined : shims.get(nearest);
    if (parent) {
      if (!parent.recursive) this.#sink({ type: 'job-waits', job: parent.job });
      parent.recursive = true;
      parent.lease?.suspend();
      parent.unlimit();
      // It only waits from here on; what it may write before the next make, or after, shows when that starts or it ends.
      this.#options.stage.writerEnded(parent.job);
    }
    this.#options.stage.touch();
    this.#exclusive.forget(pid);
    this.#setMarks(pid, NO_MARKS, false);
  }

  /** A make has read its makefiles, and these are their marks. */
  makeParsed(pid: number, marks: MakeMarks): void {
    this.#setMarks(pid, marks, this.#makes.get(pid)?.failed ?? false);
    this.#options.stage.touch();
  }

  /** See MakeRest. */
  atRest(make: number): Promise<void> {
    return this.#atRest(make);
  }

  /** Whether dmake's rules hold for every make. */
  get dmake(): boolean {
    return this.#options.dmake ?? false;
  }

  /** What make prints, without what its commands do not hold any more when they run. */
  rewrite(text: Bytes): Bytes {
    return [...this.#makes.values()].some(({ marks }) => marks.waits.length > 0) ? withoutWaits(text) : text;
  }

  /** Whether a job only waits for a sub-make, as far as is known. */
  isRecursive(id: number): boolean {
    return this.#untold.get(id)?.recursive ?? false;
  }

  /** Whether nothing runs of the job any more; its text may still be to come. */
  hasEnded(id: number): boolean {
    return !this.#running.has(id);
  }

  /** A job whose text has not come yet, or not all. */
  jobById(id: number): Job | undefined {
    return this.#untold.get(id)?.job;
  }

  /**
   * What the job printed has been handed over. Make does that for a whole recipe when it is over (make manual, "Output
   * During Parallel Execution"): what a failure means it says only then. One that runs one job at a time hands out each line.
   */
  textCame(id: number): void {
    const told = this.#untold.get(id);
    if (!told || told.recursive) return;
    this.#untold.delete(id);
    if (!runsSeveral(told.job.environment)) return;
    const { id: recipe } = told.job.recipe;
    const isOpen = ({ job }: Running): boolean => job.recipe.id === recipe;
    if ([...this.#running.values(), ...this.#untold.values()].some(isOpen)) return;
    const state = this.#recipes.byId(recipe);
    if (state && !state.failure && !state.dropped) this.#close(state);
  }

  /** Answers one call of a shim. */
  async dispatch(call: ShellCall, written: Command): Promise<void> {
    const make = this.#makes.get(call.make);
    const command = make ? plainCommand(written, make.marks) : written;
    const state = this.#recipes.of(call.make, command.target, call.directory);
    const job: Job = {
      id: this.#next++,
      recipe: state.recipe,
      directory: call.directory,
      argv: command.argv,
      command: command.command,
      environment: command.environment,
      umask: call.umask,
      prerequisites: command.prerequisites,
    };
    const running: Running = {
      job,
      shim: call.pid,
      stop: new AbortController(),
      lease: undefined,
      hasEnded: false,
      recursive: false,
      unlimit: () => undefined,
    };
    const stop = (): void => running.stop.abort();
    call.gone.addEventListener('abort', stop);
    if (call.gone.aborted) stop();
    this.#running.set(job.id, running);
    if (this.#options.markers) this.#untold.set(job.id, running);
    // What make did while it expanded the recipe is in the workspace by now.
    if (call.expanded || make?.marks.writes === true) this.#options.stage.touch();
    const flags = makeFlags(job.environment);
    const fresh = state.jobs === 0 || state.dropped;
    // A target of two colons may have another recipe.
    state.closed = false;
    state.jobs++;
    this.#verdicts.wentOn(state);
    const kept = whyKept(job, make, flags, this.#options);
    state.leaves ||= kept === undefined;
    const isOver = (): boolean => this.#makes.get(call.make)?.failed === true;
    const arrival: Arrival = { job, line: state.jobs - 1, shim: call.pid, flags };
    const { signal } = running.stop;
    const begin = (place: Place): ReturnType<Gates['start']> => this.#gates.start(arrival, place, signal);
    const pass = new JobPass(this.#world, { call, command, state, running, flags, fresh, kept, isOver, begin });
    this.#sink({ type: 'job-queued', job });
    try {
      const outcome = await this.#gates.pass(
        arrival,
        signal,
        () => pass.perform(),
        (spared) => pass.spare(spared),
      );
      const isOwn = outcome.kind === 'exited' || outcome.kind === 'signaled' || outcome.kind === 'timed-out';
      call.exit(isOwn ? outcome : { kind: 'exited', status: 1 });
    } finally {
      call.gone.removeEventListener('abort', stop);
      this.#running.delete(job.id);
    }
  }

  /**
   * Make has said what a failure means to it.
   *
   * @param ignored the recipe line began with `-`, or the like: make goes on
   */
  verdict(target: Bytes, ignored: boolean): void {
    const failed = this.#verdicts.given(target, ignored);
    if (!failed) return;
    // By now make has deleted what the recipe left of the target, or is just about to.
    this.#options.stage.touch(DELETION_MS);
    this.#close(failed);
  }

  /** Whether make's word about that target is not to be shown: the job never started. */
  isDropped(target: Bytes): boolean {
    return this.#verdicts.isDropped(target);
  }

  /**
   * The recipes so far whose target is that file, of those that may run on hosts: what hosts make for others is not taken
   * from a host. What a recipe on the runner makes may well be a side output of one on a host (`.d` files).
   */
  makersOf(path: Bytes): readonly Recipe[] {
    return this.#recipes.makersOf(path).flatMap((state) => (state.leaves ? [state.recipe] : []));
  }

  /** Ends whatever runs and whatever waits: remote jobs are killed, shims let go. */
  stop(): void {
    this.#options.scheduler.close();
    this.#backOff.close();
    for (const { stop } of this.#running.values()) stop.abort();
  }

  /**
   * Make has ended: every job that is still open was cancelled, and every recipe is finished now. Nothing is told of either
   * from here on.
   *
   * @param failed make's exit status was not 0
   */
  finish(failed: boolean): readonly RecipeState[] {
    for (const { job, lease, hasEnded } of this.#running.values()) {
      if (hasEnded) continue;
      const outcome: Outcome = { kind: 'cancelled' };
      this.#sink({ type: 'job-finished', job, place: lease?.place, outcome, seconds: 0, again: false });
    }
    const all = [...this.#past, ...this.#recipes.all()];
    for (const state of all) {
      // With the log in our hands make has said which failures count; without, its exit status tells.
      if (!state.closed && (!failed || this.#options.markers)) state.failure = undefined;
      this.#close(state);
    }
    this.#isOver = true;
    return all;
  }

  #setMarks(pid: number, marks: MakeMarks, failed: boolean): void {
    this.#groups.parsed(pid, marks.groups);
    this.#makes.set(pid, makeState(this.#options.dist, this.dmake, marks, failed));
  }

  /** Whether no other recipe of its make may run beside that of a job; undefined: nothing is to be seen to. */
  #runsAlone({ recipe, command, environment }: Job): boolean | undefined {
    const concurrency = this.#makes.get(recipe.make)?.concurrency;
    if (!concurrency || !runsSeveral(environment)) return undefined;
    return !concurrency.allows(recipe.target, command);
  }

  /** The calls of a make that have come and have not ended. */
  #shimsOf(make: number): ReadonlySet<number> {
    return new Set([...this.#running.values()].flatMap(({ job, shim }) => (job.recipe.make === make ? [shim] : [])));
  }

  #close(state: RecipeState): void {
    if (state.closed) return;
    state.closed = true;
    const kind = state.class;
    if (kind === undefined) return;
    this.#sink({ type: 'recipe-finished', recipe: state.recipe, class: kind, failed: state.failure });
  }
}
