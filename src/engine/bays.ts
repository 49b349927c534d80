import type { Host } from '../model/host.ts';
import type { Sandbox } from '../model/sandbox.ts';
import type { Bytes } from '../util/bytes.ts';
import { deferred, type Deferred } from '../util/deferred.ts';
import { LeftOut } from './left-out.ts';
import type { HostFacts, Lane, LaneOpener, LaneTraffic, Stage, StagedTree } from './ports.ts';

/** A lane and the tree in which its jobs run. */
export interface Bay {
  readonly lane: Lane;
  readonly tree: StagedTree;
}

export interface BaysOptions {
  readonly host: Host;
  readonly opener: LaneOpener;
  readonly stage: Stage;
  /** Staging directory on the host. */
  readonly staging: Bytes;
  readonly setup: string;
  readonly sandbox: Sandbox;
  /** Jobs see parts of the tree alone. */
  readonly partial: boolean;
  /** LaneSetup.token */
  readonly token: Bytes | undefined;
  /** LaneSetup.patience */
  readonly patience: number;
  /** Told once when a lane breaks off by itself, whoever uses it: all are closed then. */
  readonly onLost: (reason: string) => void;
}

/**
 * The lanes to one host: one for each job that runs at one time, opened when it is first needed, and the staged tree that
 * they share (with overlays) or have each for itself.
 */
export class Bays {
  readonly #options: BaysOptions;
  readonly #all = new Set<Bay>();
  readonly #idle: Bay[] = [];
  /** Taken for a moment, not for a job: they are as good as idle. */
  readonly #lent = new Set<Bay>();
  readonly #waiting: Deferred<Bay>[] = [];
  #shared: StagedTree | undefined;
  #lanes = 0;
  /** Why there are no more. */
  #closed: string | undefined;
  /** The host has refused to open one more lane. */
  #crowded = false;
  #facts: HostFacts | undefined;
  /** Of the workspace, in the first staging. */
  readonly #sent = { files: 0, bytes: 0 };
  #compressed: number | undefined;
  /** Of lanes that are closed. */
  #gone: LaneTraffic = { sent: 0, received: 0 };

  constructor(options: BaysOptions) {
    this.#options = options;
  }

  /** Bytes to the host and back, of all lanes so far. */
  get traffic(): LaneTraffic {
    const traffics = [this.#gone, ...[...this.#all].map(({ lane }) => lane.traffic)];
    return {
      sent: traffics.reduce((sum, one) => sum + one.sent, 0),
      received: traffics.reduce((sum, one) => sum + one.received, 0),
    };
  }

  /** How much of the workspace is on its way there, or has arrived. */
  get sent(): { readonly files: number; readonly bytes: number } {
    return this.#sent;
  }

  /** Bytes on the way of the first staging, if it was compressed. */
  get compressed(): number | undefined {
    return this.#compressed;
  }

  /** What the host said of itself when its first lane was opened; undefined before. */
  get facts(): HostFacts | undefined {
    return this.#facts;
  }

  /** Whether all lanes work in one tree. */
  get isShared(): boolean {
    return this.#shared !== undefined;
  }

  /** Opens the first lane and sends the whole workspace. */
  async first(): Promise<Lane> {
    const bay = await this.#open(this.#sent);
    this.#facts = bay.lane.facts;
    this.#idle.push(bay);
    return bay.lane;
  }

  /**
   * A lane for a job: one that is idle, or is so in a moment, or a new one, or, where the server takes no further session,
   * the next to be idle.
   */
  async enter(): Promise<Bay> {
    this.checkOpen();
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (!this.#crowded && this.#lent.size <= this.#waiting.length) {
      try {
        return await this.#open({ files: 0, bytes: 0 });
      } catch (error) {
        if (this.#closed !== undefined || this.#all.size === 0) throw error;
        this.#crowded = true;
      }
    }
    const waiting = deferred<Bay>();
    this.#waiting.push(waiting);
    const free = this.#idle.pop();
    if (free) this.leave(free);
    return waiting.promise;
  }

  /** A lane that nobody needs now, if there is one, for a moment; it goes back by {@link leave} too. */
  takeIdle(): Bay | undefined {
    const bay = this.#idle.pop();
    if (bay) this.#lent.add(bay);
    return bay;
  }

  leave(bay: Bay): void {
    this.#lent.delete(bay);
    const next = this.#waiting.shift();
    if (next) next.resolve(bay);
    else if (this.#all.has(bay)) this.#idle.push(bay);
  }

  /**
   * Ends the lanes and whatever runs on them, not the connection.
   *
   * @param reason what who comes later is told
   */
  close(reason: string): void {
    this.#closed ??= reason;
    this.#gone = this.traffic;
    for (const { lane } of this.#all) lane.close();
    this.#all.clear();
    this.#idle.length = 0;
    this.#lent.clear();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(this.#closed));
  }

  /** A lane has broken off, or failed at a job: what it has left in a tree is unknown, and the host is given up as a whole. */
  lose(reason: string): void {
    if (this.#closed !== undefined) return;
    this.close(reason);
    this.#options.onLost(reason);
  }

  /** @throws Error with the reason when there are no lanes any more */
  checkOpen(): void {
    if (this.#closed !== undefined) throw new Error(this.#closed);
  }

  async #open(count: { files: number; bytes: number }): Promise<Bay> {
    const { host, opener, stage, staging, setup, sandbox, partial, token, patience } = this.#options;
    const number = ++this.#lanes;
    const workspace = stage.root;
    this.checkOpen();
    const lane = await opener.open({
      staging,
      workspace,
      number,
      create: number === 1,
      sandbox,
      partial,
      token,
      setup,
      startup: number === 1 ? host.startup : '',
      ownersFile: host.needsOwnersFile ? 'required' : 'optional',
      patience,
    });
    try {
      this.checkOpen();
      const differs = number > 1 && (lane.sandbox !== 'tree') !== this.isShared;
      if (differs) throw new Error('its lanes differ in what they allow');
      if (partial && lane.sandbox === 'tree')
        throw new LeftOut('it forbids private mounts, without which a job cannot be shown its prerequisites alone');
    } catch (error) {
      lane.close();
      throw error;
    }
    const tree = this.#shared ?? stage.tree();
    const bay = { lane, tree };
    this.#all.add(bay);
    void lane.gone.then((reason) => this.lose(reason));
    if (tree === this.#shared) return bay;
    const onFile = (size: number): void => {
      count.files++;
      count.bytes += size;
    };
    try {
      const { sent, compressed } = await lane.sync(await tree.everything(onFile));
      if (compressed) this.#compressed ??= sent;
    } catch (error) {
      this.#all.delete(bay);
      lane.close();
      throw error;
    }
    if (lane.sandbox !== 'tree') this.#shared = tree;
    return bay;
  }
}
