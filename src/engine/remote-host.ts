import type { Host } from '../model/host.ts';
import type { Job } from '../model/job.ts';
import type { LoadAverages } from '../model/load.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { Bays, type BaysOptions } from './bays.ts';
import { SYSTEM_CLOCK, type Clock } from './clock.ts';
import { IN_MEMORY, MemoryOutput, type JobOutput } from './job-output.ts';
import { LoadWatch } from './load-watch.ts';
import { PathBound } from './path-bound.ts';
import type { Answer, HostFacts, LaneTraffic, RemoteResult, Text } from './ports.ts';
import { questionJob } from './question.ts';
import { Temporaries } from './temporaries.ts';
import { NO_LIMITS, TimeLimits, type Limits } from './time-limits.ts';
import { visit, type Way, type World } from './visit.ts';
import { messageOf } from '../util/message-of.ts';

/** How often a question that the host's owner has no place for is asked again. */
const ASK_AGAIN_MS = 200;

/** What it took to bring a host up. */
export interface FirstStaging {
  readonly sandbox: Sandbox;
  readonly seconds: number;
  readonly files: number;
  readonly bytes: number;
  /** Bytes on the way there, if it was compressed. */
  readonly compressed: number | undefined;
}

export interface RemoteHostOptions extends Omit<BaysOptions, 'staging' | 'onLost'>, Omit<World, 'staging'> {
  /** Its staging directory there: each time that it is taken back it gets another, the next generation, from 1. */
  readonly stagingOf: (generation: number) => Bytes;
  /** What jobs print on descriptors 1 and 2 goes to one place: keep its order. */
  readonly merge: boolean;
  /**
   * Told of the host's load with the end of each job (`ended`), and now and then while none ends. Without it an idle
   * host is not asked.
   */
  readonly onLoad?: (load: LoadAverages | undefined, ended: boolean) => void;
  readonly clock?: Clock;
  /** It has broken off, and has no lanes any more; not told of one that was closed. */
  readonly onLost?: (reason: string) => void;
}

/** How a job runs on a host. */
export interface RunTerms {
  /** Takes what it prints; default: it is not wanted. */
  readonly output?: JobOutput;
  /** What a job that fails wrote comes home all the same, but not its target (B9). */
  readonly keepOutputs: boolean;
  /** Slots of the host that it has: more than one for a command that calls make. */
  readonly slots: number;
  /** Default: none. */
  readonly limits?: Limits;
}

/** One host at work. */
export class RemoteHost {
  readonly host: Host;
  readonly #options: RemoteHostOptions;
  readonly #clock: Clock;
  #bays: Bays;
  #world: World;
  /** By lanes of earlier generations. */
  #before: LaneTraffic = { sent: 0, received: 0 };
  readonly #pathBound: PathBound;
  readonly #temporaries = new Temporaries();
  #watch: LoadWatch | undefined;
  #busySeconds = 0;
  #losses = 0;
  #restarts = 0;
  /** Staging directories of earlier generations that may still be there. */
  readonly #left = new Set<Bytes>();

  constructor(options: RemoteHostOptions) {
    this.host = options.host;
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#world = this.#worldOf(1);
    this.#bays = this.#newBays();
    this.#pathBound = new PathBound(options.stage.root);
  }

