import { basename } from 'node:path/posix';
import type { HostChannels } from '../ssh/channels.ts';
import { runScript } from './clean/host-script.ts';
import { isStagingName } from './staging-name.ts';
import { messageOf } from '../util/message-of.ts';

/** The script itself ends after 8 s unless the tree is very large. */
const LIMIT_MS = 19_000;

/**
 * Ends what still runs in one staging directory of this run on a host, and removes it. It never touches what another user has put
 * at its name, nor a process that does not belong to the directory.
 *
 * @param limit ms until a host that says nothing is given up
 * @returns undefined when it is gone, or never was there; else why not, for people
 */
export async function cleanHost(
  channels: HostChannels,
  staging: string,
  limit = LIMIT_MS,
): Promise<string | undefined> {
  if (!isStagingName(staging)) return `${staging} is not a staging directory`;
  try {
    const { status, stderr, late } = await runScript(channels, ['clean', basename(staging)], limit);
    if (late) return `the command to remove it has not ended within ${limit / 1000} s`;
    return status === 0 ? undefined : stderr || 'the command to remove it did not end well';
  } catch (error) {
    return messageOf(error);
  }
}
