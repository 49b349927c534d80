import type { EventSink, Place } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Job } from '../model/job.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import type { DistSetting } from '../model/settings.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { distSet, type TargetSet } from './dist-set.ts';
import { print, type JobMarkers } from './job-markers.ts';
import { callsMake, makeFlags } from './make-flags.ts';
import type { ShellCall, Stage } from './ports.ts';
import { RecipeBook, type RecipeState } from './recipe-book.ts';
import type { RemoteHost } from './remote-host.ts';
import type { Lease, Scheduler } from './scheduler.ts';
import { Verdicts } from './verdicts.ts';

/** What a shim's call asks to run, with the user's own shell in it. */
export interface Command {
  readonly target: Bytes;
  readonly argv: readonly Bytes[];
  readonly command: Bytes;
  readonly environment: readonly Bytes[];
  /** How the environment of the shim must be changed for a run on the runner: `NAME=value` sets, `NAME` unsets. */
  readonly changes: readonly Bytes[];
}

export interface DispatcherOptions {
  readonly scheduler: Scheduler;
  readonly hosts: readonly RemoteHost[];
  readonly stage: Stage;
  readonly sink: EventSink;
  readonly dist: DistSetting;
  /** Targets that must stay. */
  readonly local: TargetSet;
  readonly fallback: 'local' | 'never';
  readonly markers: JobMarkers;
}

interface MakeState {
  dist: TargetSet;
  /** A recipe of it failed for good: it starts no other. */
  failed: boolean;
}

interface Running {
  readonly job: Job;
  readonly shim: number;
  readonly stop: AbortController;
  lease: Lease | undefined;
  recursive: boolean;
}

