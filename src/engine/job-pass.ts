import type { Place } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Job } from '../model/job.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import type { PlaceReason } from '../model/place-reason.ts';
import { decode } from '../util/bytes.ts';
import { homecomingText } from './homecoming-text.ts';
import { print } from './job-markers.ts';
import type { LocalStart } from './local-host.ts';
import { callsMake } from './make-flags.ts';
import type { RemoteHost } from './remote-host.ts';
import type { PassSubject, PassWorld } from './pass-world.ts';
import type { Lease } from './scheduler.ts';

/** So soon after a job has failed, or make's word on that, make has deleted what it wants to delete. */
export const DELETION_MS = 1000;

/** How often one job may find that others have written what it wrote; only where the runner may not take it. */
const MOST_CONFLICTS = 20;

/** There is no outcome: the host was lost or turned the job away, or the recipe failed there and the runner has the last word. */
type Unsettled = 'again' | 'turned away';

const CANCELLED: Outcome = { kind: 'cancelled' };

/** The way of one job: a place for it, its run there, once more elsewhere where that does not count. */
export class JobPass {
  readonly #world: PassWorld;
  readonly #subject: PassSubject;
  readonly #job: Job;
  #conflicts = 0;

  constructor(world: PassWorld, subject: PassSubject) {
    this.#world = world;
    this.#subject = subject;
    this.#job = subject.running.job;
  }

  /** Runs it. Everything is told to the sink and the shim's output, but for the shim's end. */
  async perform(): Promise<Outcome> {
    const { scheduler, hosts, locals, backOff, sink } = this.#world;
    const { state, running } = this.#subject;
    const job = this.#job;
    let { fresh } = this.#subject;
    let returned = false;
    let stays = this.#whyHere();
    let held: Lease | undefined;
    try {
      for (;;) {
        if (fresh && this.#subject.isOver()) return this.drop();
        const wish = {
          kind: stays === undefined ? ('dist' as const) : ('stay' as const),
          make: job.recipe.make,
          bound: state.host,
          fresh,
          returned,
          wide: stays === undefined && callsMake(job.command),
          weight: this.#world.weightOf?.(job.recipe) ?? 0,
          suits: (host: Host) => hosts.get(host)?.suits(job) ?? locals.get(host)?.isReady ?? host.local,
        };
        const answer = scheduler.acquire(wish, running.stop.signal);
        // Not before this waits in front: what runs again comes before anything new.
        held?.release();
        held = undefined;
        const lease = await answer;
        if (lease === 'cancelled') return this.drop();
        if (lease === 'no-host')
          return this.#refuse(`no host is left for ${decode(job.recipe.target)}, and fallback is never`);
        held = lease;
        running.lease = lease;
        const obstacle = this.#subject.begin(lease.place);
        if (obstacle) {
          running.lease = undefined;
          held = undefined;
          lease.release();
          const spared = await obstacle;
          if (!spared) continue;
          this.spare(spared);
          return spared;
        }
        const { host: before } = state;
        const { place } = lease;
        const remote = place && hosts.get(place);
        const reason = lease.reason ?? stays ?? 'not-whitelisted';
        if (place) state.host = place;
        else if (!state.host) state.here ??= reason;
        sink({ type: 'job-placed', job, place, reason, slots: lease.slots });
        const outcome = await (remote ? this.#runThere(remote, lease) : this.#runHere(lease));
        running.lease = undefined;
        if (outcome === 'turned away' && place) {
          sink({ type: 'job-turned-away', job, place });
          lease.turnedAway();
          backOff.turnedAway(place);
          // Nothing has run: another host may be the recipe's as well.
          state.host = before;
          returned = true;
        } else if (outcome !== 'again' && outcome !== 'turned away') {
          // Before the lease is free for another: after a failure none is to start.
          this.#settle(outcome);
          return outcome;
        } else {
          fresh = false;
        }
        if (place && scheduler.isLost(place)) state.host = undefined;
        stays = this.#whyHere();
      }
    } finally {
      running.lease = undefined;
      held?.release();
    }
  }

  /** Why it runs on the runner, whatever hosts there are; undefined: it may leave. */
  #whyHere(): PlaceReason | undefined {
    const { state, kept } = this.#subject;
    return kept ?? state.retried ?? state.here;
  }

  /** It does not start. Its echo is printed all the same, and must be known as that of a job. */
  drop(): Outcome {
    const { sink, markers } = this.#world;
    const { call, state } = this.#subject;
    const job = this.#job;
    state.dropped = true;
    print(call, [], markers, job);
    sink({ type: 'job-finished', job, place: undefined, outcome: CANCELLED, seconds: 0, again: false });
    return CANCELLED;
  }

  /** It ends so without having run. As with one that was dropped, its echo is none of anybody's business. */
  spare(outcome: Outcome): void {
    const { sink, markers } = this.#world;
    const { call, state } = this.#subject;
    const job = this.#job;
    print(call, [], markers, job);
    if (!succeeded(outcome)) state.failure = { job, outcome, place: undefined };
    sink({ type: 'job-finished', job, place: undefined, outcome: CANCELLED, seconds: 0, again: false });
    this.#settle(outcome);
  }

  /** It cannot start, and the runner may not take it. */
  #refuse(reason: string): Outcome {
    const { sink, markers } = this.#world;
    const { call, state } = this.#subject;
    const job = this.#job;
    const outcome: Outcome = { kind: 'exited', status: 2 };
    print(call, [{ descriptor: 2, data: Buffer.from(`distmake: ${reason}\n`) }], markers, job);
    state.ran(job, outcome, undefined, false);
    sink({ type: 'job-finished', job, place: undefined, outcome, seconds: 0, again: false });
    this.#settle(outcome);
    return outcome;
  }

