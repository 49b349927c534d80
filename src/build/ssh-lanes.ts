import { readFileSync } from 'node:fs';
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
import { cleanHost } from './clean-host.ts';

/** Lanes to one host over its channels. */
export class SshLanes implements LaneOpener {
  readonly host: Host;
  readonly #channels: HostChannels;
  readonly #onUse: () => void;
  /** A lane was begun: without one nothing can be left on the host. */
  #used = false;
  #closed = false;
  /** The lane in perl is the faster one, and the only one with an overlay. */
  #withoutPerl = false;

  /** @param onUse told before anything can be made on the host, once */
  constructor(host: Host, login: Login, onUse: () => void) {
    this.host = host;
    this.#onUse = onUse;
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
      if (setup.create) this.#used = false;
      throw new Error(problem, { cause: error });
    }
  }

  /**
   * Removes the staging directory, over the connections that stand or a new one. There are no lanes from here on.
   *
   * @returns why it could not
   */
  async clean(staging: string): Promise<string | undefined> {
    this.#closed = true;
    return this.#used ? cleanHost(this.#channels, staging) : undefined;
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
        return await PerlLane.open(await this.#channel(), perlProgram(), setup);
      } catch (error) {
        if (!(error instanceof NoPerl)) throw error;
        this.#withoutPerl = true;
        // It has run by then.
        startup = '';
      }
    }
    return ShLane.open(await this.#channel(), readFileSync(assetPath('lane.sh'), 'utf8'), { ...setup, startup });
  }

  /** Until a lane's program is sent there, nothing happens on the host. */
  async #channel(): Promise<HostChannel> {
    const channel = await this.#channels.exec(LANE_COMMAND);
    if (this.#closed) {
      channel.destroy();
      throw new Error('it came up when the run was over');
    }
    if (!this.#used) this.#onUse();
    this.#used = true;
    return channel;
  }
}