  /** Its staging directory there, for people. */
  get staging(): string {
    return decode(this.#world.staging);
  }

  /** How long jobs ran there, added up. */
  get busySeconds(): number {
    return this.#busySeconds;
  }

  /** How often it was begun with once more. */
  get restarts(): number {
    return this.#restarts;
  }

  /** How often it was lost. */
  get losses(): number {
    return this.#losses;
  }

  /** How much of the workspace is on its way there, or has arrived. */
  get sent(): { readonly files: number; readonly bytes: number } {
    return this.#bays.sent;
  }

  /** Bytes to the host and back, so far. */
  get traffic(): LaneTraffic {
    const { sent, received } = this.#bays.traffic;
    return { sent: this.#before.sent + sent, received: this.#before.received + received };
  }

  /** What it says of itself; undefined until it has been reached. */
  get facts(): HostFacts | undefined {
    return this.#bays.facts;
  }

  /**
   * Once more from the beginning, after it was lost: what is left there is ended and removed, and a new staging directory made.
   * Rejects as {@link start}.
   */
  async restart(): Promise<FirstStaging> {
    const { opener } = this.#options;
    this.close();
    this.#before = this.traffic;
    this.#left.add(this.#world.staging);
    this.#world = this.#worldOf(++this.#restarts + 1);
    this.#bays = this.#newBays();
    for (const staging of [...this.#left]) {
      const reason = await opener.discard(staging);
      if (reason !== undefined) throw new Error(reason);
      this.#left.delete(staging);
    }
    return this.start();
  }

  /** Connects, makes the staging directory and sends the whole workspace. Rejects with a reason for people. */
  async start(): Promise<FirstStaging> {
    const begin = this.#clock.now();
    const { sandbox, facts } = await this.#bays.first();
    this.#watch = this.#options.onLoad && new LoadWatch(() => void this.#askLoad(), this.#clock);
    this.#watch?.heard(facts.load);
    const { sent, compressed } = this.#bays;
    return { sandbox, seconds: (this.#clock.now() - begin) / 1000, ...sent, compressed };
  }

  /** Whether a job can run there at all: without the overlay, absolute paths of the workspace lead nowhere. */
  suits(job: Job): boolean {
    if (this.#bays.isShared) return true;
    return !this.#pathBound.has(job.command, this.#options.baggage.of(job.environment).variables);
  }

  /**
   * Runs one job: brings the host's tree up to date, runs, brings home what it wrote. Never rejects for what a host may
   * do: that is the outcome `host-lost`.
   *
   * @param told `onStart`: it is certain that it runs there, and is not turned away; with an owner's cap that may be as
   *   late as its end, and where it is lost it is not told at all. `onEnd`: it has ended, what it wrote is on its way
   * @returns undefined: it was turned away (D10), and nothing of it has run
   */
  async run(
    job: Job,
    { keepOutputs, slots, limits: most = NO_LIMITS, output = IN_MEMORY.open() }: RunTerms,
    signal: AbortSignal,
    told: Partial<Pick<Way, 'onStart' | 'onEnd'>> = {},
  ): Promise<RemoteResult | undefined> {
    const { merge } = this.#options;
    const begin = this.#clock.now();
    let begun = false;
    const late = new AbortController();
    const limits = new TimeLimits(this.#clock, most, () => late.abort());
    try {
      const result = await this.#visit(
        job,
        {
          counts: true,
          keepOutputs,
          merge,
          slots,
          temporary: this.#temporaries.of(job.recipe.id),
          output,
          onSent: () => {
            if (!begun) limits.start();
            begun = true;
          },
          onStart: told.onStart ?? (() => undefined),
          limited: most.silence !== undefined,
          onText: () => limits.heard(),
          onEnd: () => {
            limits.end();
            told.onEnd?.();
          },
          onLoad: (load) => this.#heard(load, true),
        },
        most === NO_LIMITS ? signal : AbortSignal.any([signal, late.signal]),
      );
      if (!result) return undefined;
      const { seconds, homecoming } = result;
      this.#temporaries.ran(job.recipe.id, homecoming.kind !== 'conflict');
      this.#busySeconds += seconds;
      if (homecoming.kind === 'refused' && homecoming.foreign === true) this.#pathBound.learn(job.command);
      const isKilled = result.outcome.kind === 'cancelled' && !signal.aborted;
      const outcome = isKilled ? (limits.reached ?? result.outcome) : result.outcome;
      return { ...result, outcome, begun };
    } catch (error) {
      // What it had run until then nobody tells.
      this.#busySeconds += (this.#clock.now() - begin) / 1000;
      return {
        outcome: { kind: 'host-lost', reason: messageOf(error) },
        begun,
        seconds: 0,
        homecoming: { kind: 'home' },
        missed: [],
        traffic: { sent: 0, received: 0, files: 0 },
      };
    } finally {
      limits.end();
    }
  }

  /**
   * Runs a command for sh in the workspace there as a job would run, with its setup and PATH, or a job itself, for what it
   * prints alone: what it writes is dropped, on the host too (but where that is the very workspace: `staging: none`). Where
   * the host's owner has no place for it, it waits for one.
   *
   * @throws Error with a reason for people when the host fails: it is given up then
   */
  async ask(what: Bytes | Job, signal: AbortSignal = new AbortController().signal): Promise<Answer> {
    const job = typeof what === 'string' ? questionJob(what, this.#options.stage.root) : what;
    const way: Omit<Way, 'output'> = {
      counts: false,
      keepOutputs: false,
      merge: false,
      slots: 1,
      temporary: 0,
      onSent: () => undefined,
      limited: false,
      onText: () => undefined,
      onStart: () => undefined,
      onEnd: () => undefined,
      onLoad: (load) => this.#heard(load, false),
    };
    while (!signal.aborted) {
      const output = new MemoryOutput();
      const result = await this.#visit(job, { ...way, output }, signal);
      if (result) {
        const texts = output.texts();
        return { outcome: result.outcome, stdout: joined(texts, 1), stderr: joined(texts, 2) };
      }
      await this.#clock.pause(ASK_AGAIN_MS, signal);
    }
    return { outcome: { kind: 'cancelled' }, stdout: '', stderr: '' };
  }

  /** Ends its lanes and whatever runs on them, not the connection. */
  close(): void {
    this.#watch?.close();
    this.#bays.close('its connection was closed');
  }

  /** It is of no use any more, for that reason: as if it had broken off. */
  lose(reason: string): void {
    this.#bays.lose(reason);
  }

  /** @throws Error with a reason for people when it has broken off, or was closed */
  checkOpen(): void {
    this.#bays.checkOpen();
  }

  /** Runs a job on some lane. */
  async #visit(job: Job, way: Way, signal: AbortSignal): ReturnType<typeof visit> {
    const bays = this.#bays;
    try {
      const bay = await bays.enter();
      const result = await visit(bay, job, way, this.#world, signal);
      bays.leave(bay);
      return result;
    } catch (error) {
      bays.lose(messageOf(error));
      throw error;
    }
  }

  #heard(load: LoadAverages | undefined, ended: boolean): void {
    this.#options.onLoad?.(load, ended);
    this.#watch?.heard(load);
  }

  #newBays(): Bays {
    const bays: Bays = new Bays({
      ...this.#options,
      ...this.#world,
      onLost: (reason) => {
        // Of an earlier one that was given up already.
        if (bays !== this.#bays) return;
        this.#losses++;
        this.#watch?.close();
        this.#options.onLost?.(reason);
      },
    });
    return bays;
  }

  #worldOf(generation: number): World {
    return { ...this.#options, staging: this.#options.stagingOf(generation) };
  }

  async #askLoad(): Promise<void> {
    const bays = this.#bays;
    const bay = bays.takeIdle();
    if (!bay) {
      this.#watch?.later();
      return;
    }
    try {
      const load = await bay.lane.load();
      bays.leave(bay);
      this.#heard(load, false);
    } catch (error) {
      bays.lose(messageOf(error));
    }
  }
}

function joined(texts: readonly Text[], descriptor: 1 | 2): Bytes {
  return texts.map((text) => (text.descriptor === descriptor ? text.data.toString('latin1') : '')).join('');
}
