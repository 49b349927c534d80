import { randomBytes } from 'node:crypto';
import { deferred } from '../util/deferred.ts';
import type { HostChannel } from './channels.ts';

/** More than any login script prints. */
const MAX_BANNER = 1 << 20;
/** Of what is printed so much is kept for messages. */
const KEPT = 2000;

/** How the wait for a host's shell may end badly, for people. */
export interface FirstWordTrouble {
  /** Nothing has come within the time limit. */
  readonly silent: string;
  /** The command, or the way to it, has ended; undefined: by a signal, or the connection broke. */
  readonly ended: (status: number | undefined) => string;
}

/** What a host's shell is to say before the command that matters. */
export function firstWord(): string {
  return `distmake-${randomBytes(12).toString('hex')}`;
}

/** For any login shell: says the word, then goes on to the command. */
export function behindWord(word: string, command: string): string {
  return `echo ${word}; ${command}`;
}

/**
 * Reads up to the end of the line with this word; what a login script prints before it is skipped. Nothing else is read: what
 * comes behind it is there for whoever reads next.
 *
 * @param timeout ms
 * @throws Error with a reason for people, and with what was printed instead
 */
export async function awaitWord(
  channel: HostChannel,
  word: string,
  timeout: number,
  trouble: FirstWordTrouble,
): Promise<void> {
  const line = `${word}\n`;
  const passed = deferred<undefined>();
  let text = Buffer.alloc(0);
  let size = 0;
  const fail = (reason: string): void => {
    const printed = text.toString().trim();
    passed.reject(new Error(printed === '' ? reason : `${reason}; it printed: ${printed.slice(-500)}`));
  };
  const onReadable = (): void => {
    for (let chunk = channel.read() as Buffer | null; chunk !== null; chunk = channel.read() as Buffer | null) {
      text = Buffer.concat([text, chunk]);
      const at = text.indexOf(line);
      if (at >= 0) {
        channel.off('readable', onReadable);
        if (at + line.length < text.length) channel.unshift(text.subarray(at + line.length));
        passed.resolve(undefined);
        return;
      }
      size += chunk.length;
      text = text.subarray(-KEPT);
      if (size > MAX_BANNER) fail('it prints without end before it runs the command');
    }
  };
  const onError = ({ message }: Error): void => fail(message);
  const onEnd = (): void => {
    void channel.exited.then((status) => fail(trouble.ended(status)));
  };
  channel.on('readable', onReadable).once('error', onError).once('end', onEnd).once('close', onEnd);
  // Listeners come later; without one a fault would end this process.
  channel.on('error', () => undefined);
  const timer = setTimeout(() => fail(trouble.silent), timeout);
  try {
    await passed.promise;
  } finally {
    clearTimeout(timer);
    channel.off('readable', onReadable).off('error', onError).off('end', onEnd).off('close', onEnd);
  }
}
