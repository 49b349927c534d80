import { Baggage } from '../../../src/engine/environment.ts';
import type {
  Delta,
  Homecoming,
  Incoming,
  Lane,
  LaneOpener,
  LaneRequest,
  LaneSetup,
  HostFacts,
  LaneSink,
  Sending,
  ShellCall,
  Stage,
  StagedTree,
  Survey,
  Traffic,
} from '../../../src/engine/ports.ts';
import { RemoteHost, type RemoteHostOptions } from '../../../src/engine/remote-host.ts';
import type { Entry, Output } from '../../../src/model/entry.ts';
import { SubMakeArguments } from '../../../src/engine/sub-make.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';
import type { Job } from '../../../src/model/job.ts';
import type { LoadAverages } from '../../../src/model/load.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { Sandbox } from '../../../src/model/sandbox.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { deferred } from '../../../src/util/deferred.ts';

export const ROOT = '/home/me/space';
export const OK: Outcome = { kind: 'exited', status: 0 };
export const exited = (status: number): Outcome => ({ kind: 'exited', status });

export function hostOf(name: string, slots = 1, local = false): Host {
  return { ...HOST_DEFAULTS, name, address: name, user: undefined, port: 22, slots, local, line: 1 };
}

/** Everything that can happen without a timer has happened. */
export async function settled(): Promise<void> {
  for (let n = 0; n < 10; n++) await new Promise((resolve) => void setImmediate(resolve));
}

/** An entry that some tree lacks; its content does not matter here. */
export const ENTRY: Entry = { kind: 'directory', path: 'd', mode: 0o755 };

/** A workspace without files: what happens to it is written down. */
export class MemoryStage implements Stage {
  readonly root = ROOT;
  readonly writers = new Set<Job>();
  touched = 0;
  /** Trees that were asked for. */
  readonly trees: MemoryTree[] = [];
  readonly arrivals: MemoryArrival[] = [];
  /** What becomes of the outputs of the next jobs, one each; then all come home. */
  readonly homecomings: Homecoming[] = [];
  /** Files whose absence the output of every job that fails is taken to speak of. */
  absent: readonly Bytes[] = [];

  tree(): StagedTree {
    const tree = new MemoryTree();
    this.trees.push(tree);
    return tree;
  }

  survey(): Promise<Survey> {
    return Promise.resolve({ files: 2, bytes: 30, directories: [{ path: 'd', files: 2, bytes: 30 }] });
  }

  missed(): readonly Bytes[] {
    return this.absent;
  }

  incoming({ foreign }: Sending): Incoming {
    const arrival = new MemoryArrival(foreign, this.homecomings.shift() ?? { kind: 'home' });
    this.arrivals.push(arrival);
    return arrival;
  }

  relative(path: Bytes): Bytes | undefined {
    if (path === ROOT) return '';
    return path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : undefined;
  }

  writerStarted(job: Job): void {
    this.writers.add(job);
  }

  writerEnded(job: Job): void {
    this.writers.delete(job);
  }

  touch(): void {
    this.touched++;
  }
}

export class MemoryTree implements StagedTree {
  /** What the next jobs are shown. */
  visible: readonly Bytes[] | undefined;
  /** What the next job finds missing. */
  lacks: Entry[] = [];
  ready: Promise<void> = Promise.resolve();
  readonly asked: Job[] = [];
  applied = 0;
  failed = 0;

  everything(onFile: (bytes: number) => void): Promise<Iterable<Entry>> {
    for (const size of [10, 20]) onFile(size);
    return Promise.resolve([ENTRY]);
  }

  missing(job: Job): Promise<Delta> {
    this.asked.push(job);
    const { ready, visible, lacks: entries } = this;
    this.lacks = [];
    return Promise.resolve({
      entries,
      visible,
      version: 1,
      ready,
      applied: () => void this.applied++,
      failed: () => void this.failed++,
    });
  }
}

export class MemoryArrival implements Incoming {
  readonly outputs: Output[] = [];
  readonly foreign: Bytes | undefined;
  readonly #homecoming: Homecoming;
  committed: { readonly tree: StagedTree; readonly wanted: boolean } | undefined;
  discarded = 0;

  constructor(foreign: Bytes | undefined, homecoming: Homecoming) {
    this.foreign = foreign;
    this.#homecoming = homecoming;
  }

  add(output: Output): Promise<void> {
    this.outputs.push(output);
    return Promise.resolve();
  }