/** One job, from the shim's call to the shim's end. All that happens to it is in {@link Dispatcher.dispatch}. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #hosts: ReadonlyMap<Host, RemoteHost>;
  readonly #makes = new Map<number, MakeState>();
  readonly #recipes = new RecipeBook();
  readonly #verdicts: Verdicts;
  readonly #past: RecipeState[] = [];
  readonly #running = new Map<number, Running>();
  /** With markers: jobs whose text is still to come; make hands it out after they have ended. */
  readonly #untold = new Map<number, Running>();
  #next = 1;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#hosts = new Map(options.hosts.map((remote) => [remote.host, remote]));
    this.#verdicts = new Verdicts(options.scheduler, this.#recipes, (make) => {
      const state = this.#makes.get(make);
      if (state) state.failed = true;
    });
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
      parent.recursive = true;
      parent.lease?.suspend();
      // It only waits from here on; what it may write before the next make, or after, shows when that starts or it ends.
      this.#options.stage.writerEnded(parent.job);
    }
    this.#options.stage.touch();
    this.#makes.set(pid, { dist: distSet(this.#options.dist, undefined), failed: false });
  }

  /** @param marked the prerequisites of the makefile's `.DIST`; undefined when it has none */
  makeParsed(pid: number, marked: readonly Bytes[] | undefined): void {
    const dist = distSet(this.#options.dist, marked);
    const make = this.#makes.get(pid);
    if (make) make.dist = dist;
    else this.#makes.set(pid, { dist, failed: false });
    this.#options.stage.touch();
  }

  /** Whether a job only waits for a sub-make, as far as is known. */
  isRecursive(id: number): boolean {
    return this.#untold.get(id)?.recursive ?? false;
  }

  /** A job whose text has not come yet, or not all. */
  jobById(id: number): Job | undefined {
    return this.#untold.get(id)?.job;
  }

  /** What the job printed has been handed over. */
  textCame(id: number): void {
    if (!this.isRecursive(id)) this.#untold.delete(id);
  }

  /** Answers one call of a shim. */
  async dispatch(call: ShellCall, command: Command): Promise<void> {
    const make = this.#makes.get(call.make);
    const state = this.#recipes.of(call.make, command.target, call.directory);
    const job: Job = {
      id: this.#next++,
      recipe: state.recipe,
      directory: call.directory,
      argv: command.argv,
      command: command.command,
      environment: command.environment,
      umask: call.umask,
    };
    const running: Running = { job, shim: call.pid, stop: new AbortController(), lease: undefined, recursive: false };
    const stop = (): void => running.stop.abort();
    call.gone.addEventListener('abort', stop);
    if (call.gone.aborted) stop();
    this.#running.set(job.id, running);
    if (this.#options.markers) this.#untold.set(job.id, running);
    const flags = makeFlags(job.environment);
    const fresh = state.jobs === 0 || state.dropped;
    state.jobs++;
    this.#verdicts.wentOn(state);
    const pass = { call, command, state, running, flags, fresh };
    try {
      const outcome = fresh && make?.failed === true ? this.#drop(pass) : await this.#perform(pass);
      call.exit(outcome.kind === 'exited' || outcome.kind === 'signaled' ? outcome : { kind: 'exited', status: 1 });
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
    this.#options.stage.touch();
    this.#close(failed);
  }

  /** Whether make's word about that target is not to be shown: the job never started. */
  isDropped(target: Bytes): boolean {
    return this.#verdicts.isDropped(target);
  }

  /** Ends whatever runs and whatever waits: remote jobs are killed, shims let go. */
  stop(): void {
    this.#options.scheduler.close();
    for (const { stop } of this.#running.values()) stop.abort();
  }

  /**
   * Make has ended: every recipe that is still open is finished now.
   *
   * @param failed make's exit status was not 0
   */
  finish(failed: boolean): readonly RecipeState[] {
    const all = [...this.#past, ...this.#recipes.all()];
    for (const state of all) {
      // With the log in our hands make has said which failures count; without, its exit status tells.
      if (!state.closed && (!failed || this.#options.markers)) state.failure = undefined;
      this.#close(state);
    }
    return all;
  }

  async #perform(pass: Pass): Promise<Outcome> {
    const { scheduler } = this.#options;
    const { state, running } = pass;
    const { job } = running;
    let { fresh } = pass;
    let stays = state.retried || state.here || !this.#mayLeave(pass);
    let held: Lease | undefined;
    try {
      for (;;) {
        const wish = {
          kind: stays ? ('stay' as const) : ('dist' as const),
          make: job.recipe.make,
          bound: state.host,
          fresh,
          suits: (host: Host) => this.#hosts.get(host)?.suits(job) ?? host.local,
        };
        const answer = scheduler.acquire(wish, running.stop.signal);
        // Not before this waits in front: what runs again comes before anything new.
        held?.release();
        held = undefined;
        const lease = await answer;
        if (lease === 'cancelled') return this.#drop(pass);
        if (lease === 'no-host') return this.#refuse(pass);
        held = lease;
        fresh = false;
        running.lease = lease;
        const remote = lease.place && this.#hosts.get(lease.place);
        if (remote) state.host = remote.host;
        else if (lease.place) state.host = lease.place;
        else if (!state.host) state.here = true;
        const outcome = await (remote ? this.#runThere(pass, remote) : this.#runHere(pass, lease.place));
        running.lease = undefined;
        if (outcome) {
          // Before the lease is free for another: after a failure none is to start.
          this.#settle(pass, outcome);
          return outcome;
        }
        // Not done: the host was lost (it goes elsewhere), or the recipe failed there (the runner has the last word).
        if (remote && scheduler.isLost(remote.host)) state.host = undefined;
        stays = state.retried;
      }
    } finally {
      running.lease = undefined;
      held?.release();
    }
  }

  /** It does not start. Its echo is printed all the same, and must be known as that of a job. */
  #drop({ call, state, running: { job } }: Pass): Outcome {
    const { sink, markers } = this.#options;
    state.dropped = true;
    print(call, [], markers, job);
    sink({ type: 'job-finished', job, place: undefined, outcome: CANCELLED, seconds: 0, again: false });
    return CANCELLED;
  }

  /** It cannot start: no host is left, and the runner may not take it. */
  #refuse(pass: Pass): Outcome {
    const {
      call,
      state,
      running: { job },
    } = pass;
    const { sink, markers } = this.#options;
    const outcome: Outcome = { kind: 'exited', status: 2 };
    const text = `distmake: no host is left for ${decode(job.recipe.target)}, and fallback is never\n`;
    print(call, [{ descriptor: 2, data: Buffer.from(text) }], markers, job);
    state.ran(job, outcome, undefined, false);
    sink({ type: 'job-finished', job, place: undefined, outcome, seconds: 0, again: false });
    this.#settle(pass, outcome);
    return outcome;
  }

  async #runHere({ call, command, state, running }: Pass, place: Place): Promise<Outcome> {
    const { sink, stage, markers } = this.#options;
    const { job } = running;
    const begin = performance.now();
    sink({ type: 'job-started', job, place });
    stage.writerStarted(job);
    if (markers) call.write(1, markers.begin(job));
    const outcome = await call.runLocally(command.argv, command.changes).finally(() => {
      stage.writerEnded(job);
      if (running.recursive) stage.touch();
    });
    if (markers) call.write(1, markers.end(job));
    const seconds = (performance.now() - begin) / 1000;
    state.ran(job, outcome, place, running.recursive);
    sink({ type: 'job-finished', job, place, outcome, seconds, again: false });
    return outcome;
  }

  /** @returns undefined when the job must run again somewhere else */
  async #runThere({ call, state, running }: Pass, remote: RemoteHost): Promise<Outcome | undefined> {
    const { sink, scheduler, fallback, markers } = this.#options;
    const { job } = running;
    const place = remote.host;
    sink({ type: 'job-started', job, place });
    const never = fallback === 'never';
    const { stop } = running;
    const { outcome: end, seconds, output, refused } = await remote.run(job, never, stop.signal);
    // When everything is stopped the connections are closed too: that is no fault of the host.
    const outcome = end.kind === 'host-lost' && stop.signal.aborted ? CANCELLED : end;
    const again =
      outcome.kind === 'host-lost' ||
      (outcome.kind !== 'cancelled' && !never && !(succeeded(outcome) && refused === undefined));
    if (refused !== undefined && succeeded(outcome)) {
      const text = `${place.name}: what the recipe of ${decode(job.recipe.target)} wrote was not taken: ${refused}`;
      sink({ type: 'message', level: 'warning', text });
    }
    if (outcome.kind === 'host-lost' && !scheduler.isLost(place)) {
      scheduler.hostLost(place);
      sink({ type: 'host-lost', host: place, reason: outcome.reason });
    }
    sink({ type: 'job-finished', job, place, outcome, seconds, again });
    if (again) {
      if (outcome.kind !== 'host-lost') {
        state.retried = true;
      }
      return undefined;
    }
    const final: Outcome = refused === undefined || !succeeded(outcome) ? outcome : { kind: 'exited', status: 1 };
    state.ran(job, final, place, false);
    print(call, output, markers, job);
    return final;
  }

  /** Whether the recipe may run on a host. */
  #mayLeave({ running: { job }, flags }: Pass): boolean {
    const { stage, local } = this.#options;
    const { target } = job.recipe;
    const match = this.#makes.get(job.recipe.make)?.dist.match(target);
    if (match === undefined || local.match(target) !== undefined) return false;
    if (['n', 'q', 't'].some((flag) => flags.has(flag))) return false;
    if (stage.relative(job.directory) === undefined) return false;
    return match === 'name' || !callsMake(job.command);
  }

  #settle({ state, flags }: Pass, outcome: Outcome): void {
    if (succeeded(outcome) || outcome.kind === 'cancelled') return;
    // make may delete the target.
    this.#options.stage.touch();
    // Where make's words are not ours to read, what it has started runs, as it would have without us.
    if (this.#options.markers) this.#verdicts.await(state, outcome, flags);
  }

  #close(state: RecipeState): void {
    if (state.closed) return;
    state.closed = true;
    const kind = state.class;
    if (kind === undefined) return;
    this.#options.sink({ type: 'recipe-finished', recipe: state.recipe, class: kind, failed: state.failure });
  }
}

interface Pass {
  readonly call: ShellCall;
  readonly command: Command;
  readonly state: RecipeState;
  readonly running: Running;
  readonly flags: ReadonlySet<string>;
  readonly fresh: boolean;
}

const CANCELLED: Outcome = { kind: 'cancelled' };
