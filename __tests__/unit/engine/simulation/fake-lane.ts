import type { HostFacts, Lane, LaneRequest, LaneSetup, LaneSink, Traffic } from '../../../../src/engine/ports.ts';
import type { Entry } from '../../../../src/model/entry.ts';
import type { LoadAverages } from '../../../../src/model/load.ts';
import type { Outcome } from '../../../../src/model/outcome.ts';
import type { Sandbox } from '../../../../src/model/sandbox.ts';
import type { Bytes } from '../../../../src/util/bytes.ts';
import { deferred } from '../../../../src/util/deferred.ts';
import type { FakeHost } from './fake-host.ts';
import { fileEntry } from './fake-stage.ts';
import type { Process, Tree } from './machine.ts';
import { QUESTION } from './world.ts';

/** How often a job prints something, in ms. */
const CHATTER_MS = 500;

/** How long a killed job takes to end, in ms. */
const KILL_MS = 20;

/** A lane to a host that may break off at any moment. */
export class FakeLane implements Lane {
  readonly staging: Bytes;
  readonly sandbox: Sandbox;
  readonly treePath: Bytes;
  readonly facts: HostFacts;
  readonly gone: Promise<string>;
  traffic = { sent: 0, received: 0 };
  readonly #host: FakeHost;
  readonly #setup: LaneSetup;
  readonly #gone = deferred<string>();
  /** Aborts whatever waits on this lane: with an Error as its reason. */
  readonly #end = new AbortController();
  #isSilent = false;
  #isConnected = false;
  /** What it has to do now. */
  #tasks = 0;
  #job: Process | undefined;

  constructor(host: FakeHost, setup: LaneSetup) {
    const { plan, machine } = host;
    this.#host = host;
    this.#setup = setup;
    this.staging = setup.staging;
    this.sandbox = plan.overlay ? 'overlay' : 'tree';
    this.treePath = `${setup.staging}/${plan.overlay ? '' : setup.number}`;
    this.facts = { processors: plan.processors, cap: machine.cap, load: this.#load() };
    this.gone = this.#gone.promise;
  }

  /** Has been opened, and has not ended. */
  get isConnected(): boolean {
    return this.#isConnected && !this.#hasEnded;
  }

  get #hasEnded(): boolean {
    return this.#end.signal.aborted;
  }

