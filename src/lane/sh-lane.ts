import type { HostFacts, Lane, LaneRequest, LaneSink, LaneSetup, LaneTraffic, Traffic } from '../engine/ports.ts';
import type { Entry } from '../model/entry.ts';
import type { LoadAverages } from '../model/load.ts';
import type { Outcome } from '../model/outcome.ts';
import { bufferOf, bytesOf, type Bytes } from '../util/bytes.ts';
import { shBootstrap } from './bootstrap.ts';
import { Countdown } from './countdown.ts';
import { BadFrame, FrameFields, laneWords } from './frame-fields.ts';
import { type FrameWriter, WRITE_SIZE } from './frame-writer.ts';
import { greet } from './greeting.ts';
import { readFacts } from './host-facts.ts';
import type { Killing } from './killing.ts';
import { LaneEnd } from './lane-end.ts';
import type { LaneStream } from './lane-stream.ts';
import { shCall, shFrame, shPath } from './sh-code.ts';
import { ShEntryWriter } from './sh-entries.ts';
import { parseListing, type Listed, type ListingTool } from './sh-listing.ts';

/** A list of what a job changed is held in memory: this is a million paths, more or less. */
const LARGEST_LIST = 268_435_456;

/** How often a lane is asked whether its job prints, by somebody who wants to know. */
const ASK_SECONDS = 0.5;

interface Hello {
  readonly sandbox: 'tree' | 'shared';
  readonly treePath: Bytes;
  readonly listing: ListingTool;
  readonly exactTimes: boolean;
  readonly facts: HostFacts;
}

/**
 * The engine's end of src/assets/lane.sh, for hosts without perl. What it sends are lines of sh that call the functions
 * there. What comes back: `applied` or `trouble TEXT` | `end ID exit|signal N MICROSECONDS LOAD OUT ERR LIST DATA`, then what it
 * gives the sizes of: what the job printed on its two descriptors, what it changed, and the contents for that, in its order
 * | `printed`, before an end, behind an `alive`: there is more that the job printed | `busy ID`, instead of an end, when nothing was run | `lost ID TEXT`, instead of an end: its last word | `load LOAD`. LOAD is
 * read by FrameFields.load. Both ends say `alive` between their frames; the lane does so when it has heard it, and while it
 * takes in a large file. Whatever else comes is a {@link BadFrame}.
 */
export class ShLane implements Lane {
  readonly sandbox: 'tree' | 'shared';
  readonly treePath: Bytes;
  readonly facts: HostFacts;
  readonly gone: Promise<string>;
  readonly #end: LaneEnd;
  readonly #hello: Hello;
  #next = 1;

  private constructor(end: LaneEnd, hello: Hello) {
    this.#end = end;
    this.gone = end.gone;
    this.#hello = hello;
    this.facts = hello.facts;
    this.sandbox = hello.sandbox;
    this.treePath = hello.treePath;
  }

