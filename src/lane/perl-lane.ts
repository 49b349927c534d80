import type { Lane, LaneRequest, LaneSink, LaneSetup } from '../engine/ports.ts';
import type { Entry } from '../model/entry.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { bufferOf, bytesOf, type Bytes } from '../util/bytes.ts';
import { perlBootstrap } from './bootstrap.ts';
import type { ByteReader } from './byte-reader.ts';
import { FrameWriter, WRITE_SIZE } from './frame-writer.ts';
import { greet } from './greeting.ts';
import type { LaneStream } from './lane-stream.ts';

export type { LaneStream };

/**
 * The engine's end of src/assets/lane.pl. Frames are a line of words and, where the line says so, bytes behind it.
 *
 * To the lane: `entries`, entries, `.` | `run ID UMASK MERGE KEEP ARGC ENVC RECIPE SIZE` with NUL-separated fields | `kill ID`.
 * From the lane: `applied` or `trouble TEXT` | `out ID FD SIZE` bytes | `end ID exit|signal N MICROSECONDS`, outputs, `.`
 * | `lost ID TEXT`. The entries stand above apply_entries in lane.pl.
 */
export class PerlLane implements Lane {
  readonly sandbox: Sandbox;
  readonly treePath: Bytes;
  readonly #stream: LaneStream;
  readonly #reader: ByteReader;
  #next = 1;

  private constructor(stream: LaneStream, reader: ByteReader, hello: { sandbox: Sandbox; treePath: Bytes }) {
    this.#stream = stream;
    this.#reader = reader;
    this.sandbox = hello.sandbox;
    this.treePath = hello.treePath;
  }

  /**
   * @param program the text of lane.pl
   * @throws NoPerl, or an Error with a message for people: the set-up lines failed, the staging directory cannot be made
   */
  static async open(stream: LaneStream, program: string, setup: LaneSetup): Promise<PerlLane> {
    const fields = bufferOf([setup.staging, setup.workspace].join('\0'));
    const source = Buffer.from(program);
    const { reader, hello } = await greet(stream, (nonce) =>
      Buffer.concat([
        bufferOf(perlBootstrap(setup.setup, nonce, source.length)),
        source,
        bufferOf(`${fields.length} ${setup.number} ${setup.create ? 1 : 0} ${setup.sandbox}\n`),
        fields,
      ]),
    );
    const [, mode, ...rest] = hello;
    return new PerlLane(stream, reader, { sandbox: mode === 'overlay' ? mode : 'tree', treePath: rest.join(' ') });
  }

