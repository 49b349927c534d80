import type { Host } from '../model/host.ts';
import { targetPath, type Job } from '../model/job.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import type { Sandbox } from '../model/sandbox.ts';
import type { Bytes } from '../util/bytes.ts';
import { deferred, type Deferred } from '../util/deferred.ts';
import type { Baggage } from './environment.ts';
import { PathBound } from './path-bound.ts';
import type { Incoming, Lane, LaneOpener, RemoteResult, Stage, StagedTree, Text } from './ports.ts';

interface Bay {
  readonly lane: Lane;
  readonly tree: StagedTree;
}

/** What it took to bring a host up. */
export interface FirstStaging {
  readonly sandbox: Sandbox;
  readonly seconds: number;
  readonly files: number;
  readonly bytes: number;
  /** Bytes on the way there, if it was compressed. */
  readonly compressed: number | undefined;
}

export interface RemoteHostOptions {
  readonly host: Host;
  readonly opener: LaneOpener;
  readonly stage: Stage;
  readonly baggage: Baggage;
  /** Staging directory on the host. */
  readonly staging: Bytes;
  readonly setup: string;
  readonly sandbox: Sandbox;
  /** Jobs see parts of the tree alone. */
  readonly partial: boolean;
  /** LaneSetup.token */
  readonly token: Bytes | undefined;
  /** What jobs print on descriptors 1 and 2 goes to one place: keep its order. */
  readonly merge: boolean;
}

/**
 * One host at work: a lane for each slot, opened when it is first needed, and the staged tree that they share (with
 * overlays) or have each for itself.
 */
export class RemoteHost {
  readonly host: Host;
  readonly #options: RemoteHostOptions;
  readonly #idle: Bay[] = [];
  readonly #bays = new Set<Bay>();
  readonly #pathBound: PathBound;
  #shared: StagedTree | undefined;
  #lanes = 0;
  #closed = false;
  /** It has refused to open one more lane. */
  #crowded = false;
  readonly #waiting: Deferred<Bay>[] = [];
  #busySeconds = 0;
  /** Of the workspace, in the first staging. */
  readonly #sent = { files: 0, bytes: 0 };
  #compressed: number | undefined;

  constructor(options: RemoteHostOptions) {
    this.host = options.host;
    this.#options = options;
    this.#pathBound = new PathBound(options.stage.root);
  }

  /** How long jobs ran there, added up. */
  get busySeconds(): number {
    return this.#busySeconds;
  }

  /** How much of the workspace is on its way there, or has arrived. */
  get sent(): { readonly files: number; readonly bytes: number } {
    return this.#sent;
  }

  /** Connects, makes the staging directory and sends the whole workspace. Rejects with a reason for people. */
  async start(): Promise<FirstStaging> {
    const begin = performance.now();
    const bay = await this.#open(this.#sent);
    this.#idle.push(bay);
    return {
      sandbox: bay.lane.sandbox,
      seconds: (performance.now() - begin) / 1000,
      ...this.#sent,
      compressed: this.#compressed,
    };
  }

  /** Whether a job can run there at all: without the overlay, absolute paths of the workspace lead nowhere. */
  suits(job: Job): boolean {
    if (this.#shared) return true;
    return !this.#pathBound.has(job.command, this.#options.baggage.of(job.environment).variables);
  }

  /**
   * Runs one job: brings the host's tree up to date, runs, brings home what it wrote. Never rejects for what a host may
   * do: that is the outcome `host-lost`.
   *
   * @param keepOutputs what a job that fails wrote comes home all the same, but not its target (B9)
   */
  async run(job: Job, keepOutputs: boolean, signal: AbortSignal): Promise<RemoteResult> {
    let bay: Bay | undefined;
    try {
      bay = await this.#enter();
      const result = await this.#runIn(bay, job, keepOutputs, signal);
      this.#leave(bay);
      return result;
    } catch (error) {
      // What a lane that broke off has left in a tree is unknown: the host is given up as a whole.
      this.close();
      const reason = error instanceof Error ? error.message : String(error);
      return {
        outcome: { kind: 'host-lost', reason },
        seconds: 0,
        output: [],
        homecoming: { kind: 'home' },
        missed: [],
      };
    }
  }

  /** Ends its lanes and whatever runs on them, not the connection. */
  close(): void {
    this.#closed = true;
    for (const { lane } of this.#bays) lane.close();
    this.#bays.clear();
    this.#idle.length = 0;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('its connection was closed'));
  }

  /** A lane for a job: one that is idle, or a new one, or, where the server takes no further session, the next to be idle. */
  async #enter(): Promise<Bay> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (!this.#crowded) {
      try {
        return await this.#open({ files: 0, bytes: 0 });
      } catch (error) {
        if (this.#closed || this.#bays.size === 0) throw error;
        this.#crowded = true;
      }
    }
    const waiting = deferred<Bay>();
    this.#waiting.push(waiting);
    const free = this.#idle.pop();
    if (free) this.#leave(free);
    return waiting.promise;
  }

  #leave(bay: Bay): void {
    const next = this.#waiting.shift();
    if (next) next.resolve(bay);
    else this.#idle.push(bay);
  }

