import { setTimeout } from 'node:timers/promises';
import type { EventSink } from '../model/event.ts';
import type { RemoteHost } from './remote-host.ts';
import type { Scheduler } from './scheduler.ts';

/** Once one host is ready, how long the others may take before make starts without them; they join when they come. */
const GRACE_MS = 2000;

/** All ssh hosts of the matrix, brought up in parallel. */
export class Farm {
  readonly #hosts: readonly RemoteHost[];
  readonly #scheduler: Scheduler;
  readonly #sink: EventSink;
  #ready = 0;

  constructor(hosts: readonly RemoteHost[], scheduler: Scheduler, sink: EventSink) {
    this.#hosts = hosts;
    this.#scheduler = scheduler;
    this.#sink = sink;
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
    const starts = this.#hosts.map((remote) => this.#bringUp(remote));
    const first = Promise.any(starts).then(
      () => setTimeout(GRACE_MS, undefined, { ref: false }),
      () => undefined,
    );
    await Promise.race([Promise.allSettled(starts), first]);
  }

  close(): void {
    for (const remote of this.#hosts) remote.close();
  }

  async #bringUp(remote: RemoteHost): Promise<void> {
    const { host } = remote;
    try {
      const staging = await remote.start();
      this.#ready++;
      this.#sink({ type: 'host-ready', host, ...staging });
      this.#scheduler.hostReady(host);
    } catch (error) {
      remote.close();
      const reason = error instanceof Error ? error.message : String(error);
      this.#sink({ type: 'host-lost', host, reason });
      this.#scheduler.hostLost(host);
      throw error;
    }
  }
}
