import type { HostFacts, Lane, LaneRequest, LaneSink, LaneSetup, LaneTraffic, Traffic } from '../engine/ports.ts';
import type { Entry } from '../model/entry.ts';
import type { LoadAverages } from '../model/load.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { bufferOf, type Bytes } from '../util/bytes.ts';
import { perlBootstrap } from './bootstrap.ts';
import { fill, type Applied } from './filling.ts';
import { BadFrame, FrameFields, laneWords } from './frame-fields.ts';
import type { FrameWriter } from './frame-writer.ts';
import { greet } from './greeting.ts';
import { readFacts } from './host-facts.ts';
import type { Killing } from './killing.ts';
import { LaneEnd } from './lane-end.ts';
import type { LaneStream } from './lane-stream.ts';
import { readOutput, runFrame, writeEntry } from './perl-frames.ts';

export type { LaneStream };

interface Hello {
  readonly sandbox: Sandbox;
  readonly gzip: boolean;
  readonly facts: HostFacts;
  readonly treePath: Bytes;
}

/**
 * The engine's end of the lane in src/assets/lane. Frames are a line of words and, where the line says so, bytes behind it.
 *
 * To the lane: `entries` (or `fill`, when no job runs in the tree), entries, `.` | `compressed`, the same in pieces of gzip
 * | `run ID UMASK MERGE KEEP ARGC ENVC VISIBLE RECIPE SIZE` with NUL-separated fields; VISIBLE is `-` for everything
 * | `kill ID` | `load` | `alive`.
 * From the lane: `applied WAITED SECONDS` or `trouble TEXT` | `out ID FD SIZE` bytes
 * | `end ID exit|signal N MICROSECONDS LOAD`, outputs, `.` | `busy ID`, instead of all that, when nothing was run
 * | `lost ID TEXT`, instead of an end or of the `.`: its last word | `load LOAD` | `alive`. LOAD is read by FrameFields.load.
 * A `fill` for which there is no room is told so at once, and no job runs behind entries that are in trouble. The entries
 * stand in entries.pl there. Whatever else comes is a {@link BadFrame}.
 */
export class PerlLane implements Lane {
  readonly sandbox: Sandbox;
  readonly treePath: Bytes;
  readonly facts: HostFacts;
  readonly gone: Promise<string>;
  readonly #end: LaneEnd;
  readonly #gzip: boolean;
  #next = 1;

  private constructor(end: LaneEnd, hello: Hello) {
    this.#end = end;
    this.gone = end.gone;
    this.#gzip = hello.gzip;
    this.facts = hello.facts;
    this.sandbox = hello.sandbox;
    this.treePath = hello.treePath;
  }

