import type { EventSink } from '../model/event.ts';
import { decode } from '../util/bytes.ts';
import { deferred } from '../util/deferred.ts';
import { Bench, type Trial } from './bench.ts';
import { SYSTEM_CLOCK, type Clock } from './clock.ts';
import { LeftOut } from './left-out.ts';
import type { Stage, Survey } from './ports.ts';
import type { FirstStaging, RemoteHost } from './remote-host.ts';
import type { Scheduler } from './scheduler.ts';
import type { ToolCheck } from './toolchain-check.ts';
import { messageOf } from '../util/message-of.ts';

/** Once one host is ready, how long the others may take before make starts without them; they join when they come. */
export const GRACE_MS = 2000;

/** How often a first staging that takes long tells how far it is. */
const PROGRESS_MS = 5000;

export interface FarmOptions {
  readonly hosts: readonly RemoteHost[];
  readonly stage: Stage;
  readonly scheduler: Scheduler;
  readonly sink: EventSink;
  /** Leaves out hosts before they get a job. */
  readonly tools: ToolCheck;
  /** Nothing can be done without a host: one is waited for as long as one may come. Default: not. */
  readonly needed?: boolean;
  readonly clock?: Clock;
}

/** All ssh hosts of the matrix: brought up in parallel, and those that are lost are taken back when they answer. */
export class Farm {
  readonly #options: FarmOptions;
  readonly #clock: Clock;
  readonly #bench: Bench;
  /** Those that take jobs now. */
  readonly #up = new Set<RemoteHost>();
  readonly #settled = deferred<undefined>();
  #isReady = false;
  #closed = false;

  constructor(options: FarmOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const remotes = new Map(options.hosts.map((remote) => [remote.host, remote]));
    this.#bench = new Bench(this.#clock, (host) => this.#takeBack(remotes.get(host) as RemoteHost));
  }

  /** Whether any host has come up. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Connects and stages everywhere. Resolves when it is worth starting: all hosts are ready or lost, or some have been
   * ready for a moment. Where a host is needed: one is ready, or none will be soon.
   */
  async start(): Promise<void> {
    const { hosts, tools, scheduler } = this.#options;
    if (hosts.length === 0) return;
    tools.start();
    const survey = this.#survey();
    // Who waits for it hears of a fault; nobody may be waiting yet.
    survey.catch(() => undefined);
    // A host whose owner has no place even for a question is not waited for.
    const waits: Promise<unknown>[] = [];
    const starts = hosts.map((remote) => {
      const busy = deferred<undefined>();
      const start = this.#start(remote, survey, () => busy.resolve(undefined));
      waits.push(Promise.race([start, busy.promise]));
      return start;
    });
    const first = Promise.any(starts).then(
      () => this.#clock.pause(GRACE_MS),
      () => undefined,
    );
    await Promise.race([Promise.allSettled(waits), first]);
    if (this.#options.needed === true && scheduler.hasHope) await this.#settled.promise;
  }

  /** A host that was up has broken off; its lanes are closed. Told again, or of a host that is not up, this does nothing. */
  lost(remote: RemoteHost, reason: string): void {
    if (this.#closed || !this.#up.delete(remote)) return;
    this.#putOnBench(remote, reason);
  }

  close(): void {
    this.#closed = true;
    this.#bench.close();
    for (const remote of this.#options.hosts) remote.close();
  }

  /** While the hosts are still being reached. */
  async #survey(): Promise<Survey> {
    const { stage, sink } = this.#options;
    const survey = await stage.survey();
    const directories = survey.directories.map((one) => ({ ...one, path: decode(one.path) }));
    sink({ type: 'workspace-surveyed', ...survey, directories });
    return survey;
  }

  async #start(remote: RemoteHost, surveyed: Promise<Survey>, onWait: () => void): Promise<void> {
    const { tools, sink } = this.#options;
    const { host } = remote;
    const begin = this.#clock.now();
    let of: Survey | undefined;
    surveyed.then(
      (survey) => (of = survey),
      () => undefined,
    );
    const progress = every(this.#clock, PROGRESS_MS, () => {
      const { files, bytes } = remote.sent;
      const seconds = (this.#clock.now() - begin) / 1000;
      if (of && files > 0) sink({ type: 'staging-progress', host, seconds, files, bytes, of });
    });
    try {
      tools.checkArch(host);
      await this.#bringUp(remote, () => remote.start(), onWait);
    } catch (error) {
      remote.close();
      if (error instanceof LeftOut) this.#leaveOut(remote, error);
      else if (!this.#closed) this.#putOnBench(remote, messageOf(error));
      throw error;
    } finally {
      progress.cancel();
    }
  }

  /** A host on the bench is tried again. */
  async #takeBack(remote: RemoteHost): Promise<Trial> {
    try {
      await this.#bringUp(remote, () => remote.restart());
      return 'back';
    } catch (error) {
      remote.close();
      if (error instanceof LeftOut) {
        this.#leaveOut(remote, error);
        return 'left out';
      }
      this.#options.scheduler.trialFailed(remote.host);
      this.#lookForHope();
      return 'not yet';
    }
  }

  async #bringUp(remote: RemoteHost, begin: () => Promise<FirstStaging>, onWait?: () => void): Promise<void> {
    const { tools, scheduler, sink } = this.#options;
    const { host } = remote;
    const staging = await begin();
    await tools.check(remote, onWait);
    // It may have broken off meanwhile, or the run may be over.
    remote.checkOpen();
    const returned = remote.restarts > 0;
    this.#up.add(remote);
    this.#isReady = true;
    this.#settled.resolve(undefined);
    const slots = scheduler.hostReady(host, remote.facts);
    sink({ type: 'host-ready', host, ...staging, slots, staging: remote.staging, returned });
  }

  #putOnBench(remote: RemoteHost, reason: string): void {
    const { scheduler, sink, tools } = this.#options;
    const { host } = remote;
    // Others need not wait for what it would say of its tools.
    tools.gone(host);
    sink({ type: 'host-lost', host, reason, benched: true });
    scheduler.hostBenched(host);
    this.#bench.put(host);
  }

  #leaveOut(remote: RemoteHost, error: LeftOut): void {
    const { scheduler, sink, tools } = this.#options;
    const { host } = remote;
    tools.gone(host);
    sink({ type: 'host-lost', host, reason: error.message, benched: false });
    scheduler.hostLost(host);
    this.#lookForHope();
  }

  #lookForHope(): void {
    if (!this.#options.scheduler.hasHope) this.#settled.resolve(undefined);
  }
}

/** Calls back again and again until it is cancelled. */
function every(clock: Clock, ms: number, run: () => void): { readonly cancel: () => void } {
  const begin = (): (() => void) =>
    clock.after(ms, () => {
      next = begin();
      run();
    });
  let next = begin();
  return { cancel: () => next() };
}
