import type { Baggage } from '../engine/environment.ts';
import { Farm } from '../engine/farm.ts';
import type { LocalHost } from '../engine/local-host.ts';
import type { Stage } from '../engine/ports.ts';
import { RemoteHost } from '../engine/remote-host.ts';
import { GATHERING_MS, Scheduler, type Limits } from '../engine/scheduler.ts';
import type { SubMakeArguments } from '../engine/sub-make.ts';
import type { EventSink } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import { encode, type Bytes } from '../util/bytes.ts';
import type { BuildOptions } from './build-options.ts';
import { Sweeper } from './clean/sweeper.ts';
import { hostSetup } from './host-setup.ts';
import { leftBehind } from './left-behind.ts';
import { LocalHosts, runnerLoad } from './local-hosts.ts';
import { SshLanes } from './ssh-lanes.ts';
import { stagingDirectory } from './staging-name.ts';
import { toolCheck } from './toolchain.ts';

/** The runner kills what it has told to stop 10 s after that: by then the rest of the run must have its end too. */
const STOPPED_MS = 6000;

type FleetOptions = Pick<
  BuildOptions,
  'settings' | 'plan' | 'login' | 'make' | 'piped' | 'staging' | 'onHostUsed' | 'cleanUp' | 'sink'
> & {
  readonly limits: Limits;
  readonly stage: Stage;
  /** LaneSetup.token */
  readonly token: Bytes | undefined;
  readonly baggage: Baggage;
  readonly subMakeArguments: SubMakeArguments;
  readonly environment: readonly Bytes[];
  /** Hosts are asked for their load. */
  readonly hearsLoad: boolean;
};

/** All places of a run besides the runner's own: ssh hosts with their lanes, bare localhost, and who gives them out. */
export class Fleet {
  readonly scheduler: Scheduler;
  readonly remotes: readonly RemoteHost[];
  readonly #openers: readonly SshLanes[];
  readonly #farm: Farm;
  readonly #locals: LocalHosts;
  readonly #sink: EventSink;
  readonly #cleanUp: BuildOptions['cleanUp'];
  readonly #staleAfter: number;
  readonly #sweeper: Sweeper;
  #left: Promise<void> | undefined;

  constructor(options: FleetOptions) {
    const { settings, plan, login, make, piped, staging, onHostUsed, sink } = options;
    const { limits, stage, token, baggage, subMakeArguments, environment, hearsLoad } = options;
    const { hosts } = plan;
    const never = settings.fallback === 'never';
    const sshHosts = hosts.filter((host) => !host.local);
    this.#sink = sink;
    this.#cleanUp = options.cleanUp;
    const { staleAfter } = settings;
    this.#staleAfter = staleAfter;
    this.#sweeper = new Sweeper({ staleAfter, sink });
    this.#openers = login
      ? sshHosts.map((host) => new SshLanes(host, login, (directories) => onHostUsed(host, directories)))
      : [];
    // The runner itself is no place for what may leave when nothing of that may run on it.
    const places = never ? sshHosts : hosts;
    const scheduler = new Scheduler(places, limits, settings.load, (go) => void setTimeout(go, GATHERING_MS));
    this.scheduler = scheduler;
    const remotes: RemoteHost[] = this.#openers.map(
      (opener, at) =>
        new RemoteHost({
          host: opener.host,
          opener,
          stage,
          baggage,
          stagingOf: (generation) => encode(stagingDirectory(staging, opener.host, generation)),
          setup: hostSetup(opener.host, settings.setup),
          sandbox: settings.staging === 'none' ? 'shared' : 'overlay',
          partial: settings.staging === 'declared',
          token,
          patience: opener.host.timeout ?? settings.hostTimeout,
          // bmake -j gives both descriptors of a recipe one pipe.
          merge: piped || make.kind === 'bmake',
          subMakeArguments,
          ...(hearsLoad && { onLoad: (load, ended) => scheduler.report(opener.host, load, ended) }),
          onLost: (reason) => this.#farm.lost(remotes[at] as RemoteHost, reason),
        }),
    );
    this.remotes = remotes;
    const tools = toolCheck(settings, sshHosts, environment);
    const sweep = (host: Host): void => {
      const opener = this.#openers.find((one) => one.host === host);
      if (opener) this.#sweeper.host(host.name, () => opener.sweep({ staleAfter, keep: staging }));
    };
    const heard: EventSink = (event) => {
      sink(event);
      if (event.type === 'host-ready') sweep(event.host);
    };
    this.#farm = new Farm({ hosts: remotes, stage, scheduler, sink: heard, tools, needed: never });
    this.#locals = new LocalHosts({
      hosts: never ? [] : hosts.filter((host) => host.local),
      scheduler,
      sink,
      tools,
      baggage,
      environment,
      root: settings.root,
      processors: limits.processors,
      load: hearsLoad ? runnerLoad : undefined,
    });
  }

  /** Bare localhost, where the matrix lists it. */
  get locals(): readonly LocalHost[] {
    return this.#locals.hosts;
  }

  /** Whether any ssh host has come up. */
  get isReady(): boolean {
    return this.#farm.isReady;
  }

  /** Brings all up. Resolves when it is worth starting make. */
  start(): Promise<void> {
    this.#sweeper.runner();
    return this.#locals.start(this.#farm.start().then(() => this.isReady));
  }

  /** Ends whatever runs there, and what is still being set up. The connections stand. */
  stop(): void {
    this.#sweeper.stop();
    this.#farm.close();
    this.#locals.close();
  }

  /**
   * Ends all connections; only the first call counts. By itself: the run is over. Stopped: the staging directories are removed
   * first, each host's by itself, within {@link STOPPED_MS}.
   */
  leave(how: 'by itself' | 'stopped'): Promise<void> {
    this.#left ??= this.#leave(how);
    return this.#left;
  }

  async #leave(how: 'by itself' | 'stopped'): Promise<void> {
    const stopped = how === 'stopped';
    const limit = stopped ? STOPPED_MS : undefined;
    await Promise.all(
      this.#openers.map(async (opener) => {
        if (stopped || this.#cleanUp === 'always') await this.#clean(opener, limit);
        opener.close();
      }),
    );
  }

  async #clean(opener: SshLanes, limit: number | undefined): Promise<void> {
    for (const { directory, reason } of await opener.clean(limit)) {
      // Else post tries again, and tells.
      if (this.#cleanUp !== 'always') continue;
      const text = leftBehind(opener.host.name, directory, reason, this.#staleAfter);
      this.#sink({ type: 'message', level: 'warning', text });
    }
  }
}
