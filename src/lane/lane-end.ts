import type { LaneTraffic } from '../engine/ports.ts';
import { bufferOf, type Bytes } from '../util/bytes.ts';
import { durationText } from '../util/duration.ts';
import type { ByteReader } from './byte-reader.ts';
import { Countdown } from './countdown.ts';
import { FrameWriter, HeardEarly } from './frame-writer.ts';
import { Killing } from './killing.ts';
import type { LaneStream } from './lane-stream.ts';
import { Patience } from './patience.ts';

const ALIVE = Buffer.from('alive\n');

/**
 * Our end of a lane of either kind. It says `alive` between frames now and then, so that a lane whose runner or link has gone
 * can end itself, with its job.
 */
export class LaneEnd {
  readonly reader: ByteReader;
  /** See Lane.gone. */
  readonly gone: Promise<string>;
  readonly #stream: LaneStream;
  readonly #patience: number;
  readonly #alive: Countdown;
  #writer: FrameWriter | undefined;
  #sent = 0;
  #closed = false;

  /** @param patience LaneSetup.patience */
  constructor(stream: LaneStream, reader: ByteReader, patience: number) {
    this.reader = reader;
    this.#stream = stream;
    this.#patience = patience;
    this.#alive = new Countdown(patience / 3, () => this.sayAlive());
    this.#alive.start();
    this.gone = reader.ended.then((reason) => {
      this.#alive.stop();
      return this.#closed ? new Promise<never>(() => undefined) : reason;
    });
  }

  get traffic(): LaneTraffic {
    return { sent: this.#sent, received: this.reader.received };
  }

  /** Says a few words, which are a whole frame, while nothing is sent. */
  say(words: Bytes): void {
    this.#stream.write(bufferOf(words));
  }

  /**
   * Sends frames.
   *
   * @param write ends with a flush, and so before it waits for an answer
   * @param answer when sending stops because the lane says something, reads that and throws it
   */
  async send<T>(write: (writer: FrameWriter) => Promise<T>, answer: () => Promise<unknown>): Promise<T> {
    const writer = new FrameWriter(this.#stream, this.reader);
    this.#writer = writer;
    try {
      return await write(writer);
    } catch (error) {
      if (error instanceof HeardEarly) await answer();
      throw error;
    } finally {
      this.#sent += writer.sent;
    }
  }

  /** Says these words when the signal aborts; a job that goes on for longer than the lane's patience then costs its lane. */
  killing(signal: AbortSignal, words: Bytes): Killing {
    const seconds = this.#patience;
    const limit = new Patience(seconds, this.#stream.received, () => {
      this.reader.giveUp(`a job there was to be killed, and still ran after ${durationText(seconds)}`);
    });
    return new Killing(signal, () => this.say(words), limit);
  }

  /** Not within a frame, which is a sign of life itself, and not where nothing gets through. */
  sayAlive(): void {
    if (this.#writer?.whole !== false && !this.#stream.writableNeedDrain) this.#stream.write(ALIVE);
    this.#alive.start();
  }

  close(): void {
    this.#closed = true;
    this.#alive.stop();
    this.#stream.end();
    this.reader.giveUp('the connection was closed');
  }
}