  /**
   * @param program the text of lane.sh
   * @throws Error with a message for people: the staging directory cannot be made; or a LeftOut: a tool is missing, the set-up
   *   lines failed, the workspace is not shared with the host, its owner allows no jobs
   */
  static async open(stream: LaneStream, program: string, setup: LaneSetup): Promise<ShLane> {
    const source = Buffer.from(program);
    const shared = setup.sandbox === 'shared' ? setup.workspace : '';
    const words = [setup.staging, setup.number, setup.create ? 1 : 0, shared, setup.token ?? ''];
    const { patience } = setup;
    words.push(
      setup.ownersFile === 'required' ? 1 : 0,
      Math.floor(patience * 25),
      Math.ceil(Math.max(120, patience * 8)),
    );
    const { reader, hello } = await greet(stream, patience, (nonce) =>
      Buffer.concat([bufferOf(shBootstrap(setup, nonce, source.length)), source, bufferOf(shCall('start', words))]),
    );
    try {
      const said = readHello(setup, hello);
      return new ShLane(new LaneEnd(stream, reader, patience), said);
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  get traffic(): LaneTraffic {
    return this.#end.traffic;
  }

  async sync(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<Traffic> {
    const sent = await this.#send(entries);
    await this.#awaitApplied();
    return { sent, compressed: false };
  }

  async run(request: LaneRequest, sink: LaneSink, signal: AbortSignal): Promise<boolean> {
    if (request.visible) throw new Error('without perl it cannot show parts of the tree');
    const id = this.#next++;
    await this.#send(request.entries.length > 0 ? request.entries : undefined, runCall(id, request));
    const killing = this.#end.killing(signal, shCall('cancel', [id]));
    try {
      if (request.entries.length > 0) {
        await this.#awaitApplied();
        sink.onApplied();
      }
      killing.begun();
      return await this.#receive(id, sink, request.merge, signal, killing);
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

  /** @returns bytes */
  #send(entries: AsyncIterable<Entry> | Iterable<Entry> | undefined, call: Bytes = ''): Promise<number> {
    const write = async (writer: FrameWriter): Promise<number> => {
      if (entries) await new ShEntryWriter(writer, this.#hello.exactTimes).write(entries);
      writer.add(shFrame(call));
      await writer.flush();
      return writer.sent;
    };
    return this.#end.send(write, () => this.#awaitApplied());
  }

  async #receive(id: number, sink: LaneSink, merge: boolean, signal: AbortSignal, killing: Killing): Promise<boolean> {
    const { reader } = this.#end;
    const line = await this.#awaitEnd(sink);
    if (line === `busy ${id}` && this.facts.cap !== undefined) return false;
    const lost = `lost ${id} `;
    if (line.startsWith(lost)) throw new Error(laneWords(line.slice(lost.length)));
    const fields = new FrameFields(line, 10);
    fields.word(0, 'end');
    fields.word(1, `${id}`);
    killing.over();
    const signaled = fields.word(2, 'exit', 'signal') === 'signal';
    const number = fields.number(3, 255);
    const microseconds = fields.number(4);
    const load = fields.load(5);
    const [out, err] = [fields.number(6), fields.number(7)];
    const nothing = this.sandbox === 'shared';
    const list = fields.number(8, nothing ? 0 : LARGEST_LIST);
    const data = fields.number(9, nothing ? 0 : undefined);
    for await (const piece of reader.pieces(out)) sink.onText(1, piece);
    for await (const piece of reader.pieces(err)) sink.onText(merge ? 1 : 2, piece);
    const outcome: Outcome = signal.aborted
      ? { kind: 'cancelled' }
      : signaled
        ? { kind: 'signaled', signal: number }
        : { kind: 'exited', status: number };
    await sink.onEnd(outcome, microseconds / 1e6, load);
    if (nothing) return true;
    const listed = parseListing(bytesOf(await reader.exact(list)), this.#hello.listing);
    await this.#readOutputs(listed, data, sink);
    return true;
  }

  /** What a job prints comes when it has ended: until then the lane says at most that there is more, and when it hears `alive`. */
  async #awaitEnd(sink: LaneSink): Promise<Bytes> {
    const ask = new Countdown(ASK_SECONDS, () => {
      this.#end.sayAlive();
      ask.start();
    });
    if (sink.onLife) ask.start();
    try {
      for (;;) {
        const line = await this.#end.reader.line();
        if (line !== 'printed') return line;
        sink.onLife?.();
      }
    } finally {
      ask.stop();
    }
  }

  async #readOutputs(listed: readonly Listed[], size: number, sink: LaneSink): Promise<void> {
    if (listed.reduce((total, output) => total + dataSize(output), 0) !== size) {
      // Something could not be read, or was still being written: which one cannot be told from here.
      let left = size;
      for await (const piece of this.#end.reader.pieces(size)) left -= piece.length;
      const what = listed.find((output) => dataSize(output) > 0);
      if (left === 0 && what) await sink.onOutput({ kind: 'special', path: what.path });
      return;
    }
    for (const output of listed) {
      if (output.kind === 'file') {
        const small = output.size <= WRITE_SIZE;
        const content = small ? await this.#end.reader.exact(output.size) : this.#end.reader.pieces(output.size);
        await sink.onOutput({ ...output, content });
      } else if (output.kind === 'link') {
        const target = bytesOf(await this.#end.reader.exact(dataSize(output))).slice(0, -1);
        await sink.onOutput({ kind: 'link', path: output.path, time: output.time, target });
      } else {
        await sink.onOutput(output);
      }
    }
  }

  async #awaitApplied(): Promise<void> {
    const line = await this.#end.reader.line();
    if (line.startsWith('trouble ')) throw new Error(`staging failed there: ${laneWords(line.slice(8))}`);
    if (line !== 'applied') throw new BadFrame(line);
  }
}

/** `1 find|stat|bsd exact|whole PROCESSORS CAP LOAD PATH` */
function readHello(setup: LaneSetup, hello: readonly Bytes[]): Hello {
  const fields = new FrameFields(hello.slice(0, 6).join(' '), 6);
  fields.word(0, '1');
  return {
    sandbox: setup.sandbox === 'shared' ? 'shared' : 'tree',
    facts: readFacts(fields, 3),
    treePath: hello.slice(6).join(' '),
    listing: fields.word(1, 'find', 'stat', 'bsd'),
    exactTimes: fields.word(2, 'exact', 'whole') === 'exact',
  };
}

/** Bytes that an output has in the data: a target comes with a line end. */
function dataSize(output: Listed): number {
  return output.kind === 'file' ? output.size : output.kind === 'link' ? output.size + 1 : 0;
}

/**
 * Names that a shell takes for its own, fails at, or heeds while it starts the job (POSIX, Shell Variables; bash(1), ksh(1) and
 * zshparam(1)), and those of the lane: they are set by env.
 */
const SHELLS_OWN =
  /^(?:_|IFS|ENV|PPID|E?[UG]ID|GROUPS|USERNAME|OPT(?:ARG|ERR|IND)|LINENO|S?RANDOM|SECONDS|TMOUT|COLUMNS|LINES|FUNC.*|DIRSTACK|POSIXLY_CORRECT|SHLVL|SHELLOPTS|OLDPWD|TMPDIR|PS\d|(?:BASH|EPOCH|HIST|LANG|LC_|LD_|DYLD_|LANE_).*)$/;

/** Whether a shell can export it. */
function isExported(variable: Bytes): boolean {
  const name = variable.slice(0, variable.indexOf('='));
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !SHELLS_OWN.test(name);
}

function runCall(id: number, request: LaneRequest): Bytes {
  const { directory, keep, path, environment, argv, umask, merge } = request;
  // A PATH of the job's own stands in for the host's, as it does in any environment.
  const own = environment.filter((variable) => variable.startsWith('PATH=')).at(-1);
  const others = environment.filter((variable) => !variable.startsWith('PATH=') && !variable.startsWith('PWD='));
  const exported = others.filter(isExported);
  const paths =
    own === undefined ? (path === '' ? '' : `${path}:`) : [path, own.slice(5)].filter((part) => part !== '').join(':');
  return shCall('run', [
    id,
    umask.toString(8).padStart(4, '0'),
    merge ? 1 : 0,
    keep ? 1 : 0,
    request.recipe,
    directory === '' ? '.' : shPath(directory),
    keep && keep.except !== '' ? shPath(keep.except) : '',
    own === undefined ? 1 : 0,
    paths,
    exported.length,
    ...exported,
    ...others.filter((variable) => !isExported(variable)),
    // env would take a command with an equals sign for one more variable.
    ...(argv[0]?.includes('=') ? ['sh', '-c', 'exec "$@"', 'sh'] : []),
    ...argv,
  ]);
}
