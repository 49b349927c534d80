import { constants, createGzip } from 'node:zlib';
import type { Traffic } from '../engine/ports.ts';
import type { Entry } from '../model/entry.ts';
import { FrameWriter, WRITE_SIZE } from './frame-writer.ts';
import { writeEntry } from './perl-frames.ts';

/** How long a lane worked at a group of entries, and how much of that it waited for them; seconds. */
export interface Applied {
  readonly waited: number;
  readonly seconds: number;
}

/** The link is looked at once in so much time or so many bytes, whatever comes first. */
const LOOK = { ms: 1000, bytes: 4_194_304 };
/** A link above this rate, in bytes per second, is left alone: gzip would hardly be faster. */
const FAST = 20e6;
/** Both ends must have waited for more than this share of the time: then it is the link between them. */
const MOST = 0.6;
const NO_MORE = Buffer.from('00000000');

/**
 * Fills a tree in which no job runs. When the link turns out to be what it waits for, the rest goes compressed. Memory is
 * bounded: what is on its way between the pieces has the size of a few writes.
 *
 * @param mayCompress the host has gzip
 * @param writer to the lane; it has sent nothing yet
 * @param applied resolves with what the lane says when it has a group
 */
export async function fill(
  writer: FrameWriter,
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  mayCompress: boolean,
  applied: () => Promise<Applied>,
): Promise<Traffic> {
  const source = iterate(entries);
  try {
    const whole = await writePlain(writer, source, mayCompress);
    const { waited, seconds } = await applied();
    if (whole) return { sent: writer.sent, compressed: false };
    const compressed = waited > MOST * seconds;
    if (compressed) await writeCompressed(writer, source);
    else await writePlain(writer, source, false);
    await applied();
    return { sent: writer.sent, compressed };
  } finally {
    await source.return?.();
  }
}

/** @returns whether that was all: false when `watch` is on and the stream is slow */
async function writePlain(writer: FrameWriter, source: Source, watch: boolean): Promise<boolean> {
  let { sent, waited } = writer;
  let begin = performance.now();
  writer.add(Buffer.from('fill\n'));
  let slow = false;
  for (let next = await source.next(); next.done !== true; next = slow ? DONE : await source.next()) {
    await writeEntry(writer, next.value);
    const ms = performance.now() - begin;
    if (!watch || (ms < LOOK.ms && writer.sent - sent < LOOK.bytes)) continue;
    slow = writer.waited - waited > MOST * ms && (writer.sent - sent) / ms < FAST / 1000;
    ({ sent, waited } = writer);
    begin = performance.now();
  }
  writer.add(Buffer.from('.\n'));
  await writer.flush();
  return !slow;
}

async function writeCompressed(writer: FrameWriter, source: Source): Promise<void> {
  writer.add(Buffer.from('compressed\n'));
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: WRITE_SIZE });
  const write = async (): Promise<void> => {
    const plain = new FrameWriter(gzip);
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      await writeEntry(plain, next.value);
    }
    plain.add(Buffer.from('.\n'));
    await plain.flush();
    gzip.end();
  };
  const send = async (): Promise<void> => {
    for await (const piece of gzip.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      writer.add(Buffer.from(piece.length.toString(16).padStart(8, '0')));
      writer.add(piece);
      await writer.drain();
    }
    writer.add(NO_MORE);
    await writer.flush();
  };
  let failed: { readonly why: unknown } | undefined;
  // Whichever fails first is why, and ends the other.
  const fail = (why: unknown): void => {
    failed ??= { why };
    gzip.destroy();
  };
  await Promise.all([write().catch(fail), send().catch(fail)]);
  if (failed) throw (failed as { why: unknown }).why;
}

type Source = AsyncIterator<Entry> | Iterator<Entry>;

const DONE = { done: true, value: undefined } as const;

function iterate(entries: AsyncIterable<Entry> | Iterable<Entry>): Source {
  return Symbol.asyncIterator in entries ? entries[Symbol.asyncIterator]() : entries[Symbol.iterator]();
}
