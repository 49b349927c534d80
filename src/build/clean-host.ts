import type { HostChannels } from '../ssh/channels.ts';
import { deferred } from '../util/deferred.ts';
import { isStagingName } from './staging-name.ts';

/** Removes only what is a directory of this user. Lanes that are just ending may still write: it tries again. */
const SCRIPT = `d=$1; n=0
while [ -d "$d" ] && [ ! -L "$d" ] && [ -O "$d" ] && [ $n -lt 20 ]; do
  chmod -R u+rwx "$d" 2>/dev/null; rm -rf "$d" 2>/dev/null; n=$((n+1)); [ -d "$d" ] && sleep 0.2 2>/dev/null
done
if [ -e "$d" ]; then echo "it is still there" >&2; exit 1; fi`;

/** The script tries for 4 s; the rest is for a tree of any size, and a host that does not end must not hold up who waits. */
const LIMIT_MS = 19_000;

/**
 * Removes one run's staging directory from a host.
 *
 * @returns undefined when it is gone, else why not, for people
 */
export async function cleanHost(channels: HostChannels, staging: string): Promise<string | undefined> {
  if (!isStagingName(staging)) return `${staging} is not a staging directory`;
  try {
    const channel = await channels.exec(
      `exec sh -c '${SCRIPT.replaceAll('\n', '; ').replaceAll('do;', 'do').replaceAll(';;', ';')}' clean ${staging}`,
    );
    let complaint = '';
    channel.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-500)));
    channel.resume();
    channel.end();
    const late = deferred<'late'>();
    const timer = setTimeout(() => late.resolve('late'), LIMIT_MS);
    const status = await Promise.race([channel.exited, late.promise]);
    clearTimeout(timer);
    if (status === 'late') {
      channel.destroy();
      return `the command to remove it has not ended within ${LIMIT_MS / 1000} s`;
    }
    return status === 0 ? undefined : complaint.trim() || 'the command to remove it did not end well';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