  commit(tree: StagedTree, wanted: boolean): Homecoming {
    if (this.committed || this.discarded > 0) throw new Error('committed at the wrong time');
    this.committed = { tree, wanted };
    return this.#homecoming;
  }

  discard(): void {
    this.discarded++;
  }
}

/** What a job does on a fake host. */
export interface Act {
  readonly outcome?: Outcome;
  readonly text?: readonly (readonly [1 | 2, string])[];
  readonly outputs?: readonly Output[];
  /** The connection breaks with these words; `late`: after the end of the job. */
  readonly breaks?: string;
  readonly late?: boolean;
  /** It runs until this is resolved, or until it is killed. */
  readonly until?: Promise<void>;
}

/** What the owner of a host allows all runs together (D10). */
export class Cap {
  readonly most: number;
  running = 0;
  /** How many jobs ran at one time. */
  peak = 0;
  /** Jobs that were turned away. */
  refused = 0;
  /** The host takes its time to find out. */
  slow: Promise<void> | undefined;

  constructor(most: number) {
    this.most = most;
  }

  take(): boolean {
    if (this.running >= this.most) {
      this.refused++;
      return false;
    }
    this.peak = Math.max(this.peak, ++this.running);
    return true;
  }

  give(): void {
    this.running--;
  }
}

/** Connections to one fake host. */
export class MemoryHost implements LaneOpener {
  readonly lanes: MemoryLane[] = [];
  readonly setups: LaneSetup[] = [];
  /** Commands that came here, in order, and those that were not turned away. */
  readonly commands: Bytes[] = [];
  readonly ran: Bytes[] = [];
  readonly requests: LaneRequest[] = [];
  overlay: boolean | ((number: number) => boolean) = true;
  /** What to do for a command. */
  act: (command: Bytes) => Act = () => ({});
  /** Its link is slow: what it gets at first is compressed. */
  slow = false;
  /** Opening fails with these words. */
  refuses: string | undefined;
  processors = 1;
  /** Several hosts may have the same: they are one machine, used by several runs. */
  cap: Cap | undefined;
  /** Undefined: it has no such figures. */
  load: LoadAverages | undefined;
  /** How often its load was asked for. */
  asked = 0;

  async open(setup: LaneSetup): Promise<Lane> {
    await settled();
    if (this.refuses !== undefined) throw new Error(this.refuses);
    this.setups.push(setup);
    const overlay = typeof this.overlay === 'boolean' ? this.overlay : this.overlay(setup.number);
    const lane = new MemoryLane(this, overlay, `${setup.staging}/${overlay ? 'tree' : `l${setup.number}/tree`}`);
    this.lanes.push(lane);
    return lane;
  }

  /** Staging directories of lanes that were lost, as they were removed. */
  readonly discarded: Bytes[] = [];

  discard(staging: Bytes): Promise<string | undefined> {
    this.discarded.push(staging);
    return Promise.resolve(this.refuses);
  }

  /** Every lane that was opened is closed. */
  get closed(): boolean {
    return this.lanes.every((lane) => lane.closed);
  }
}

export class MemoryLane implements Lane {
  readonly sandbox: Sandbox;
  readonly treePath: Bytes;
  readonly facts: HostFacts;
  readonly #host: MemoryHost;
  readonly #closing = new AbortController();
  readonly #gone = deferred<string>();
  readonly gone = this.#gone.promise;
  readonly synced: Entry[] = [];
  /** Ten bytes there and twenty back for each job, after seven for the tree. */
  traffic = { sent: 0, received: 0 };
  busy = false;

