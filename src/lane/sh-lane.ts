import type { Lane, LaneRequest, LaneSink, LaneSetup } from '../engine/ports.ts';
import type { Entry } from '../model/entry.ts';
import type { Outcome } from '../model/outcome.ts';
import { bufferOf, bytesOf, type Bytes } from '../util/bytes.ts';
import { shBootstrap } from './bootstrap.ts';
import type { ByteReader } from './byte-reader.ts';
import { FrameWriter, WRITE_SIZE } from './frame-writer.ts';
import { greet } from './greeting.ts';
import type { LaneStream } from './lane-stream.ts';
import { shCall, shFrame, shPath } from './sh-code.ts';
import { ShEntryWriter } from './sh-entries.ts';
import { parseListing, type Listed, type ListingTool } from './sh-listing.ts';

interface Hello {
  readonly treePath: Bytes;
  readonly listing: ListingTool;
  readonly exactTimes: boolean;
}

/**
 * The engine's end of src/assets/lane.sh, for hosts without perl. What it sends are lines of sh that call the functions
 * there. What comes back: `applied` or `trouble TEXT` | `end ID exit|signal N MICROSECONDS OUT ERR LIST DATA`, the sizes of
 * what follows: what the job printed on its two descriptors, what it changed, and the contents for that, in its order.
 */
export class ShLane implements Lane {
  readonly sandbox = 'tree';
  readonly treePath: Bytes;
  readonly #stream: LaneStream;
  readonly #reader: ByteReader;
  readonly #hello: Hello;
  #next = 1;

  private constructor(stream: LaneStream, reader: ByteReader, hello: Hello) {
    this.#stream = stream;
    this.#reader = reader;
    this.#hello = hello;
    this.treePath = hello.treePath;
  }

  /**
   * @param program the text of lane.sh
   * @throws Error with a message for people: a tool is missing, the set-up lines failed, the staging directory cannot be made
   */
  static async open(stream: LaneStream, program: string, setup: LaneSetup): Promise<ShLane> {
    const source = Buffer.from(program);
    const { reader, hello } = await greet(stream, (nonce) =>
      Buffer.concat([
        bufferOf(shBootstrap(setup.setup, nonce, source.length)),
        source,
        bufferOf(shCall('start', [setup.staging, setup.number, setup.create ? 1 : 0])),
      ]),
    );
    const [, listing, times, ...tree] = hello;
    return new ShLane(stream, reader, {
      treePath: tree.join(' '),
      listing: listing === 'find' || listing === 'bsd' ? listing : 'stat',
      exactTimes: times === 'exact',
    });
  }

  async sync(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<void> {
    const writer = new FrameWriter(this.#stream);
    await new ShEntryWriter(writer, this.#hello.exactTimes).write(entries);
    await writer.flush();
    await this.#awaitApplied();
  }

  async run(request: LaneRequest, sink: LaneSink, signal: AbortSignal): Promise<void> {
    const id = this.#next++;
    const writer = new FrameWriter(this.#stream);
    if (request.entries.length > 0) await new ShEntryWriter(writer, this.#hello.exactTimes).write(request.entries);
    writer.add(shFrame(runCall(id, request)));
    await writer.flush();
    const cancel = (): void => {
      this.#stream.write(shCall('cancel', [id]));
    };
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    try {
      if (request.entries.length > 0) {
        await this.#awaitApplied();
        sink.onApplied();
      }
      await this.#receive(sink, request.merge, signal);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  close(): void {
    this.#stream.end();
    this.#stream.destroy();
  }

  async #receive(sink: LaneSink, merge: boolean, signal: AbortSignal): Promise<void> {
    const line = await this.#reader.line();
    const words = /^end \d+ (exit|signal)((?: \d+){6})$/.exec(line);
    if (!words) throw new Error(`unexpected answer ${line}`);
    const [number = 0, microseconds = 0, out = 0, err = 0, list = 0, data = 0] = (words[2] ?? '')
      .trim()
      .split(' ')
      .map(Number);
    for await (const piece of this.#reader.pieces(out)) sink.onText(1, piece);
    for await (const piece of this.#reader.pieces(err)) sink.onText(merge ? 1 : 2, piece);
    const outcome: Outcome = signal.aborted
      ? { kind: 'cancelled' }
      : words[1] === 'signal'
        ? { kind: 'signaled', signal: number }
        : { kind: 'exited', status: number };
    await sink.onEnd(outcome, microseconds / 1e6);
    const listed = parseListing(bytesOf(await this.#reader.exact(list)), this.#hello.listing);
    await this.#readOutputs(listed, data, sink);
  }

  async #readOutputs(listed: readonly Listed[], size: number, sink: LaneSink): Promise<void> {
    if (listed.reduce((total, output) => total + dataSize(output), 0) !== size) {
      // Something could not be read, or was still being written: which one cannot be told from here.
      let left = size;
      for await (const piece of this.#reader.pieces(size)) left -= piece.length;
      const what = listed.find((output) => dataSize(output) > 0);
      if (left === 0 && what) await sink.onOutput({ kind: 'special', path: what.path });
      return;
    }
    for (const output of listed) {
      if (output.kind === 'file') {
        const small = output.size <= WRITE_SIZE;
        const content = small ? await this.#reader.exact(output.size) : this.#reader.pieces(output.size);
        await sink.onOutput({ ...output, content });
      } else if (output.kind === 'link') {
        const target = bytesOf(await this.#reader.exact(dataSize(output))).slice(0, -1);
        await sink.onOutput({ kind: 'link', path: output.path, time: output.time, target });
      } else {
        await sink.onOutput(output);
      }
    }
  }

  async #awaitApplied(): Promise<void> {
    const line = await this.#reader.line();
    if (line !== 'applied') throw new Error(line.replace(/^trouble /, 'staging failed there: '));
  }
}

/** Bytes that an output has in the data: a target comes with a line end. */
function dataSize(output: Listed): number {
  return output.kind === 'file' ? output.size : output.kind === 'link' ? output.size + 1 : 0;
}

function runCall(id: number, request: LaneRequest): Bytes {
  const { directory, keep, path, environment, argv, umask, merge } = request;
  // A PATH of the job's own stands in for the host's, as it does in any environment.
  const own = environment.filter((variable) => variable.startsWith('PATH=')).at(-1);
  const others = environment.filter((variable) => !variable.startsWith('PATH=') && !variable.startsWith('PWD='));
  const paths =
    own === undefined ? (path === '' ? '' : `${path}:`) : [path, own.slice(5)].filter((part) => part !== '').join(':');
  return shCall('run', [
    id,
    umask.toString(8).padStart(4, '0'),
    merge ? 1 : 0,
    keep ? 1 : 0,
    directory === '' ? '.' : shPath(directory),
    keep && keep.except !== '' ? shPath(keep.except) : '',
    own === undefined ? 1 : 0,
    paths,
    ...others,
    // env would take a command with an equals sign for one more variable.
    ...(argv[0]?.includes('=') ? ['sh', '-c', 'exec "$@"', 'sh'] : []),
    ...argv,
  ]);
}
