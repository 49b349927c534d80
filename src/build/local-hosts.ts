import { loadavg, setPriority } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Baggage } from '../engine/environment.ts';
import { GRACE_MS } from '../engine/farm.ts';
import { LocalEnvironment } from '../engine/local-environment.ts';
import { LocalHost, type LocalOwner } from '../engine/local-host.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { ToolCheck } from '../engine/toolchain-check.ts';
import { changeEnvironment, environmentValue } from '../make/environment.ts';
import type { EventSink } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { LoadAverages } from '../model/load.ts';
import { encode, type Bytes } from '../util/bytes.ts';
import { findLocker } from './local-lock.ts';
import { readOwnersFile } from './local-owners-file.ts';
import { LocalPlaces } from './local-places.ts';
import { setUpLocally } from './local-setup.ts';
import { runnerTools } from './toolchain.ts';
import { messageOf } from '../util/message-of.ts';

export interface LocalHostsOptions {
  /** Those of the matrix that are the runner itself. */
  readonly hosts: readonly Host[];
  readonly scheduler: Scheduler;
  readonly sink: EventSink;
  readonly tools: ToolCheck;
  readonly baggage: Baggage;
  /** That of make, as `NAME=value`. */
  readonly environment: readonly Bytes[];
  /** Where make's jobs are at home: the workspace, absolute. */
  readonly root: string;
  /** That the runner has. */
  readonly processors: number;
  /** Its load of the moment, where that counts. */
  readonly load: (() => LoadAverages) | undefined;
}

/** The runner's own load. */
export function runnerLoad(): LoadAverages {
  return loadavg() as [number, number, number];
}

/** The runner where the matrix lists it: heeds its owner and what the matrix says of it before it gets a job there. */
export class LocalHosts {
  readonly hosts: readonly LocalHost[];
  readonly #options: LocalHostsOptions;
  readonly #closing = new AbortController();

  constructor(options: LocalHostsOptions) {
    this.#options = options;
    this.hosts = options.hosts.map((host) => new LocalHost(host));
  }

  /**
   * Resolves when all of them are ready or left out.
   *
   * @param others the start of the other hosts: where some are ready, it is not waited for a slow one for long
   */
  async start(others: Promise<boolean>): Promise<void> {
    const starts = Promise.all(this.hosts.map((local) => this.#bringUp(local)));
    if (await others) await Promise.race([starts, setTimeout(GRACE_MS, undefined, { ref: false })]);
    else await starts;
  }

  /** What is still being set up is killed. */
  close(): void {
    this.#closing.abort();
  }

  async #bringUp(local: LocalHost): Promise<void> {
    const { scheduler, sink, processors, load } = this.#options;
    const { host } = local;
    try {
      const { cap, ...terms } = await this.#terms(host);
      if (this.#closing.signal.aborted) return;
      local.ready(terms);
      scheduler.hostReady(host, { processors, cap, load: load?.() });
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      sink({ type: 'host-lost', host, reason: messageOf(error), benched: false });
      scheduler.hostLost(host);
    }
  }

  /** @throws Error with the reason why it takes no jobs */
  async #terms(host: Host): Promise<{
    readonly owner: LocalOwner | undefined;
    readonly environment: LocalEnvironment;
    readonly cap: number | undefined;
  }> {
    const { tools, baggage, environment, root } = this.#options;
    if (host.chroot !== undefined) {
      throw new Error(
        `left out: localhost is the runner itself, and chroot has no effect there. Write user@localhost to go through sshd`,
      );
    }
    tools.checkArch(host);
    const { owner, cap } = await this.#owner(host);
    const changes = await setUpLocally(host, environment, this.#closing.signal);
    const path = encode(host.path);
    if (changes.length > 0 || path !== '') {
      const changed = changeEnvironment(environment, changes);
      const searched = [path, environmentValue(changed, 'PATH') ?? ''].filter((one) => one !== '').join(':');
      const runner = runnerTools(root, changeEnvironment(changed, [`PATH=${searched}`]));
      await tools.check({ host, ask: (program, signal) => runner.ask(program, signal) });
    }
    return { owner, cap, environment: new LocalEnvironment(baggage, changes, path) };
  }

  /** @throws Error with the reason why it takes no jobs */
  async #owner(host: Host): Promise<{ readonly owner: LocalOwner | undefined; readonly cap: number | undefined }> {
    const said = readOwnersFile(host.needsOwnersFile);
    if (!said) return { owner: undefined, cap: undefined };
    const { cap, niceness, path } = said;
    const lock = findLocker(environmentValue(this.#options.environment, 'PATH') ?? '');
    if (!lock) {
      throw new Error(
        `there is neither perl nor flock on its PATH, without which its owner's limit cannot be kept (max_jobs: ${cap} in ${path})`,
      );
    }
    const places = new LocalPlaces(cap, lock);
    await places.check();
    const slow = (pid: number): void => {
      if (niceness !== undefined) setNiceness(pid, niceness);
    };
    return { owner: { take: () => places.take(), slow }, cap };
  }
}

/** Who may not have a lower one keeps what there is. */
function setNiceness(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // Or the process has ended meanwhile.
  }
}