  async #open(count: { files: number; bytes: number }): Promise<Bay> {
    const { host, opener, stage, staging, setup, sandbox, partial, token } = this.#options;
    const number = ++this.#lanes;
    const workspace = stage.root;
    this.#checkOpen();
    const lane = await opener.open({
      staging,
      workspace,
      number,
      create: number === 1,
      sandbox,
      partial,
      token,
      setup,
      ownersFile: host.needsOwnersFile ? 'required' : 'optional',
    });
    try {
      this.#checkOpen();
      const differs = number > 1 && (lane.sandbox !== 'tree') !== (this.#shared !== undefined);
      if (differs) throw new Error('its lanes differ in what they allow');
      if (partial && lane.sandbox === 'tree')
        throw new Error('it forbids private mounts, without which a job cannot be shown its prerequisites alone');
    } catch (error) {
      lane.close();
      throw error;
    }
    const tree = this.#shared ?? stage.tree();
    const bay = { lane, tree };
    this.#bays.add(bay);
    if (tree === this.#shared) return bay;
    const onFile = (size: number): void => {
      count.files++;
      count.bytes += size;
    };
    try {
      const { sent, compressed } = await lane.sync(await tree.everything(onFile));
      if (compressed) this.#compressed ??= sent;
    } catch (error) {
      this.#bays.delete(bay);
      lane.close();
      throw error;
    }
    if (lane.sandbox !== 'tree') this.#shared = tree;
    return bay;
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error('its connection was closed');
  }

  async #runIn({ lane, tree }: Bay, job: Job, keepOutputs: boolean, signal: AbortSignal): Promise<RemoteResult> {
    const { stage, baggage, merge } = this.#options;
    const staged = await tree.missing(job);
    const output: Text[] = [];
    let outcome = { kind: 'cancelled' } as Outcome;
    let seconds = 0;
    let incoming: Incoming | undefined;
    try {
      // Not before: what another lane is bringing into the same tree may be just what this job needs.
      await staged.ready;
      const travelling = baggage.of(job.environment);
      incoming = stage.incoming({
        job,
        version: staged.version,
        visible: staged.visible,
        foreign: lane.sandbox === 'tree' ? lane.treePath : undefined,
      });
      const target = incoming;
      await lane.run(
        {
          entries: staged.entries,
          directory: stage.relative(job.directory) ?? '',
          path: travelling.path,
          argv: job.argv,
          environment: travelling.variables,
          umask: job.umask,
          recipe: job.recipe.id,
          visible: staged.visible,
          merge,
          keep: keepOutputs ? { except: stage.relative(targetPath(job.recipe)) ?? '' } : undefined,
        },
        {
          onApplied: () => staged.applied(),
          onText: (descriptor, data) => output.push({ descriptor, data }),
          onEnd: (result, time) => {
            outcome = result;
            seconds = time;
          },
          onOutput: (entry) => target.add(entry),
        },
        signal,
      );
      this.#busySeconds += seconds;
      const wanted = succeeded(outcome) || (keepOutputs && outcome.kind !== 'cancelled');
      const { visible } = staged;
      const missed = visible && !succeeded(outcome) ? stage.missed(job, visible, output) : [];
      const homecoming = await incoming.commit(tree, wanted);
      if (homecoming.kind === 'refused' && homecoming.foreign === true) this.#pathBound.learn(job.command);
      return { outcome, seconds, output, homecoming, missed };
    } catch (error) {
      staged.failed();
      throw error;
    } finally {
      incoming?.discard();
    }
  }
}