  async #runHere(lease: Lease): Promise<Outcome | Unsettled> {
    const { sink, stage, markers, scheduler, locals, runnerLoad } = this.#world;
    const { call, command, state, running } = this.#subject;
    const { place } = lease;
    const job = this.#job;
    const local = place && locals.get(place);
    let start: LocalStart | undefined;
    if (local) {
      try {
        start = await local.begin(call, command);
      } catch (error) {
        return this.#lost(local.host, error);
      }
      if (!start) return 'turned away';
      running.lease = withPlace(lease, start);
    }
    const begin = performance.now();
    this.#tellStart(place);
    stage.writerStarted(job);
    if (markers) call.write(1, markers.begin(job));
    const outcome = await call.runLocally(command.argv, start?.changes ?? command.changes).finally(() => {
      start?.place.give();
      stage.writerEnded(job);
      if (running.recursive) stage.touch();
    });
    if (markers) call.write(1, markers.end(job));
    if (place && runnerLoad) scheduler.report(place, runnerLoad(), true);
    const seconds = (performance.now() - begin) / 1000;
    state.ran(job, outcome, place, running.recursive);
    sink({ type: 'job-finished', job, place, outcome, seconds, again: false });
    return outcome;
  }

  async #runThere(remote: RemoteHost, lease: Lease): Promise<Outcome | Unsettled> {
    const { sink, fallback, markers, subMakes } = this.#world;
    const { call, state, running } = this.#subject;
    const job = this.#job;
    const place = remote.host;
    const never = fallback === 'never';
    const { stop } = running;
    if (subMakes && callsMake(job.command)) {
      try {
        const reason = await subMakes.check(job, remote, stop.signal);
        if (reason !== undefined) return this.#refuse(reason);
      } catch (error) {
        return this.#lost(place, error);
      }
    }
    let told = false;
    const started = (): void => {
      if (!told) this.#tellStart(place);
      told = true;
    };
    const result = await remote.run(job, { keepOutputs: never, slots: lease.slots }, stop.signal, {
      onStart: started,
      onEnd: () => sink({ type: 'job-collecting', job, place }),
    });
    if (!result) return 'turned away';
    const { outcome: end, seconds, output, homecoming, missed, traffic } = result;
    started();
    // When everything is stopped the connections are closed too: that is no fault of the host.
    const outcome = end.kind === 'host-lost' && stop.signal.aborted ? CANCELLED : end;
    if (outcome.kind === 'host-lost') this.#lose(place, outcome.reason);
    const isHome = homecoming.kind === 'home';
    if (!isHome && outcome.kind !== 'cancelled' && (succeeded(outcome) || homecoming.kind === 'conflict')) {
      sink({ type: 'message', level: 'warning', text: homecomingText(job.recipe, homecoming, place) });
    }
    if (missed.length > 0) {
      const text = `${place.name}: the recipe of ${decode(job.recipe.target)} failed without ${missed.map(decode).join(', ')}, which the makefile does not name among its prerequisites`;
      sink({ type: 'message', level: 'warning', text });
    }
    const collides = homecoming.kind === 'conflict' && ++this.#conflicts < MOST_CONFLICTS;
    const again =
      outcome.kind === 'host-lost' ||
      (outcome.kind !== 'cancelled' && (collides || (!never && !(succeeded(outcome) && isHome))));
    sink({ type: 'job-finished', job, place, outcome, seconds, again, traffic });
    if (again) {
      // On top of what the other has written it may succeed on a host just as well, where the runner is no choice.
      if (outcome.kind !== 'host-lost' && !never) state.retried = succeeded(outcome) ? 'not-taken' : 'failed-there';
      return 'again';
    }
    const final: Outcome = isHome || !succeeded(outcome) ? outcome : { kind: 'exited', status: 1 };
    state.ran(job, final, place, false);
    print(call, output, markers, job);
    return final;
  }

  #tellStart(place: Place): void {
    const { sink, echoes } = this.#world;
    const job = this.#job;
    const echo = echoes === true ? this.#subject.call.echo(job.command) : undefined;
    sink({ type: 'job-started', job, place, ...(echo !== undefined && { echo }) });
  }

  /** It was placed there, and nothing of it has run. */
  #lost(host: Host, error: unknown): Unsettled {
    const { sink } = this.#world;
    const reason = error instanceof Error ? error.message : String(error);
    this.#lose(host, reason);
    const outcome: Outcome = { kind: 'host-lost', reason };
    sink({ type: 'job-finished', job: this.#job, place: host, outcome, seconds: 0, again: true });
    return 'again';
  }

  #lose(host: Host, reason: string): void {
    const { scheduler, sink } = this.#world;
    if (scheduler.isLost(host)) return;
    scheduler.hostLost(host);
    sink({ type: 'host-lost', host, reason });
  }

  #settle(outcome: Outcome): void {
    const { stage, markers, verdicts } = this.#world;
    if (succeeded(outcome) || outcome.kind === 'cancelled') return;
    // make may delete the target, when it has heard of the end.
    stage.touch(DELETION_MS);
    // Where make's words are not ours to read, what it has started runs, as it would have without us.
    if (markers) verdicts.await(this.#subject.state, outcome, this.#subject.flags);
  }
}

/** A job that only waits for a sub-make leaves its owner's place to the jobs of that. */
function withPlace(lease: Lease, { place }: LocalStart): Lease {
  return {
    ...lease,
    suspend: () => {
      place.give();
      lease.suspend();
    },
  };
}