  constructor(host: MemoryHost, overlay: boolean, treePath: Bytes) {
    this.#host = host;
    this.sandbox = overlay ? 'overlay' : 'tree';
    this.treePath = treePath;
    this.facts = { processors: host.processors, cap: host.cap?.most, load: host.load };
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  async sync(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<Traffic> {
    for await (const entry of entries) this.synced.push(entry);
    this.traffic = { ...this.traffic, sent: this.traffic.sent + 7 };
    return { sent: 7, compressed: this.#host.slow };
  }

  async run(request: LaneRequest, sink: LaneSink, signal: AbortSignal): Promise<boolean> {
    if (this.busy) throw new Error('two jobs in one lane');
    this.busy = true;
    const command = request.argv.at(-1) ?? '';
    this.#host.commands.push(command);
    this.#host.requests.push(request);
    const { outcome = OK, text = [], outputs = [], breaks, late, until } = this.#host.act(command);
    if (breaks !== undefined && late !== true) throw new Error(breaks);
    if (request.entries.length > 0) sink.onApplied();
    const { cap } = this.#host;
    await cap?.slow;
    if (cap?.take() === false) {
      this.busy = false;
      return false;
    }
    this.#host.ran.push(command);
    this.traffic = { sent: this.traffic.sent + 10, received: this.traffic.received + 20 };
    const over = (one: AbortSignal): Promise<void> =>
      new Promise((resolve) =>
        one.aborted ? resolve() : one.addEventListener('abort', () => resolve(), { once: true }),
      );
    if (until) await Promise.race([until, over(signal), over(this.#closing.signal)]);
    cap?.give();
    if (this.closed) throw new Error('the connection was closed');
    for (const [descriptor, data] of text) sink.onText(descriptor, Buffer.from(data));
    await sink.onEnd(signal.aborted ? { kind: 'cancelled' } : outcome, 1.5, this.#host.load);
    for (const output of outputs) await sink.onOutput(output);
    if (breaks !== undefined) throw new Error(breaks);
    this.busy = false;
    return true;
  }

  load(): Promise<LoadAverages | undefined> {
    if (this.busy) throw new Error('asked in the middle of a job');
    this.#host.asked++;
    if (this.#host.refuses !== undefined) return Promise.reject(new Error(this.#host.refuses));
    return Promise.resolve(this.#host.load);
  }

  /** The connection ends by itself, with these words. */
  break(reason: string): void {
    this.#gone.resolve(reason);
    this.#closing.abort();
  }

  close(): void {
    this.#closing.abort();
  }
}

export function remoteHost(
  host: Host,
  opener: LaneOpener,
  stage: Stage,
  partial = false,
  more: Pick<RemoteHostOptions, 'onLoad' | 'clock' | 'onLost'> = {},
): RemoteHost {
  const baggage = new Baggage(['PATH=/bin', 'OWN=1'], []);
  return new RemoteHost({
    host,
    opener,
    stage,
    baggage,
    stagingOf: (generation) => (generation === 1 ? '/tmp/make-x' : `/tmp/make-x${generation}`),
    patience: 15,
    setup: '',
    sandbox: 'overlay',
    partial,
    token: undefined,
    merge: false,
    subMakeArguments: new SubMakeArguments([], []),
    ...more,
  });
}

let pid = 1000;

/** One call of a shim. */
export class MemoryCall implements ShellCall {
  readonly pid = ++pid;
  readonly make: number;
  readonly directory: Bytes;
  readonly argv: readonly Bytes[] = ['/run/sh', '-c', 'x'];
  readonly environment: readonly Bytes[] = [];
  readonly umask = 0o22;
  expanded = false;
  readonly #gone = new AbortController();
  /** Listeners on `gone`. */
  listeners = 0;
  readonly gone: AbortSignal;
  /** What was printed, `1:` or `2:` before each write. */
  readonly printed: string[] = [];
  readonly ranLocally: { readonly argv: readonly Bytes[]; readonly changes: readonly Bytes[] }[] = [];
  readonly exits: Outcome[] = [];
  readonly #kill = deferred<Outcome>();
  /** How often what it ran here was killed. */
  killed = 0;
  /** How it ends on the runner; undefined: when it is gone, or told to. */
  readonly #local: Outcome | Promise<Outcome>;

  constructor(make: number, local: Outcome | Promise<Outcome> = OK, directory = ROOT) {
    this.make = make;
    this.directory = directory;
    this.#local = local;
    const { signal } = this.#gone;
    this.gone = new Proxy(signal, {
      get: (target, key) => {
        if (key === 'addEventListener') this.listeners++;
        if (key === 'removeEventListener') this.listeners--;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  echo(): undefined {
    return undefined;
  }

  write(descriptor: 1 | 2, data: Buffer): void {
    this.printed.push(`${descriptor}:${data.toString()}`);
  }

  runLocally(argv: readonly Bytes[], changes: readonly Bytes[]): Promise<Outcome> {
    this.ranLocally.push({ argv, changes });
    const gone = new Promise<Outcome>((resolve) => {
      const end = (): void => resolve({ kind: 'cancelled' });
      if (this.#gone.signal.aborted) end();
      else this.#gone.signal.addEventListener('abort', end, { once: true });
    });
    return Promise.race([Promise.resolve(this.#local), gone, this.#kill.promise]);
  }

  endLocally(): void {
    this.killed++;
    this.#kill.resolve({ kind: 'signaled', signal: 9 });
  }

  exit(outcome: Outcome): void {
    this.exits.push(outcome);
  }

  vanish(): void {
    this.#gone.abort();
  }
}