  async sync(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<void> {
    const writer = new FrameWriter(this.#stream);
    await this.#writeEntries(writer, entries);
    await writer.flush();
    await this.#awaitApplied();
  }

  async run(request: LaneRequest, sink: LaneSink, signal: AbortSignal): Promise<void> {
    const id = this.#next++;
    const writer = new FrameWriter(this.#stream);
    if (request.entries.length > 0) await this.#writeEntries(writer, request.entries);
    const fields = bufferOf(
      [request.directory, request.path, request.keep?.except ?? '', ...request.argv, ...request.environment].join('\0'),
    );
    const keep = request.keep ? 1 : 0;
    writer.add(
      Buffer.from(
        `run ${id} ${request.umask.toString(8)} ${request.merge ? 1 : 0} ${keep} ${request.argv.length} ${request.environment.length} ${request.recipe} ${fields.length}\n`,
      ),
    );
    writer.add(fields);
    await writer.flush();
    const kill = (): void => void this.#stream.write(`kill ${id}\n`);
    signal.addEventListener('abort', kill);
    if (signal.aborted) kill();
    try {
      if (request.entries.length > 0) {
        await this.#awaitApplied();
        sink.onApplied();
      }
      await this.#receive(sink, signal);
    } finally {
      signal.removeEventListener('abort', kill);
    }
  }

  close(): void {
    this.#stream.end();
    this.#stream.destroy();
  }

  async #receive(sink: LaneSink, signal: AbortSignal): Promise<void> {
    for (;;) {
      const [word, , ...rest] = (await this.#reader.line()).split(' ');
      if (word === 'out') {
        for await (const piece of this.#reader.pieces(Number(rest[1]))) sink.onText(rest[0] === '2' ? 2 : 1, piece);
      } else if (word === 'end') {
        const number = Number(rest[1]);
        const outcome: Outcome = signal.aborted
          ? { kind: 'cancelled' }
          : rest[0] === 'signal'
            ? { kind: 'signaled', signal: number }
            : { kind: 'exited', status: number };
        await sink.onEnd(outcome, Number(rest[2]) / 1e6);
        await this.#readOutputs(sink);
        return;
      } else {
        throw new Error(rest.join(' ') || `unexpected answer ${word ?? ''}`);
      }
    }
  }

  async #readOutputs(sink: LaneSink): Promise<void> {
    for (;;) {
      const line = await this.#reader.line();
      if (line === '.') return;
      const [kind, ...field] = line.split(' ');
      const path = bytesOf(await this.#reader.exact(Number(field.at(-1))));
      switch (kind) {
        case 'f': {
          const size = Number(field[2]);
          const content = size <= WRITE_SIZE ? await this.#reader.exact(size) : this.#reader.pieces(size);
          await sink.onOutput({
            kind: 'file',
            path,
            mode: parseInt(field[0] ?? '', 8),
            time: BigInt(field[1] ?? '0'),
            size,
            content,
            timeIsSet: field[3] === '1',
          });
          break;
        }
        case 'l': {
          const target = bytesOf(await this.#reader.exact(Number(field[1])));
          await sink.onOutput({ kind: 'link', path, time: BigInt(field[0] ?? '0'), target });
          break;
        }
        case 'd':
          await sink.onOutput({ kind: 'directory', path, mode: parseInt(field[0] ?? '', 8) });
          break;
        case 'x':
          await sink.onOutput({ kind: 'removed', path });
          break;
        case 'u':
          await sink.onOutput({ kind: 'unknown', path });
          break;
        case 's':
          await sink.onOutput({ kind: 'special', path });
          break;
        default:
          throw new Error(`unexpected entry ${line}`);
      }
    }
  }

  async #writeEntries(writer: FrameWriter, entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<void> {
    writer.add(Buffer.from('entries\n'));
    for await (const entry of entries) {
      const path = bufferOf(entry.path);
      switch (entry.kind) {
        case 'file':
          writer.add(
            Buffer.from(`f ${entry.mode.toString(8)} ${nanoseconds(entry.time)} ${entry.size} ${path.length}\n`),
          );
          writer.add(path);
          if (Buffer.isBuffer(entry.content)) {
            writer.add(entry.content);
          } else {
            for await (const piece of entry.content) {
              writer.add(piece);
              await writer.drain();
            }
          }
          break;
        case 'link': {
          const target = bufferOf(entry.target);
          writer.add(Buffer.from(`l ${nanoseconds(entry.time)} ${target.length} ${path.length}\n`));
          writer.add(path);
          writer.add(target);
          break;
        }
        case 'directory':
          writer.add(Buffer.from(`d ${entry.mode.toString(8)} ${path.length}\n`));
          writer.add(path);
          break;
        case 'removed':
          writer.add(Buffer.from(`x ${path.length}\n`));
          writer.add(path);
          break;
        case 'time':
          writer.add(Buffer.from(`t ${nanoseconds(entry.time)} ${path.length}\n`));
          writer.add(path);
          break;
      }
      await writer.drain();
    }
    writer.add(Buffer.from('.\n'));
  }

  async #awaitApplied(): Promise<void> {
    const line = await this.#reader.line();
    if (line !== 'applied') throw new Error(line.replace(/^trouble /, 'staging failed there: '));
  }
}

/** Ten digits at least, so that the other side can cut off the last nine. */
function nanoseconds(time: bigint): string {
  return (time > 0n ? time : 0n).toString().padStart(10, '0');
}
