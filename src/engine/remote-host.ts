import { setTimeout } from 'node:timers/promises';
import type { Host } from '../model/host.ts';
import type { Job } from '../model/job.ts';
import type { LoadAverages } from '../model/load.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { Bays, type BaysOptions } from './bays.ts';
import { LoadWatch } from './load-watch.ts';
import { PathBound } from './path-bound.ts';
import type { Answer, HostFacts, LaneTraffic, RemoteResult, Text } from './ports.ts';
import { questionJob } from './question.ts';
import { Temporaries } from './temporaries.ts';
import { visit, type Way, type World } from './visit.ts';

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

export interface RemoteHostOptions extends BaysOptions, World {
  /** What jobs print on descriptors 1 and 2 goes to one place: keep its order. */
  readonly merge: boolean;
  /**
   * Told of the host's load with the end of each job (`ended`), and now and then while none ends. Without it an idle
   * host is not asked.
   */
  readonly onLoad?: (load: LoadAverages | undefined, ended: boolean) => void;
}

/** How a job runs on a host. */
export interface RunTerms {
  /** What a job that fails wrote comes home all the same, but not its target (B9). */
  readonly keepOutputs: boolean;
  /** Slots of the host that it has: more than one for a command that calls make. */
  readonly slots: number;
}

/** One host at work. */
export class RemoteHost {
  readonly host: Host;
  readonly #options: RemoteHostOptions;
  readonly #bays: Bays;
  readonly #pathBound: PathBound;
  readonly #temporaries = new Temporaries();
  readonly #watch: LoadWatch | undefined;
  #busySeconds = 0;

  constructor(options: RemoteHostOptions) {
    this.host = options.host;
    this.#options = options;
    this.#bays = new Bays(options);
    this.#pathBound = new PathBound(options.stage.root);
    this.#watch = options.onLoad && new LoadWatch(() => void this.#askLoad());
  }

  /** Its staging directory there, for people. */
  get staging(): string {
    return decode(this.#options.staging);
  }

  /** How long jobs ran there, added up. */
  get busySeconds(): number {
    return this.#busySeconds;
  }

  /** How much of the workspace is on its way there, or has arrived. */
  get sent(): { readonly files: number; readonly bytes: number } {
    return this.#bays.sent;
  }

  /** Bytes to the host and back, so far. */
  get traffic(): LaneTraffic {
    return this.#bays.traffic;
  }

  /** What it says of itself; undefined until it has been reached. */
  get facts(): HostFacts | undefined {
    return this.#bays.facts;
  }

  /** Connects, makes the staging directory and sends the whole workspace. Rejects with a reason for people. */
  async start(): Promise<FirstStaging> {
    const begin = performance.now();
    const { sandbox, facts } = await this.#bays.first();
    this.#watch?.heard(facts.load);
    const { sent, compressed } = this.#bays;
    return { sandbox, seconds: (performance.now() - begin) / 1000, ...sent, compressed };
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
    { keepOutputs, slots }: RunTerms,
    signal: AbortSignal,
    told: Partial<Pick<Way, 'onStart' | 'onEnd'>> = {},
  ): Promise<RemoteResult | undefined> {
    const { merge } = this.#options;
    const begin = performance.now();
    try {
      const result = await this.#visit(
        job,
        {
          counts: true,
          keepOutputs,
          merge,
          slots,
          temporary: this.#temporaries.of(job.recipe.id),
          onStart: told.onStart ?? (() => undefined),
          onEnd: told.onEnd ?? (() => undefined),
          onLoad: (load) => this.#heard(load, true),
        },
        signal,
      );
      if (!result) return undefined;
      const { seconds, homecoming } = result;
      this.#temporaries.ran(job.recipe.id, homecoming.kind !== 'conflict');
      this.#busySeconds += seconds;
      if (homecoming.kind === 'refused' && homecoming.foreign === true) this.#pathBound.learn(job.command);
      return result;
    } catch (error) {
      // What it had run until then nobody tells.
      this.#busySeconds += (performance.now() - begin) / 1000;
      return {
        outcome: { kind: 'host-lost', reason: error instanceof Error ? error.message : String(error) },
        seconds: 0,
        output: [],
        homecoming: { kind: 'home' },
        missed: [],
        traffic: { sent: 0, received: 0, files: 0 },
      };
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
    const way: Way = {
      counts: false,
      keepOutputs: false,
      merge: false,
      slots: 1,
      temporary: 0,
      onStart: () => undefined,
      onEnd: () => undefined,
      onLoad: (load) => this.#heard(load, false),
    };
    while (!signal.aborted) {
      const result = await this.#visit(job, way, signal);
      if (result) {
        const { outcome, output } = result;
        return { outcome, stdout: joined(output, 1), stderr: joined(output, 2) };
      }
      await setTimeout(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
    return { outcome: { kind: 'cancelled' }, stdout: '', stderr: '' };
  }

  /** Ends its lanes and whatever runs on them, not the connection. */
  close(): void {
    this.#close('its connection was closed');
  }

  #close(reason: string): void {
    this.#watch?.close();
    this.#bays.close(reason);
  }

  /** Runs a job on some lane. What a lane that broke off has left in a tree is unknown: the host is given up as a whole. */
  async #visit(job: Job, way: Way, signal: AbortSignal): Promise<RemoteResult | undefined> {
    try {
      const bay = await this.#bays.enter();
      const result = await visit(bay, job, way, this.#options, signal);
      this.#bays.leave(bay);
      return result;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #heard(load: LoadAverages | undefined, ended: boolean): void {
    this.#options.onLoad?.(load, ended);
    this.#watch?.heard(load);
  }

  async #askLoad(): Promise<void> {
    const bay = this.#bays.takeIdle();
    if (!bay) {
      this.#watch?.later();
      return;
    }
    try {
      const load = await bay.lane.load();
      this.#bays.leave(bay);
      this.#heard(load, false);
    } catch (error) {
      // The next job finds it out.
      this.#close(error instanceof Error ? error.message : String(error));
    }
  }
}

function joined(output: readonly Text[], descriptor: 1 | 2): Bytes {
  return output.map((text) => (text.descriptor === descriptor ? text.data.toString('latin1') : '')).join('');
}
