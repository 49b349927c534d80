import type { Delta, Homecoming, Incoming, Sending, Stage, StagedTree, Survey } from '../../../../src/engine/ports.ts';
import type { Entry, Output } from '../../../../src/model/entry.ts';
import type { Job } from '../../../../src/model/job.ts';
import type { Bytes } from '../../../../src/util/bytes.ts';
import { deferred } from '../../../../src/util/deferred.ts';
import type { Content } from './makefile.ts';
import type { World } from './world.ts';

export const ROOT = '/space';

/** What the stage knows of a file. */
interface Seen {
  readonly content: Content;
  /** Number of the change in the journal. */
  readonly version: number;
}

/** A workspace in memory, with the journal, the looks and the copies that the real one has. */
export class FakeStage implements Stage {
  readonly root = ROOT;
  /** What is really there. */
  readonly files = new Map<Bytes, Content>();
  /** What was found there by the last look, or was put there by us. */
  readonly seen = new Map<Bytes, Seen>();
  readonly writers = new Set<Job>();
  /** Arrivals that were neither committed nor discarded. */
  readonly open = new Set<FakeArrival>();
  version = 0;
  arrivals = 0;
  readonly world: World;
  #isDue = true;
  #dueUntil = 0;

  constructor(world: World) {
    this.world = world;
    this.files.set('makefile', '');
  }

  async survey(): Promise<Survey> {
    await this.look();
    return { files: this.files.size, bytes: 0, directories: [] };
  }

  tree(): FakeTree {
    return new FakeTree(this);
  }

  incoming(sending: Sending): FakeArrival {
    return new FakeArrival(this, sending);
  }

  missed(): readonly Bytes[] {
    return [];
  }

  relative(path: Bytes): Bytes | undefined {
    if (path === ROOT) return '';
    return path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : undefined;
  }

  writerStarted(job: Job): void {
    this.writers.add(job);
  }

  writerEnded(job: Job): void {
    if (this.writers.delete(job)) this.#isDue = true;
  }

  touch(soon = 0): void {
    this.#isDue = true;
    this.#dueUntil = Math.max(this.#dueUntil, this.world.clock.now() + soon);
  }

  /** Looks at what is there, if something may have changed that we have not written. */
  async look(): Promise<void> {
    const { clock, chance } = this.world;
    if (!this.#isDue && this.writers.size === 0 && clock.now() >= this.#dueUntil) return;
    await clock.pause(chance.between(0, 3));
    this.#isDue = false;
    for (const [path, content] of this.files) if (this.seen.get(path)?.content !== content) this.put(path, content);
  }

  /** A file is written by us, or found. */
  put(path: Bytes, content: Content): void {
    this.files.set(path, content);
    this.seen.set(path, { content, version: ++this.version });
  }
}

/** What one tree on a host is taken to hold. */
class FakeTree implements StagedTree {
  readonly #stage: FakeStage;
  /** The version of each file that it has, or that is on its way there. */
  readonly #has = new Map<Bytes, number>();
  /** What has been spoilt there by a job whose outputs do not count. */
  readonly #spoilt = new Set<Bytes>();
  #arrival: Promise<void> = Promise.resolve();

  constructor(stage: FakeStage) {
    this.#stage = stage;
  }

  async everything(onFile: (bytes: number) => void): Promise<Iterable<Entry>> {
    await this.#stage.look();
    const entries = this.#take();
    for (const entry of entries) if (entry.kind === 'file') onFile(entry.size);
    return entries;
  }

  async missing(job: Job): Promise<Delta> {
    const { world, files, seen } = this.#stage;
    await this.#stage.look();
    for (const [path, content] of files)
      if (content !== seen.get(path)?.content)
        world.story.wrong(`nobody has told the stage that ${path} changed, and "${job.command}" is to run`);
    const entries = this.#take();
    const ready = this.#arrival;
    const delta = { entries, visible: undefined, version: this.#stage.version, ready };
    if (entries.length === 0) return { ...delta, applied: () => undefined, failed: () => undefined };
    const arrived = deferred<undefined>();
    this.#arrival = Promise.all([ready, arrived.promise]).then(() => undefined);
    this.#arrival.catch(() => undefined);
    return {
      ...delta,
      applied: () => arrived.resolve(undefined),
      failed: () => arrived.reject(new Error('bringing its tree up to date failed')),
    };
  }

  /** A job there has written that itself. */
  wrote(path: Bytes, version: number): void {
    this.#has.set(path, version);
  }

  spoil(path: Bytes): void {
    this.#spoilt.add(path);
  }

  #take(): Entry[] {
    const entries: Entry[] = [];
    const { seen } = this.#stage;
    for (const [path, { content, version }] of seen) {
      if (this.#has.get(path) === version && !this.#spoilt.has(path)) continue;
      this.#has.set(path, version);
      entries.push(fileEntry(path, content));
    }
    for (const path of this.#spoilt) if (!seen.has(path)) entries.push({ kind: 'removed', path });
    this.#spoilt.clear();
    return entries;
  }
}

/** What one job wrote, on its way home. */
class FakeArrival implements Incoming {
  readonly #stage: FakeStage;
  readonly #sending: Sending;
  readonly #outputs: (readonly [path: Bytes, content: Content])[] = [];
  /** What is not any more what it was there. */
  readonly #unknown: Bytes[] = [];

  constructor(stage: FakeStage, sending: Sending) {
    this.#stage = stage;
    this.#sending = sending;
    stage.open.add(this);
  }

  add(output: Output): Promise<void> {
    if (output.kind === 'file' && Buffer.isBuffer(output.content))
      this.#outputs.push([output.path, output.content.toString()]);
    if (output.kind === 'unknown') this.#unknown.push(output.path);
    return Promise.resolve();
  }

  async commit(tree: StagedTree, wanted: boolean): Promise<Homecoming> {
    const { world, open } = this.#stage;
    if (!open.has(this)) world.story.wrong(`what "${this.#sending.job.command}" wrote is put after it was thrown away`);
    open.delete(this);
    const homecoming = wanted ? this.#welcome() : undefined;
    if (!(tree instanceof FakeTree)) throw new TypeError('not a tree of this stage');
    for (const path of this.#unknown) tree.spoil(path);
    for (const [path, content] of this.#outputs) {
      if (homecoming?.kind !== 'home') {
        tree.spoil(path);
        continue;
      }
      this.#stage.put(path, content);
      tree.wrote(path, this.#stage.version);
    }
    await world.clock.pause(world.chance.between(0, 3));
    return homecoming ?? { kind: 'home' };
  }

  discard(): void {
    this.#stage.open.delete(this);
  }

  #welcome(): Homecoming {
    const { world, seen } = this.#stage;
    const { job, version } = this.#sending;
    const nth = ++this.#stage.arrivals;
    const kind = world.scenario.welcomes.find((one) => one.nth === nth)?.kind;
    if (kind === 'refused') return { kind, reason: 'it names a path of that host' };
    if (kind === 'conflict') return { kind, path: 'makefile', other: undefined };
    for (const [path] of this.#outputs)
      if ((seen.get(path)?.version ?? 0) > version)
        world.story.wrong(`${path} was written by somebody else while "${job.command}" ran`);
    if (this.#outputs.length > 0) world.story.effect(job.command);
    return { kind: 'home' };
  }
}

export function fileEntry(path: Bytes, content: Content): Extract<Entry, { kind: 'file' }> {
  return { kind: 'file', path, mode: 0o644, time: 0n, size: content.length, content: Buffer.from(content) };
}
