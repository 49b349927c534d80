/**
 * How many of the items wait for each, directly or not (P7; pbulk's depth is one more).
 *
 * @param after for each item the items that come before it, by number; all of them have a lower number
 */
export function weights(after: readonly (readonly number[])[]): readonly number[] {
  const counts = after.map(() => 0);
  // For 32 items at a time: who has one of them waiting for it, each a bit.
  for (let first = 0; first < after.length; first += 32) {
    const waiting = new Int32Array(after.length);
    for (let item = after.length - 1; item >= 0; item--) {
      const own = waiting[item] ?? 0;
      counts[item] = (counts[item] ?? 0) + ones(own);
      const bit = item - first;
      const passed = bit >= 0 && bit < 32 ? own | (1 << bit) : own;
      if (passed === 0) continue;
      for (const one of after[item] ?? []) waiting[one] = (waiting[one] ?? 0) | passed;
    }
  }
  return counts;
}

/** The number of bits that are set in 32. */
function ones(bits: number): number {
  let left = bits;
  let count = 0;
  for (; left !== 0; left &= left - 1) count++;
  return count;
}
