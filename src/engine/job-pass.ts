import type { Place } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Job } from '../model/job.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import { isMissed, type PlaceReason } from '../model/place-reason.ts';
import { decode } from '../util/bytes.ts';
import { homecomingText } from './homecoming-text.ts';
import { print, printOutput } from './job-markers.ts';
import type { JobOutput } from './job-output.ts';
import type { LocalStart } from './local-host.ts';
import { callsMake } from './make-flags.ts';
import type { Homecoming, Text } from './ports.ts';
import type { RemoteHost, RunTerms } from './remote-host.ts';
import { SecondChance } from './second-chance.ts';
import { TimeLimits } from './time-limits.ts';
import type { PassSubject, PassWorld } from './pass-world.ts';
import type { Lease } from './scheduler.ts';
import { messageOf } from '../util/message-of.ts';

/** So soon after a job has failed, or make's word on that, make has deleted what it wants to delete. */
export const DELETION_MS = 1000;

/** There is no outcome: the host was lost or turned the job away, or the recipe failed there and the runner has the last word. */
type Unsettled = 'again' | 'turned away';

const CANCELLED: Outcome = { kind: 'cancelled' };
const HOME: Homecoming = { kind: 'home' };

/** The way of one job: a place for it, its run there, once more elsewhere where that does not count. */
export class JobPass {
  readonly #world: PassWorld;
  readonly #subject: PassSubject;
  readonly #job: Job;
  readonly #chance: SecondChance;
  /** How and where a time limit has ended it: it is to run elsewhere. */
  #tooLong: { readonly outcome: Outcome; readonly place: Place } | undefined;
  /** It has run on a host, or may have, and that does not count. */
  #ranThere = false;

  constructor(world: PassWorld, subject: PassSubject) {
    this.#world = world;
    this.#subject = subject;
    this.#job = subject.running.job;
    const { fallback, noRetry } = world;
    this.#chance = new SecondChance(
      fallback,
      noRetry?.match(this.#job.recipe.target) !== undefined,
      world.shared ?? false,
    );
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
          hostsOnly: this.#tooLong !== undefined && !remoteOf(this.#tooLong.place),
          suits: (host: Host) =>
            host !== this.#chance.avoided && (hosts.get(host)?.suits(job) ?? locals.get(host)?.isReady ?? host.local),
        };
        const answer = scheduler.acquire(wish, running.stop.signal);
        // Not before this waits in front: what runs again comes before anything new.
        held?.release();
        held = undefined;
        const lease = await answer;
        if (lease === 'cancelled') return this.drop();
        if (lease === 'no-host') return this.#withoutHost();
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
        const avoids = place === undefined && this.#chance.avoided !== 'nowhere';
        const reason = avoids ? 'timed-out-there' : (lease.reason ?? stays ?? 'not-whitelisted');
        if (place) state.host = place;
        else if (!state.host) state.here ??= reason;
        if (!place && this.#ranThere) state.retried ??= isMissed(reason) ? reason : 'hosts-lost';
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
        if (place && !scheduler.isReady(place)) this.#part(place);
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

  /** Its other lines run elsewhere. */
  #part(host: Host): void {
    const { state } = this.#subject;
    state.host = undefined;
    if (state.ranOn === host) state.parted = host;
  }

