import type { Host } from '../model/host.ts';

/** What a job asks for. */
export interface Wish {
  /** `dist`: may leave; `stay`: must run on the runner. */
  readonly kind: 'dist' | 'stay';
  /** The make that waits for it. */
  readonly make: number;
  /** The host on which the recipe has begun: all its lines run there. */
  readonly bound: Host | undefined;
  /** Nothing of its recipe has run yet: such jobs do not start any more once their make has failed. */
  readonly fresh: boolean;
  /** A host has turned it away (D10): it keeps its place in front of others that are fresh. */
  readonly returned: boolean;
  /** It calls make, which runs there as a whole: it can use all slots that are free on its host. */
  readonly wide: boolean;
  /** Of those of one rank the heavier one starts first (P7). */
  readonly weight: number;
  /** It must not run on the runner, where it was killed by a time limit. */
  readonly hostsOnly: boolean;
  /** Whether a host that is ready can run it at all. */
  readonly suits: (host: Host) => boolean;
}

/** Whether it can use several slots of a host. */
export function isWide({ kind, wide }: Wish): boolean {
  return wide && kind === 'dist';
}

/** Whether a wish goes before one that came earlier. */
export function comesBefore(wish: Wish, earlier: Wish): boolean {
  const difference = rankOf(wish) - rankOf(earlier);
  return difference < 0 || (difference === 0 && wish.weight > earlier.weight);
}

/** What has begun comes first, then what had a place already. */
function rankOf({ fresh, returned }: Wish): number {
  return !fresh ? 0 : returned ? 1 : 2;
}

/**
 * How many slots a wide wish may take of one host. Those that wait besides are thought of as spread evenly over the hosts
 * that are free: one slot is left to each that is not wide, and the rest is shared with the wide ones. So with no more
 * wide ones than hosts each gets a whole one, and with as many as there are slots one slot each.
 *
 * @param free slots of its host
 * @param hosts that have free slots, its own among them
 * @param others that may start now, too
 */
export function shareOf(free: number, hosts: number, others: readonly Wish[]): number {
  const wide = others.filter(isWide).length;
  const narrow = others.filter(({ kind }) => kind === 'dist').length - wide;
  return Math.ceil((free - Math.floor(narrow / hosts)) / Math.ceil((wide + 1) / hosts));
}
