import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { LeftOut } from '../engine/left-out.ts';
import type { Bytes } from '../util/bytes.ts';
import { ByteReader } from './byte-reader.ts';
import { Countdown } from './countdown.ts';
import { BadFrame, laneWords } from './frame-fields.ts';
import type { LaneStream } from './lane-stream.ts';

/**
 * What a lane's host says first, on a line of its own behind a nonce, or `startup-failed STATUS`; what a login script prints
 * before is skipped.
 */
export type Greeting = 'ready' | 'no-perl' | 'setup-failed';

const GREETING_LIMIT = 10_000;
/** What its user wants done before a lane may take so long, in seconds, besides the patience for the lane itself. */
const SETUP_LIMIT = 600;
const LAST_WORDS_MS = 1000;

/** The host has no perl; nothing has been made there, and a lane that does without can be tried. */
export class NoPerl extends Error {
  override readonly name = 'NoPerl';

  constructor() {
    super('there is no perl on its PATH');
  }
}

/**
 * Starts a lane's program and reads up to the line in which it says hello.
 *
 * @param patience LaneSetup.patience. It does not count before the lane itself runs: what its user wants done first may take
 *   10 minutes and say nothing
 * @param write the bytes to begin with, given the nonce
 * @returns the reader, and what stands behind `hello`
 * @throws NoPerl, or an Error with a message for people: `failed` and the text, when the staging directory cannot be made now. A
 *   LeftOut where time does not mend it: the start-up command or the set-up lines failed, or `refused` and the text
 */
export async function greet(
  stream: LaneStream,
  patience: number,
  write: (nonce: string) => Buffer,
): Promise<{ readonly reader: ByteReader; readonly hello: readonly Bytes[] }> {
  let complaint = '';
  stream.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4096)));
  stream.on('error', () => undefined);
  const nonce = `distmake-${randomBytes(12).toString('hex')}`;
  const reader = new ByteReader(stream);
  const startupFailed = new RegExp(`^${nonce} startup-failed (\\d{1,3})$`);
  stream.write(write(nonce));
  const late = `its set-up lines, or its start-up command, have not ended within ${SETUP_LIMIT / 60} minutes`;
  const limit = new Countdown(SETUP_LIMIT + patience, () => reader.giveUp(late));
  limit.start();
  try {
    for (let skipped = 0; skipped < GREETING_LIMIT; skipped++) {
      const line = await reader.line();
      if (line === `${nonce} setup-failed`) {
        await lastWords(stream.stderr);
        throw new LeftOut(`the setup lines failed there${because(complaint)}`);
      }
      const status = startupFailed.exec(line)?.[1];
      if (status !== undefined) {
        await lastWords(stream.stderr);
        throw new LeftOut(`its start-up command (STARTUP) ended with status ${status}${because(complaint)}`);
      }
      if (line === `${nonce} no-perl`) throw new NoPerl();
      if (line === `${nonce} ready`) break;
    }
    limit.stop();
    reader.limitSilence(patience, stream.received);
    const [word, ...hello] = (await reader.line()).split(' ');
    if (word === 'hello') return { reader, hello };
    if (word === 'refused') throw new LeftOut(laneWords(hello.join(' ')));
    if (word === 'failed') throw new Error(laneWords(hello.join(' ')));
    throw new BadFrame([word, ...hello].join(' '));
  } catch (error) {
    const broken = error instanceof Error && error.name === 'EndOfStream';
    if (broken) await lastWords(stream.stderr);
    stream.destroy();
    throw broken ? new Error(error.message + because(complaint), { cause: error }) : error;
  } finally {
    limit.stop();
  }
}

/** What was printed on stderr comes by a way of its own, and may come later. */
async function lastWords(stderr: Readable): Promise<void> {
  if (stderr.readableEnded || stderr.destroyed) return;
  const ended = new AbortController();
  const end = (): void => {
    ended.abort();
  };
  stderr.once('end', end).once('close', end);
  await setTimeout(LAST_WORDS_MS, undefined, { signal: ended.signal }).catch(() => undefined);
}

function because(complaint: string): string {
  const text = complaint.trim();
  return text === '' ? '' : `; it said: ${text.slice(-500)}`;
}
