import type { Host } from './host.ts';

/**
 * Slots that one job may take on a host with so many of them: never fewer than 2 of a part, and none where there is but
 * one slot (E14). 0 and 1 both mean: one.
 */
export function parallelOf(parallel: NonNullable<Host['parallel']>, slots: number): number {
  if (slots <= 1) return 0;
  return typeof parallel === 'number' ? parallel : Math.max(2, Math.floor(slots / Number(parallel.slice(1))));
}
