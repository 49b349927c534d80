// What there is on a host.

/**
 * @typedef {object} Census
 * @property {number} mounts in the mount namespaces of all its processes, each namespace once
 * @property {number} entries files and directories in /tmp, where staging directories are
 * @property {number} processes
 */

const COUNT = `
seen=' ' mounts=0
for d in /proc/[0-9]*; do
  n=$(readlink $d/ns/mnt 2>/dev/null) || continue
  case $seen in *" $n "*) continue ;; esac
  seen="$seen$n "
  mounts=$((mounts + $(wc -l <$d/mountinfo)))
done
set -- /proc/[0-9]*
echo $mounts $# $(find /tmp -xdev -mindepth 1 2>/dev/null | wc -l)`;

/** @param {import('../__tests__/rig/ssh-hosts.d.mts').NamespaceHost} host @returns {Census} */
export function census(host) {
  const [mounts, processes, entries] = host.exec(COUNT).trim().split(' ').map(Number);
  return { mounts, entries, processes };
}

/** @param {Census} one @param {Census} other */
export const sameCensus = (one, other) =>
  one.mounts === other.mounts && one.entries === other.entries && one.processes === other.processes;

/**
 * Counts until it is what it should be: processes end a moment after who started them has gone.
 *
 * @param {import('../__tests__/rig/ssh-hosts.d.mts').NamespaceHost} host
 * @param {Census} expected
 * @returns {Promise<Census>} the last count
 */
export async function settledCensus(host, expected) {
  for (let i = 0; ; i++) {
    const found = census(host);
    if (i === 50 || sameCensus(found, expected)) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