  /**
   * @param program what runs there: perlProgram()
   * @throws NoPerl, or an Error with a message for people: the staging directory cannot be made; or a LeftOut: the set-up lines
   *   failed, the workspace is not shared with the host, its owner allows no jobs
   */
  static async open(stream: LaneStream, program: string, setup: LaneSetup): Promise<PerlLane> {
    const fields = bufferOf([setup.staging, setup.workspace, setup.token ?? ''].join('\0'));
    const source = Buffer.from(program);
    const flags = [setup.partial, setup.ownersFile === 'required'].map(Number);
    const words = [fields.length, setup.number, setup.create ? 1 : 0, setup.sandbox, ...flags, setup.patience];
    const { reader, hello } = await greet(stream, setup.patience, (nonce) =>
      Buffer.concat([
        bufferOf(perlBootstrap(setup, nonce, source.length)),
        source,
        bufferOf(`${words.join(' ')}\n`),
        fields,
      ]),
    );
    try {
      const said = readHello(setup, hello);
      return new PerlLane(new LaneEnd(stream, reader, setup.patience), said);
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  get traffic(): LaneTraffic {
    return this.#end.traffic;
  }

  async sync(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<Traffic> {
    const applied = (): Promise<Applied> => this.#awaitApplied();
    return this.#end.send((writer) => fill(writer, entries, this.#gzip, applied), applied);
  }

  async run(request: LaneRequest, sink: LaneSink, signal: AbortSignal): Promise<boolean> {
    const id = this.#next++;
    await this.#end.send(
      (writer) => send(writer, id, request),
      () => this.#awaitApplied(),
    );
    const killing = this.#end.killing(signal, `kill ${id}\n`);
    try {
      if (request.entries.length > 0) {
        await this.#awaitApplied();
        sink.onApplied();
      }
      killing.begun();
      return await this.#receive(id, sink, signal, killing);
    } finally {
      killing.over();
    }
  }

  async load(): Promise<LoadAverages | undefined> {
    this.#end.say('load\n');
    const fields = new FrameFields(await this.#end.reader.line(), 2);
    fields.word(0, 'load');
    return fields.load(1);
  }

  close(): void {
    this.#end.close();
  }

  async #receive(id: number, sink: LaneSink, signal: AbortSignal, killing: Killing): Promise<boolean> {
    const { reader } = this.#end;
    for (let begun = false; ; begun = true) {
      const line = await reader.line();
      refuseLost(line, id);
      if (line === `busy ${id}` && !begun && this.facts.cap !== undefined) return false;
      const word = new FrameFields(line, 4, 6).word(0, 'out', 'end');
      const fields = new FrameFields(line, word === 'out' ? 4 : 6);
      fields.word(1, `${id}`);
      if (word === 'out') {
        const descriptor = fields.word(2, '1', '2') === '2' ? 2 : 1;
        for await (const piece of reader.pieces(fields.number(3))) sink.onText(descriptor, piece);
        continue;
      }
      killing.over();
      const signaled = fields.word(2, 'exit', 'signal') === 'signal';
      const number = fields.number(3, 255);
      const outcome: Outcome = signal.aborted
        ? { kind: 'cancelled' }
        : signaled
          ? { kind: 'signaled', signal: number }
          : { kind: 'exited', status: number };
      await sink.onEnd(outcome, fields.number(4) / 1e6, fields.load(5));
      for (let next = await reader.line(); next !== '.'; next = await reader.line()) {
        refuseLost(next, id);
        await sink.onOutput(await readOutput(reader, next));
      }
      return true;
    }
  }

  async #awaitApplied(): Promise<Applied> {
    const line = await this.#end.reader.line();
    if (line.startsWith('trouble ')) throw new Error(`staging failed there: ${laneWords(line.slice(8))}`);
    const match = /^applied (\d{1,9}\.\d{6}) (\d{1,9}\.\d{6})$/.exec(line);
    if (!match) throw new BadFrame(line);
    return { waited: Number(match[1]), seconds: Number(match[2]) };
  }
}

async function send(writer: FrameWriter, id: number, request: LaneRequest): Promise<void> {
  if (request.entries.length > 0) {
    writer.add(Buffer.from('entries\n'));
    for (const entry of request.entries) await writeEntry(writer, entry);
    writer.add(Buffer.from('.\n'));
  }
  writer.add(runFrame(id, request));
  await writer.flush();
}

/** `1 SANDBOX gzip|plain PROCESSORS CAP LOAD PATH`, as far as it is what was asked for. */
function readHello(setup: LaneSetup, hello: readonly Bytes[]): Hello {
  const fields = new FrameFields(hello.slice(0, 6).join(' '), 6);
  const allowed = setup.sandbox === 'overlay' ? (['overlay', 'tree'] as const) : [setup.sandbox];
  fields.word(0, '1');
  const sandbox = fields.word(1, ...allowed);
  const gzip = fields.word(2, 'gzip', 'plain') === 'gzip';
  return { sandbox, gzip, facts: readFacts(fields, 3), treePath: hello.slice(6).join(' ') };
}

/** @throws Error with what the lane says, when it gives up */
function refuseLost(line: Bytes, id: number): void {
  const words = `lost ${id} `;
  if (line.startsWith(words)) throw new Error(laneWords(line.slice(words.length)));
}
