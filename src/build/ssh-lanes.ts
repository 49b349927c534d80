import { readFileSync } from 'node:fs';
import { LeftOut } from '../engine/left-out.ts';
import type { Lane, LaneOpener, LaneSetup } from '../engine/ports.ts';
import { LANE_COMMAND } from '../lane/bootstrap.ts';
import { NoPerl } from '../lane/greeting.ts';
import { PerlLane } from '../lane/perl-lane.ts';
import { perlProgram } from '../lane/perl-program.ts';
import { ShLane } from '../lane/sh-lane.ts';
import type { Host } from '../model/host.ts';
import { channelsTo, type HostChannel, type HostChannels } from '../ssh/channels.ts';
import { chrootProblem } from '../ssh/chroot.ts';
import type { Login } from '../ssh/login.ts';
import { assetPath } from '../util/asset.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { deferred } from '../util/deferred.ts';
import { sweepHost, type SweepOptions } from './clean/sweep-host.ts';
import type { Sweep } from './clean/swept.ts';
import { cleanHost } from './clean-host.ts';

/** How long a lane that is about to come up is waited for when the run is over. */
const MOMENT_MS = 1000;

/** Lanes to one host over its channels. */
export class SshLanes implements LaneOpener {
  readonly host: Host;
  readonly #channels: HostChannels;
  readonly #onChange: (directories: readonly string[]) => void;
  /** Staging directories that may be there. Without a lane that was begun nothing can be left on the host. */
  readonly #directories = new Set<string>();
  /** Lanes that are about to come up: until they have, they may make the directory. */
  readonly #begun = new Map<Promise<unknown>, { readonly channel: HostChannel; readonly directory: string }>();
  #closed = false;
  /** The lane in perl is the faster one, and the only one with an overlay. */
  #withoutPerl = false;

  /** @param onChange told which staging directories may be there, before one can be made and when one is gone */
  constructor(host: Host, login: Login, onChange: (directories: readonly string[]) => void) {
    this.host = host;
    this.#onChange = onChange;
    this.#channels = channelsTo(host, login);
  }

  async open(setup: LaneSetup): Promise<Lane> {
    try {
      return await this.#open(setup);
    } catch (error) {
      const { chroot } = this.host;
      const problem = chroot === undefined ? undefined : chrootProblem((error as Error).message, chroot);
      if (problem === undefined) throw error;
      // Nothing has been made there, and who would remove it would fail in the same way.
      if (setup.create) this.#forget(decode(setup.staging));
      throw new LeftOut(problem, { cause: error });
    }
  }

  async discard(staging: Bytes): Promise<string | undefined> {
    // A server that still holds a connection may not be able to do anything new on it.
    this.#channels.close();
    const directory = decode(staging);
    if (!this.#directories.has(directory)) return undefined;
    const reason = await cleanHost(this.#channels, directory);
    if (reason === undefined) this.#forget(directory);
    return reason;
  }

  /**
   * Removes all staging directories, over the connections that stand or a new one. There are no lanes from here on.
   *
   * @param limit ms that it may take; default: as long as the host's own limits allow
   * @returns those that it could not remove, and why
   */
  async clean(limit?: number): Promise<readonly { readonly directory: string; readonly reason: string }[]> {
    this.#closed = true;
    const late = deferred<string>();
    const timer =
      limit === undefined
        ? undefined
        : setTimeout(() => late.resolve(`it was not done within ${limit / 1000} s`), limit);
    const unsure = await this.#endBegun();
    const directories = [...this.#directories];
    const reasons = await Promise.all(
      directories.map((directory) => Promise.race([cleanHost(this.#channels, directory, limit), late.promise])),
    );
    clearTimeout(timer);
    return directories.flatMap((directory, at) => {
      const reason = reasons[at];
      if (reason === undefined && !unsure.has(directory)) this.#forget(directory);
      return reason === undefined ? [] : [{ directory, reason }];
    });
  }

  /**
   * Gives lanes that are about to come up a moment, and ends those that do not (long set-up lines).
   *
   * @returns the directories of these, of which nobody has said whether they were made
   */
  async #endBegun(): Promise<ReadonlySet<string>> {
    if (this.#begun.size === 0) return new Set();
    const moment = deferred<undefined>();
    const timer = setTimeout(() => moment.resolve(undefined), MOMENT_MS);
    await Promise.race([Promise.allSettled(this.#begun.keys()), moment.promise]);
    clearTimeout(timer);
    const left = [...this.#begun.values()];
    for (const { channel } of left) channel.destroy();
    return new Set(left.map(({ directory }) => directory));
  }

  /** Removes what runs that are gone have left there, over the connections that stand. */
  sweep(options: SweepOptions): Promise<Sweep> {
    return sweepHost(this.#channels, options);
  }

  /** Ends all connections. */
  close(): void {
    this.#closed = true;
    this.#channels.close();
  }

  async #open(setup: LaneSetup): Promise<Lane> {
    let { startup } = setup;
    if (!this.#withoutPerl) {
      try {
        const channel = await this.#channel(setup);
        return await this.#begin(channel, setup, PerlLane.open(channel, perlProgram(), setup));
      } catch (error) {
        if (!(error instanceof NoPerl)) throw error;
        this.#withoutPerl = true;
        // It has run by then.
        startup = '';
      }
    }
    const channel = await this.#channel(setup);
    const program = readFileSync(assetPath('lane.sh'), 'utf8');
    return this.#begin(channel, setup, ShLane.open(channel, program, { ...setup, startup }));
  }

  async #begin<L extends Lane>(channel: HostChannel, { staging }: LaneSetup, lane: Promise<L>): Promise<L> {
    this.#begun.set(lane, { channel, directory: decode(staging) });
    try {
      return await lane;
    } finally {
      this.#begun.delete(lane);
    }
  }

  /** Until a lane's program is sent there, nothing happens on the host. */
  async #channel({ create, staging }: LaneSetup): Promise<HostChannel> {
    const channel = await this.#channels.exec(LANE_COMMAND);
    if (this.#closed) {
      channel.destroy();
      throw new Error('it came up when the run was over');
    }
    const directory = decode(staging);
    if (create && !this.#directories.has(directory)) {
      this.#directories.add(directory);
      this.#onChange([...this.#directories]);
    }
    return channel;
  }

  #forget(directory: string): void {
    if (this.#directories.delete(directory)) this.#onChange([...this.#directories]);
  }
}
