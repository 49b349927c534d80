import type { Baggage } from '../engine/environment.ts';
import { Farm } from '../engine/farm.ts';
import type { LocalHost } from '../engine/local-host.ts';
import type { Stage } from '../engine/ports.ts';
import { RemoteHost } from '../engine/remote-host.ts';
import { GATHERING_MS, Scheduler, type Limits } from '../engine/scheduler.ts';
import type { SubMakeArguments } from '../engine/sub-make.ts';
import type { EventSink } from '../model/event.ts';
import type { Bytes } from '../util/bytes.ts';
import type { BuildOptions } from './build-options.ts';
import { hostSetup } from './host-setup.ts';
import { LocalHosts, runnerLoad } from './local-hosts.ts';
import { SshLanes } from './ssh-lanes.ts';
import { stagingDirectory } from './staging-name.ts';
import { toolCheck } from './toolchain.ts';

type FleetOptions = Pick<
  BuildOptions,
  'settings' | 'plan' | 'login' | 'make' | 'piped' | 'staging' | 'onHostUsed' | 'sink'
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
  readonly #staging: string;
  readonly #sink: EventSink;

  constructor(options: FleetOptions) {
    const { settings, plan, login, make, piped, staging, onHostUsed, sink } = options;
    const { limits, stage, token, baggage, subMakeArguments, environment, hearsLoad } = options;
    const { hosts } = plan;
    const never = settings.fallback === 'never';
    const sshHosts = hosts.filter((host) => !host.local);
    this.#staging = staging;
    this.#sink = sink;
    this.#openers = login ? sshHosts.map((host) => new SshLanes(host, login, () => onHostUsed(host))) : [];
    // The runner itself is no place for what may leave when nothing of that may run on it.
    const places = never ? sshHosts : hosts;
    const scheduler = new Scheduler(places, limits, settings.load, (go) => void setTimeout(go, GATHERING_MS));
    this.scheduler = scheduler;
    this.remotes = this.#openers.map(
      (opener) =>
        new RemoteHost({
          host: opener.host,
          opener,
          stage,
          baggage,
          staging: stagingDirectory(staging, opener.host),
          setup: hostSetup(opener.host, settings.setup),
          sandbox: settings.staging === 'none' ? 'shared' : 'overlay',
          partial: settings.staging === 'declared',
          token,
          // bmake -j gives both descriptors of a recipe one pipe.
          merge: piped || make.kind === 'bmake',
          subMakeArguments,
          ...(hearsLoad && { onLoad: (load, ended) => scheduler.report(opener.host, load, ended) }),
        }),
    );
    const tools = toolCheck(settings, sshHosts, environment);
    this.#farm = new Farm(this.remotes, stage, scheduler, sink, tools);
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

  /** ssh hosts that came up. */
  get ready(): number {
    return this.#farm.ready;
  }

  /** Brings all up. Resolves when it is worth starting make. */
  start(): Promise<void> {
    return this.#locals.start(this.#farm.start().then(() => this.ready > 0));
  }

  /** Ends whatever runs there, and what is still being set up. The connections stand. */
  stop(): void {
    this.#farm.close();
    this.#locals.close();
  }

  /** Ends all connections. @param cleanUp the staging directories are removed first */
  async leave(cleanUp: boolean): Promise<void> {
    if (cleanUp) await Promise.all(this.#openers.map((opener) => this.#clean(opener)));
    for (const opener of this.#openers) opener.close();
  }

  async #clean(opener: SshLanes): Promise<void> {
    const { host } = opener;
    const directory = stagingDirectory(this.#staging, host);
    const reason = await opener.clean(directory);
    if (reason === undefined) return;
    const text = `${host.name}: ${directory} could not be removed: ${reason}. Remove it there by hand`;
    this.#sink({ type: 'message', level: 'warning', text });
  }
}
