import { readFileSync } from 'node:fs';
import { LANE_COMMAND } from '../../lane/bootstrap.ts';
import type { HostChannel, HostChannels } from '../../ssh/channels.ts';
import { assetPath } from '../../util/asset.ts';
import { deferred } from '../../util/deferred.ts';

/** Of what a host says on stderr, in characters. */
const MOST_SAID = 500;
/** A host that prints without end is not listened to, in characters. */
const MOST_PRINTED = 1 << 20;

/** How a call of the script ended. */
export interface ScriptEnd {
  /** Undefined: a signal ended it, or the connection broke, or it was given up. */
  readonly status: number | undefined;
  readonly stdout: string;
  /** The end of what came on stderr. */
  readonly stderr: string;
  /** It was given up. */
  readonly late: boolean;
}

/**
 * Runs a function of clean.sh on a host, whatever its login shell is. The script goes over stdin, as lanes do.
 *
 * @param words the function and its arguments, which need no quotes
 * @param limit in ms, with the time that it takes to get there: then it is given up, and goes on there by itself
 * @throws Error when the command cannot be started; its message is the reason, for people
 */
export async function runScript(channels: HostChannels, words: readonly string[], limit: number): Promise<ScriptEnd> {
  if (!words.every((word) => /^[A-Za-z0-9.-]+$/.test(word))) throw new Error('Internal error: words that need quotes');
  const late = deferred<'late'>();
  const timer = setTimeout(() => late.resolve('late'), limit);
  let channel: HostChannel | undefined;
  let [stdout, stderr] = ['', ''];
  try {
    const starting = channels.exec(LANE_COMMAND);
    const started = await Promise.race([starting, late.promise]);
    if (started === 'late') {
      starting.then((one) => one.destroy()).catch(() => undefined);
      return { status: undefined, stdout, stderr, late: true };
    }
    channel = started;
    channel.on('error', () => undefined);
    channel.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-MOST_SAID)));
    channel.on('data', (chunk: Buffer) => {
      if (stdout.length < MOST_PRINTED) stdout += chunk.toString('latin1');
    });
    const program = `${readFileSync(assetPath('clean.sh'), 'utf8')}\n${words.join(' ')}\n`;
    channel.end(`eval "$(dd bs=1 count=${Buffer.byteLength(program)} 2>/dev/null)"\n${program}`);
    const status = await Promise.race([channel.exited, late.promise]);
    if (status !== 'late') return { status, stdout, stderr: stderr.trim(), late: false };
    channel.destroy();
    return { status: undefined, stdout, stderr: stderr.trim(), late: true };
  } finally {
    clearTimeout(timer);
  }
}
