import { bufferOf, bytesOf, type Bytes } from '../util/bytes.ts';
import { splitList } from './environment.ts';

/** One message of the protocol that shim.c describes. */
export interface Frame {
  readonly type: string;
  readonly payload: Buffer;
}

/** Arguments and environment of one process together are a few MB at most (execve(2)). */
const MAX_PAYLOAD = 64 << 20;

/** A message in its bytes. */
export function encodeFrame(type: string, payload: Buffer): Buffer {
  return Buffer.concat([frameHead(type, payload.length), payload]);
}

/** What stands before a payload of so many bytes. */
export function frameHead(type: string, length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(length);
  head.write(type, 4, 'latin1');
  return head;
}

/** Fields, each with its NUL. */
export function encodeFields(fields: readonly (Bytes | number)[]): Buffer {
  return bufferOf(fields.map((field) => `${field}\0`).join(''));
}

/** Puts a byte stream together into messages, however it is cut. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /**
   * @returns the messages that are complete with this chunk
   * @throws Error when the other side does not speak the protocol
   */
  push(chunk: Buffer): readonly Frame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): Frame | undefined {
    if (this.#length < 5) return undefined;
    if ((this.#chunks[0]?.length ?? 0) < 5) this.#chunks = [Buffer.concat(this.#chunks)];
    const size = this.#chunks[0]?.readUInt32LE(0) ?? 0;
    if (size > MAX_PAYLOAD) throw new Error(`A message of ${size} bytes`);
    if (this.#length < 5 + size) return undefined;
    const all = Buffer.concat(this.#chunks);
    const rest = all.subarray(5 + size);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return { type: String.fromCharCode(all[4] ?? 0), payload: all.subarray(5, 5 + size) };
  }
}

/** Takes the fields of a message one after another. */
export class FieldReader {
  readonly #fields: readonly Bytes[];
  #at = 0;

  constructor(payload: Buffer) {
    this.#fields = splitList(bytesOf(payload));
  }

  /** @throws Error when there are no more */
  text(): Bytes {
    const field = this.#fields[this.#at];
    if (field === undefined) throw new Error('A message with too few fields');
    this.#at += 1;
    return field;
  }

  /** @throws Error for what is not a whole number */
  number(): number {
    const text = this.text();
    if (!/^[0-9]+$/.test(text)) throw new Error(`Not a number in a message: ${JSON.stringify(text)}`);
    return Number(text);
  }

  list(count: number): readonly Bytes[] {
    return Array.from({ length: count }, () => this.text());
  }

  rest(): readonly Bytes[] {
    const rest = this.#fields.slice(this.#at);
    this.#at = this.#fields.length;
    return rest;
  }
}
