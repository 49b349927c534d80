import { setTimeout } from 'node:timers/promises';
import type { EventSink } from '../model/event.ts';
import { decode } from '../util/bytes.ts';
import { deferred } from '../util/deferred.ts';
import type { Stage, Survey } from './ports.ts';
import type { RemoteHost } from './remote-host.ts';
import type { Scheduler } from './scheduler.ts';
import type { ToolCheck } from './toolchain-check.ts';

/** Once one host is ready, how long the others may take before make starts without them; they join when they come. */
export const GRACE_MS = 2000;

/** How often a first staging that takes long tells how far it is. */
const PROGRESS_MS = 5000;

/** All ssh hosts of the matrix, brought up in parallel. */
export class Farm {
  readonly #hosts: readonly RemoteHost[];
  readonly #stage: Stage;
  readonly #scheduler: Scheduler;
  readonly #sink: EventSink;
  readonly #tools: ToolCheck;
  #ready = 0;

  constructor(
    hosts: readonly RemoteHost[],
    stage: Stage,
    scheduler: Scheduler,
    sink: EventSink,
    /** Leaves out hosts before they get a job. */
    tools: ToolCheck,
  ) {
    this.#hosts = hosts;
    this.#stage = stage;
    this.#scheduler = scheduler;
    this.#sink = sink;
    this.#tools = tools;
  }

  /** Hosts that came up. */
  get ready(): number {
    return this.#ready;
  }

  /**
   * Connects and stages everywhere. Resolves when it is worth starting: all hosts are ready or lost, or some have been
   * ready for a moment.
   */
  async start(): Promise<void> {
    if (this.#hosts.length === 0) return;
    this.#tools.start();
    const survey = this.#survey();
    // Who waits for it hears of a fault; nobody may be waiting yet.
    survey.catch(() => undefined);
    // A host whose owner has no place even for a question is not waited for.
    const waits: Promise<unknown>[] = [];
    const starts = this.#hosts.map((remote) => {
      const busy = deferred<undefined>();
      const start = this.#bringUp(remote, survey, () => busy.resolve(undefined));
      waits.push(Promise.race([start, busy.promise]));
      return start;
    });
    const first = Promise.any(starts).then(
      () => setTimeout(GRACE_MS, undefined, { ref: false }),
      () => undefined,
    );
    await Promise.race([Promise.allSettled(waits), first]);
  }

  close(): void {
    for (const remote of this.#hosts) remote.close();
  }

  /** While the hosts are still being reached. */
  async #survey(): Promise<Survey> {
    const survey = await this.#stage.survey();
    const directories = survey.directories.map((one) => ({ ...one, path: decode(one.path) }));
    this.#sink({ type: 'workspace-surveyed', ...survey, directories });
    return survey;
  }

  async #bringUp(remote: RemoteHost, surveyed: Promise<Survey>, onWait: () => void): Promise<void> {
    const { host } = remote;
    const begin = performance.now();
    let of: Survey | undefined;
    surveyed.then(
      (survey) => (of = survey),
      () => undefined,
    );
    const progress = setInterval(() => {
      const { files, bytes } = remote.sent;
      const seconds = (performance.now() - begin) / 1000;
      if (of && files > 0) this.#sink({ type: 'staging-progress', host, seconds, files, bytes, of });
    }, PROGRESS_MS);
    try {
      this.#tools.checkArch(host);
      const staging = await remote.start();
      await this.#tools.check(remote, onWait);
      this.#ready++;
      const slots = this.#scheduler.hostReady(host, remote.facts);
      this.#sink({ type: 'host-ready', host, ...staging, slots, staging: remote.staging });
    } catch (error) {
      remote.close();
      this.#tools.gone(host);
      const reason = error instanceof Error ? error.message : String(error);
      this.#sink({ type: 'host-lost', host, reason });
      this.#scheduler.hostLost(host);
      throw error;
    } finally {
      clearInterval(progress);
    }
  }
}