  #withoutHost(): Outcome {
    const target = decode(this.#job.recipe.target);
    const late = this.#tooLong;
    let outcome: Outcome;
    if (late) {
      const words = this.#chance.lastWords(target, { ...late, homecoming: HOME }, late.place);
      outcome = this.#refuse(`${words}; nothing else may take it`, late.outcome, late.place);
    } else {
      outcome = this.#refuse(
        `no host is left for ${target}, and fallback is never: all were left out, or were lost and have failed to come back three times`,
      );
    }
    this.#settle(outcome);
    return outcome;
  }

  /** It cannot start, and the runner may not take it. */
  #refuse(reason: string, outcome: Outcome = { kind: 'exited', status: 2 }, place?: Place): Outcome {
    const { sink, markers } = this.#world;
    const { call, state } = this.#subject;
    const job = this.#job;
    print(call, [{ descriptor: 2, data: Buffer.from(`distmake: ${reason}\n`) }], markers, job);
    state.refuse(job, outcome, place);
    sink({ type: 'job-finished', job, place, outcome, seconds: 0, again: false });
    return outcome;
  }

  async #runHere(lease: Lease): Promise<Outcome | Unsettled> {
    const { sink, stage, markers, scheduler, locals, runnerLoad, clock, jobTimeout } = this.#world;
    const { call, command, state, running, kept } = this.#subject;
    const { place } = lease;
    const job = this.#job;
    const local = place && locals.get(place);
    let start: LocalStart | undefined;
    if (local) {
      try {
        start = await local.begin(call, command);
      } catch (error) {
        scheduler.hostLost(place);
        sink({ type: 'host-lost', host: place, reason: (error as Error).message, benched: false });
        return this.#lost(place, error);
      }
      if (!start) return 'turned away';
      // The run may have been stopped meanwhile.
      if (running.stop.signal.aborted) {
        start.place.give();
        return this.drop();
      }
      running.lease = withPlace(lease, start);
    }
    const begin = clock.now();
    this.#tellStart(place);
    stage.writerStarted(job);
    if (markers) void call.write(1, markers.begin(job));
    const limits = new TimeLimits(clock, { time: kept ? undefined : jobTimeout, silence: undefined }, () =>
      call.endLocally(),
    );
    limits.start();
    running.unlimit = () => limits.end();
    const end = await call.runLocally(command.argv, start?.changes ?? command.changes).finally(() => {
      limits.end();
      start?.place.give();
      stage.writerEnded(job);
      if (running.recursive) stage.touch();
    });
    const outcome = end.kind === 'cancelled' || succeeded(end) ? end : (limits.reached ?? end);
    if (place && runnerLoad) scheduler.report(place, runnerLoad(), true);
    const seconds = (clock.now() - begin) / 1000;
    const again = outcome.kind === 'timed-out' && this.#chance.afterTimeout(place) === 'again';
    if (outcome.kind === 'timed-out' && !again) {
      const words = this.#chance.lastWords(decode(job.recipe.target), { outcome, homecoming: HOME }, place);
      void call.write(2, Buffer.from(`distmake: ${words}\n`));
    }
    if (markers) void call.write(1, markers.end(job));
    sink({ type: 'job-finished', job, place, outcome, seconds, again });
    if (again) {
      this.#tooLong = { outcome, place };
      state.here = undefined;
      state.host = undefined;
      return 'again';
    }
    state.ran(job, outcome, place, running.recursive);
    return outcome;
  }

  async #runThere(remote: RemoteHost, lease: Lease): Promise<Outcome | Unsettled> {
    const { subMakes } = this.#world;
    const job = this.#job;
    const place = remote.host;
    const { stop } = this.#subject.running;
    if (subMakes && callsMake(job.command)) {
      try {
        const reason = await subMakes.check(job, remote, stop.signal);
        if (reason !== undefined) return this.#refuse(reason);
      } catch (error) {
        remote.lose(messageOf(error));
        return this.#lost(place, error);
      }
    }
    const output = this.#world.outputs.open();
    try {
      return await this.#runOn(remote, lease, output);
    } finally {
      output.drop();
    }
  }

  async #runOn(remote: RemoteHost, lease: Lease, output: JobOutput): Promise<Outcome | Unsettled> {
    const { sink, fallback, markers, noRetry, jobTimeout } = this.#world;
    const { call, state, running } = this.#subject;
    const job = this.#job;
    const place = remote.host;
    const { stop } = running;
    let told = false;
    const started = (): void => {
      if (!told) this.#tellStart(place);
      told = true;
    };
    const once = noRetry?.match(job.recipe.target) !== undefined;
    const terms: RunTerms = {
      keepOutputs: fallback === 'never' || once,
      output,
      slots: lease.slots,
      limits: { time: jobTimeout, silence: place.stuck },
    };
    const result = await remote.run(job, terms, stop.signal, {
      onStart: started,
      onEnd: () => sink({ type: 'job-collecting', job, place }),
    });
    if (!result) return 'turned away';
    const { seconds, homecoming, missed, traffic } = result;
    started();
    // When everything is stopped the connections are closed too: that is no fault of the host.
    const outcome = result.outcome.kind === 'host-lost' && stop.signal.aborted ? CANCELLED : result.outcome;
    const isHome = homecoming.kind === 'home';
    if (!isHome && outcome.kind !== 'cancelled' && (succeeded(outcome) || homecoming.kind === 'conflict')) {
      sink({ type: 'message', level: 'warning', text: homecomingText(job.recipe, homecoming, place) });
    }
    if (missed.length > 0) {
      const text = `${place.name}: the recipe of ${decode(job.recipe.target)} failed without ${missed.map(decode).join(', ')}, which the makefile does not name among its prerequisites`;
      sink({ type: 'message', level: 'warning', text });
    }
    const chance = this.#chance.after({ ...result, outcome }, place);
    sink({ type: 'job-finished', job, place, outcome, seconds, again: chance !== undefined, traffic });
    if (chance !== undefined) {
      if (chance !== 'again') state.retried = chance.onRunner;
      if (outcome.kind === 'timed-out') {
        this.#tooLong = { outcome, place };
        state.host = undefined;
      }
      this.#ranThere ||= result.begun;
      return 'again';
    }
    const final: Outcome = isHome || !succeeded(outcome) ? outcome : { kind: 'exited', status: 1 };
    const words = this.#chance.lastWords(decode(job.recipe.target), { outcome, homecoming }, place);
    const more: Text[] = words === undefined ? [] : [{ descriptor: 2, data: Buffer.from(`distmake: ${words}\n`) }];
    if (output.trouble !== undefined) {
      const text = `distmake: not all that it printed could be kept: ${output.trouble}\n`;
      more.push({ descriptor: 2, data: Buffer.from(text) });
    }
    running.hasEnded = true;
    state.ran(job, final, place, false);
    await printOutput(call, output, more, markers, job);
    return final;
  }

  #tellStart(place: Place): void {
    const { sink, echoes } = this.#world;
    const job = this.#job;
    const echo = echoes === true ? this.#subject.call.echo(job.command) : undefined;
    sink({ type: 'job-started', job, place, ...(echo !== undefined && { echo }) });
  }

  /** It was placed there, and nothing of it has run. */
  #lost(host: Host, error: unknown): Outcome | Unsettled {
    const { state } = this.#subject;
    const job = this.#job;
    const outcome: Outcome = { kind: 'host-lost', reason: messageOf(error) };
    const end = { outcome, homecoming: HOME, begun: false };
    const chance = this.#chance.after(end, host);
    const words = this.#chance.lastWords(decode(job.recipe.target), end, host);
    if (chance === undefined) return this.#refuse(words ?? outcome.reason, outcome);
    if (chance !== 'again') state.retried = chance.onRunner;
    this.#world.sink({ type: 'job-finished', job, place: host, outcome, seconds: 0, again: true });
    return 'again';
  }

  #settle(outcome: Outcome): void {
    const { stage, markers, verdicts } = this.#world;
    if (succeeded(outcome) || outcome.kind === 'cancelled') return;
    const { parted, recipe } = this.#subject.state;
    if (parted) {
      const text = `${decode(recipe.target)}: earlier lines of its recipe ran on ${parted.name}, which was lost: what they left in /tmp there went with it`;
      this.#world.sink({ type: 'message', level: 'warning', text });
    }
    // make may delete the target, when it has heard of the end.
    stage.touch(DELETION_MS);
    // Where make's words are not ours to read, what it has started runs, as it would have without us.
    if (markers) verdicts.await(this.#subject.state, outcome, this.#subject.flags);
  }
}

/** A host that is not this machine. */
function remoteOf(place: Place): Host | undefined {
  return place?.local === true ? undefined : place;
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
