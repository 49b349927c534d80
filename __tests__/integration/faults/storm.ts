import { setTimeout as sleep } from 'node:timers/promises';
import type { NamespaceHost } from '../../rig/sshd-rig.ts';

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Blow {
  readonly name: string;
  readonly strike: (host: NamespaceHost) => void | Promise<void>;
  /** Undefined: it is over at once. */
  readonly mend?: (host: NamespaceHost) => void | Promise<void>;
}

const BLOWS: readonly Blow[] = [
  { name: 'sessions killed', strike: (host) => host.dropSessions() },
  { name: 'lanes killed', strike: (host) => void host.exec('pkill -KILL -u distmake-test', { check: false }) },
  { name: 'frozen', strike: (host) => host.freeze(), mend: (host) => host.thaw() },
  { name: 'cut', strike: (host) => host.cut(), mend: (host) => host.mend() },
  { name: 'disk full', strike: (host) => host.fillTmp(), mend: (host) => host.emptyTmp() },
  {
    name: 'power off',
    strike: (host) => {
      host.cut();
      return host.kill();
    },
    mend: (host) => host.boot(),
  },
];

/** How long a fault lasts at most, in ms: some are over before anybody notices. */
const LONGEST_MS = 6000;

/** Faults at random on some hosts, one on each at a time, until it is ended. */
export class Storm {
  readonly #random: () => number;
  readonly #stop = new AbortController();
  readonly #counts = new Map<string, number>();
  readonly #ended: Promise<unknown>;

  /** @param pause so many ms at most between two faults of one host */
  constructor(hosts: readonly NamespaceHost[], seed: number, pause: number) {
    this.#random = randomFrom(seed);
    this.#ended = Promise.all(hosts.map((host) => this.#rage(host, randomFrom(this.#random() * 2 ** 32), pause)));
    // Who ends it hears of what went wrong; by then it would be an unhandled rejection.
    this.#ended.catch(() => undefined);
  }

  /** How often each fault has happened. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Whatever is broken is mended. Rejects where a fault could not be made or mended. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #rage(host: NamespaceHost, random: () => number, pause: number): Promise<void> {
    for (;;) {
      await this.#rest(random() * pause);
      if (this.#stop.signal.aborted) return;
      const { name, strike, mend } = BLOWS[Math.floor(random() * BLOWS.length)] as Blow;
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
      await strike(host);
      const length = random() * LONGEST_MS;
      if (!mend) continue;
      await this.#rest(length);
      await mend(host);
    }
  }

  async #rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