  /** It ends by itself; what runs there hears of it. */
  cut(reason: string): void {
    if (this.#hasEnded) return;
    this.#host.world.story.note(`${this.#host.host.name}: lane ${this.#setup.number} breaks off: ${reason}`);
    if (this.#isConnected) this.#host.world.story.breaks(this.#host.host.name);
    this.#finish(reason);
    this.#gone.resolve(reason);
  }

  /** Nothing comes from there any more: found out only by who waits for something. */
  fallSilent(): void {
    this.#isSilent = true;
    const { world, machine } = this.#host;
    // So does who waits at the other end.
    world.clock.after(this.#setup.patience * 1000, () => this.#job && machine.running.delete(this.#job));
    if (this.#tasks > 0) this.#loseHeart();
  }

  close(): void {
    this.#finish('the lane was closed');
  }

  async connect(): Promise<void> {
    const { obstacle, machine } = this.#host;
    const { create, staging } = this.#setup;
    await this.#do(async () => {
      if (obstacle === 'refused') throw new Error('connection refused');
      if (obstacle === 'silent') this.fallSilent();
      await this.#pass();
      if (create) {
        this.#host.checkSwept();
        machine.make(staging);
      } else if (!machine.tree(staging, 0)) throw new Error(`there is no ${staging}`);
      this.#isConnected = true;
    });
  }

  sync(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<Traffic> {
    return this.#do(async () => {
      await this.#host.reach('sync');
      for await (const entry of entries) this.#apply(entry);
      await this.#pass();
      return { sent: 7, compressed: false };
    });
  }

  load(): Promise<LoadAverages | undefined> {
    return this.#do(async () => {
      await this.#pass();
      return this.#load();
    });
  }

  run(request: LaneRequest, sink: LaneSink, signal: AbortSignal): Promise<boolean> {
    if (this.#tasks > 0) this.#host.world.story.wrong(`${this.treePath}: two jobs on one lane`);
    return this.#do(async () => {
      const { machine } = this.#host;
      await this.#host.reach('send');
      await this.#pass();
      for (const entry of request.entries) this.#apply(entry);
      if (request.entries.length > 0) sink.onApplied();
      await this.#host.reach('begin');
      await this.#pass();
      const command = request.argv.at(-1) ?? '';
      this.#job = machine.begin({ directory: this.staging, command });
      if (!this.#job) return false;
      const outcome =
        command === QUESTION ? { kind: 'exited' as const, status: 0 } : await this.#perform(command, sink, signal);
      machine.running.delete(this.#job);
      this.#job = undefined;
      await this.#pass();
      await sink.onEnd(outcome, 1, this.#load());
      await this.#host.reach('end');
      await this.#pass();
      await this.#sendOutputs(command, sink, outcome);
      await this.#host.reach('outputs');
      await this.#pass();
      return true;
    });
  }

  async #perform(command: Bytes, sink: LaneSink, signal: AbortSignal): Promise<Outcome> {
    const { world, host } = this.#host;
    const { line } = world.taskOf(command);
    if (signal.aborted) return { kind: 'cancelled' };
    const hang = world.begins(command, host.name);
    let left = hang?.ms ?? line.ms;
    const half = left / 2;
    let isStruck = false;
    while (left > 0 && !signal.aborted) {
      const step = Math.min(left, CHATTER_MS);
      await this.#sleep(step, signal);
      left -= step;
      if (hang?.mute !== true && !signal.aborted) sink.onText(1, Buffer.from('.'));
      if (isStruck || (left > half && left !== Infinity)) continue;
      isStruck = true;
      await this.#host.reach('run');
    }
    // It may come to its end before the order to kill it is there.
    if (signal.aborted) await this.#sleep(Math.min(left, world.chance.between(1, KILL_MS)));
    if (signal.aborted && left > KILL_MS) return { kind: 'cancelled' };
    return { kind: 'exited', status: line.status };
  }

  /** What the job has written goes into the tree there, and on its way home. */
  async #sendOutputs(command: Bytes, sink: LaneSink, outcome: Outcome): Promise<void> {
    if (command === QUESTION) return;
    const { world, host } = this.#host;
    const tree = this.#tree();
    const { name } = world.taskOf(command).target;
    const content = outcome.kind === 'exited' ? world.writes(command, host.name, (path) => tree.get(path)) : undefined;
    if (content !== undefined) {
      tree.set(name, content);
      await sink.onOutput({ ...fileEntry(name, content), timeIsSet: false });
    } else if (this.sandbox === 'tree') {
      // Without a layer of its own it has spoilt the tree.
      tree.set(name, 'half of it');
      await sink.onOutput({ kind: 'unknown', path: name });
    }
  }

  #apply(entry: Entry): void {
    if (entry.kind === 'removed') this.#tree().delete(entry.path);
    else if (entry.kind === 'file' && Buffer.isBuffer(entry.content))
      this.#tree().set(entry.path, entry.content.toString());
  }

  #tree(): Tree {
    const tree = this.#host.machine.tree(this.staging, this.sandbox === 'tree' ? this.#setup.number : 0);
    if (!tree) this.#host.world.story.wrong(`${this.staging} is used after it was removed`);
    return tree ?? new Map();
  }

  #load(): LoadAverages | undefined {
    const { plan, world } = this.#host;
    return plan.hasLoad ? [world.chance.between(0, 60) / 10, 1, 1] : undefined;
  }

  /** Something is asked of the lane: for so long silence counts. What fails on it takes it along. */
  async #do<T>(work: () => Promise<T>): Promise<T> {
    this.#throwIfEnded();
    this.#tasks++;
    try {
      if (this.#isSilent) this.#loseHeart();
      return await work();
    } catch (error) {
      this.cut(error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      this.#tasks--;
    }
  }

  #loseHeart(): void {
    const { patience } = this.#setup;
    this.#host.world.clock.after(patience * 1000, () => this.cut(`nothing was heard of it for ${patience} s`));
  }

  /** Something goes there, or comes from there. */
  async #pass(): Promise<void> {
    await this.#sleep(this.#host.delay());
    // What is sent into a silent lane comes nowhere.
    if (this.#isSilent) await this.#sleep(Infinity);
  }

  async #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#host.world.clock.pause(ms, this.#end.signal, signal);
    this.#throwIfEnded();
  }

  #throwIfEnded(): void {
    if (this.#hasEnded) throw this.#end.signal.reason;
  }

  #finish(reason: string): void {
    const { lanes, machine } = this.#host;
    this.#end.abort(new Error(reason));
    lanes.delete(this);
    // The program at the other end kills its job when the connection ends; if it hears of that.
    if (this.#job && !this.#isSilent) machine.running.delete(this.#job);
  }
}
