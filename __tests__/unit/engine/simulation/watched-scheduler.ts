import { Scheduler, type Denial, type Lease } from '../../../../src/engine/scheduler.ts';
import type { Wish } from '../../../../src/engine/wish.ts';
import type { Host } from '../../../../src/model/host.ts';
import type { World } from './world.ts';

/** A scheduler whose leases are counted: no more than there may be at any moment, and none when all is over. */
export class WatchedScheduler extends Scheduler {
  #world: World | undefined;
  /** Slots in use, by place. */
  readonly #taken = new Map<Host, number>();
  /** What a host has, since it was ready last: what it had before may still be in use then. */
  readonly #slots = new Map<Host, number>();
  /** Jobs that count; and of those the ones that are on the runner since no host has room, and those that stay. */
  readonly #counts = { all: 0, overflow: 0 };
  /** Leases that were not given back. */
  out = 0;

  watch(world: World): void {
    this.#world = world;
  }

  override async acquire(wish: Wish, signal: AbortSignal): Promise<Lease | Denial> {
    const lease = await super.acquire(wish, signal);
    return typeof lease === 'string' ? lease : this.#watched(lease, wish);
  }

  override hostReady(...of: Parameters<Scheduler['hostReady']>): number {
    const slots = super.hostReady(...of);
    this.#slots.set(of[0], slots);
    return slots;
  }

  override trialFailed(host: Host): void {
    this.#world?.story.turn(host.name, 'trial failed');
    super.trialFailed(host);
  }

  #watched(lease: Lease, { kind }: Wish): Lease {
    const { place, slots } = lease;
    const counts = this.#counts;
    const isOverflow = place === undefined && kind === 'dist';
    const taken = place ? (this.#taken.get(place) ?? 0) + slots : 0;
    this.out++;
    counts.all++;
    if (isOverflow) counts.overflow++;
    if (place) this.#taken.set(place, taken);
    this.#check(place, taken);
    let counted = true;
    const stop = (): void => {
      if (!counted) return;
      counted = false;
      counts.all--;
      if (isOverflow) counts.overflow--;
      if (place) this.#taken.set(place, (this.#taken.get(place) ?? 0) - slots);
    };
    return {
      ...lease,
      // Others get the slot before these return.
      suspend: () => {
        stop();
        lease.suspend();
      },
      release: () => {
        this.out--;
        stop();
        lease.release();
      },
    };
  }

  #check(place: Host | undefined, taken: number): void {
    if (!this.#world) return;
    const { story, scenario } = this.#world;
    const { localJobs, processors } = scenario;
    const slots = place && (place.local ? (place.slots ?? 0) : (this.#slots.get(place) ?? 0));
    if (place && slots !== undefined && taken > slots) story.wrong(`${place.name} has ${taken} slots in use`);
    if (this.#counts.all > this.jobs) story.wrong(`${this.#counts.all} jobs run at one time`);
    const most = Math.max(localJobs, processors);
    if (this.#counts.overflow > most) story.wrong(`${this.#counts.overflow} jobs run on the runner that may leave`);
  }
}
