import type { Host } from '../model/host.ts';

/**
 * Another number of jobs in all, as dmake shares them out (D6): what is too few or too many is added or taken away one
 * job at a time, host by host in their order, again and again. Hosts that come to zero are left out. A host that does
 * not say how many jobs it takes counts as 1.
 *
 * @param jobs in all, 0 or more
 */
export function redistribute(hosts: readonly Host[], jobs: number): readonly Host[] {
  const slots = hosts.map((host) => host.slots ?? 1);
  const surplus = Math.max(0, jobs) - slots.reduce((sum, one) => sum + one, 0);
  if (surplus >= 0) add(slots, surplus);
  else takeAway(slots, -surplus);
  return hosts.map((host, index) => ({ ...host, slots: slots[index] ?? 0 })).filter((host) => host.slots > 0);
}

/** All whole rounds at once (a bare -j asks for millions), then those whom the last one reaches. */
function add(slots: number[], count: number): void {
  const rounds = Math.floor(count / slots.length);
  const rest = count % slots.length;
  for (const [index, one] of slots.entries()) slots[index] = one + rounds + (index < rest ? 1 : 0);
}

function takeAway(slots: number[], count: number): void {
  for (let left = count; left > 0;) {
    for (const [index, one] of slots.entries()) {
      if (one === 0 || left === 0) continue;
      slots[index] = one - 1;
      left--;
    }
  }
}
