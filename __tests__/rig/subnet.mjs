import { isRoot, runAsRoot } from './as-root.mjs';

/** Where the point to point networks of four addresses each come from: /16 blocks that are seldom in use. */
const BLOCKS = [
  [10, 213],
  [172, 29],
  [198, 18],
];
const NETWORKS_IN_BLOCK = 1 << 14;

/** Interfaces that are ours start so; the number of the network follows. */
export const INTERFACE_PREFIX = 'dmrig';

const dotted = (/** @type {number} */ n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');

/**
 * A pair of addresses for one link between this machine and one host.
 *
 * @typedef {object} Subnet
 * @property {string} link the interface on this machine's side
 * @property {string} ours this machine's address
 * @property {string} theirs the host's address
 * @property {string} ours6 this machine's address of IPv6; empty: the link has none
 * @property {string} theirs6 the host's
 */

/** @returns {Array<[number, number]>} address and prefix length of what this machine already has or routes */
function networksInUse() {
  const text = `${runAsRoot(['ip', '-4', '-o', 'addr'])}${runAsRoot(['ip', '-4', 'route', 'show', 'table', 'all'])}`;
  return [...text.matchAll(/\b(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?/g)].map((m) => {
    const [a, b, c, d] = m.slice(1, 5).map(Number);
    return [((a << 24) | (b << 16) | (c << 8) | d) >>> 0, Number(m[5] ?? 32)];
  });
}

/**
 * Makes a veth pair whose far end is `eth0` in the network namespace of the process `pid`. The name of the near end is
 * the reservation: the kernel refuses a second one, so that several runs at once find networks of their own.
 *
 * @param {number} pid
 * @param {{ ipv6: boolean }} options `ipv6`: addresses of IPv6 too, by the number of the network
 * @returns {Subnet}
 */
export function linkTo(pid, { ipv6 }) {
  const used = networksInUse();
  let last = '';
  for (let attempt = 0; attempt < 50; attempt++) {
    const index = Math.floor(Math.random() * NETWORKS_IN_BLOCK);
    const block = attempt % BLOCKS.length;
    const base = ((BLOCKS[block][0] << 24) | (BLOCKS[block][1] << 16) | (index << 2)) >>> 0;
    const taken = used.some(([address, bits]) => {
      const mask = bits === 0 ? 0 : (~0 << (32 - Math.min(bits, 30))) >>> 0;
      return bits !== 0 && (address & mask) >>> 0 === (base & mask) >>> 0;
    });
    if (taken) continue;
    const prefix = `fd5d:${(base >>> 16).toString(16)}:${(base & 0xffff).toString(16)}::`;
    const subnet = {
      link: `${INTERFACE_PREFIX}${block}-${index}`,
      ours: dotted(base + 1),
      theirs: dotted(base + 2),
      ours6: ipv6 ? `${prefix}1` : '',
      theirs6: ipv6 ? `${prefix}2` : '',
    };
    try {
      plug(pid, subnet);
    } catch (error) {
      last = String(error);
      if (last.includes('File exists')) continue;
      break;
    }
    return subnet;
  }
  throw new Error(
    `no network for a test host${isRoot() ? '' : ' (as sudo)'}: ${last || 'all networks that test hosts may use are in use here'}`,
  );
}

/**
 * Makes the two ends of a link, for a host that has had one as well: it comes back with the addresses that it had.
 *
 * @param {number} pid
 * @param {Subnet} subnet
 */
export function plug(pid, { link, ours, ours6 }) {
  runAsRoot(['ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
  runAsRoot(['ip', 'addr', 'add', `${ours}/30`, 'dev', link]);
  if (ours6 !== '') runAsRoot(['ip', 'addr', 'add', `${ours6}/126`, 'dev', link, 'nodad']);
  runAsRoot(['ip', 'link', 'set', link, 'up']);
}
