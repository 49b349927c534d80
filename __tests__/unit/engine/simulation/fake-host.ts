import { LeftOut } from '../../../../src/engine/left-out.ts';
import type { Lane, LaneOpener, LaneSetup } from '../../../../src/engine/ports.ts';
import { HOST_DEFAULTS, type Host } from '../../../../src/model/host.ts';
import type { Bytes } from '../../../../src/util/bytes.ts';
import { FakeLane } from './fake-lane.ts';
import type { Machine } from './machine.ts';
import type { Fault, HostPlan, Scenario, Step } from './scenario.ts';
import type { World } from './world.ts';

/** The way to one host, with all that can go wrong on it. */
export class FakeHost implements LaneOpener {
  readonly host: Host;
  readonly plan: HostPlan;
  readonly machine: Machine;
  readonly world: World;
  /** That were opened, or are being opened, and have not ended. */
  readonly lanes = new Set<FakeLane>();
  readonly #faults: readonly Fault[];
  readonly #counts = new Map<Step, number>();
  /** Until when nobody gets there, and how that shows. */
  #down: { readonly until: number; readonly silent: boolean } = { until: 0, silent: false };
  /** It says that it is of no use; and we have heard that. */
  #isOut = false;
  #isLeftOut = false;

  constructor(world: World, number: number, machine: Machine) {
    const { scenario, clock } = world;
    this.world = world;
    this.plan = scenario.hosts[number] as HostPlan;
    this.machine = machine;
    this.host = hostOf(this.plan, scenario);
    this.#faults = scenario.faults.filter((fault) => fault.host === number);
    for (const fault of this.#faults) if ('at' in fault.when) clock.after(fault.when.at, () => this.#strike(fault));
  }

  /** A time that something takes there, in ms. */
  delay(): number {
    return this.world.chance.between(1, this.plan.slowness);
  }

  get isDown(): boolean {
    return this.world.clock.now() < this.#down.until;
  }

  async open(setup: LaneSetup): Promise<Lane> {
    const { story } = this.world;
    const { sessions } = this.plan;
    if (this.#isLeftOut) story.wrong(`${this.host.name} is tried again after it was left out`);
    if (setup.create) story.turn(this.host.name, 'trial');
    if (this.lanes.size >= sessions) throw new Error('its server takes no further session');
    const lane = new FakeLane(this, setup);
    this.lanes.add(lane);
    try {
      await this.reach('open');
      await lane.connect();
      if (this.#isOut) throw new LeftOut('its host key is not known');
    } catch (error) {
      lane.close();
      // Of a further lane it is just one lane less.
      if (error instanceof LeftOut && setup.create) this.#isLeftOut = true;
      throw error;
    }
    return lane;
  }

  async discard(staging: Bytes): Promise<string | undefined> {
    const { clock, story, scenario } = this.world;
    story.turn(this.host.name, 'trial');
    for (const lane of this.lanes)
      if (lane.staging === staging && lane.isConnected)
        story.wrong(`${staging} is removed under a lane that is in use`);
    try {
      await this.reach('discard');
    } catch (error) {
      return String(error);
    }
    await clock.pause(this.isDown && this.#down.silent ? scenario.patience * 1000 : this.delay());
    if (this.isDown) return 'it cannot be reached';
    this.machine.remove(staging);
    return undefined;
  }

  /** It is begun with from the beginning: nothing may run there any more of what was before. */
  checkSwept(): void {
    for (const directory of this.machine.directories)
      if (directory.startsWith(`/tmp/${this.host.name}.`)) this.world.story.wrong(`${directory} was left behind`);
  }

  /** Why one cannot get there now. */
  get obstacle(): 'refused' | 'silent' | undefined {
    if (!this.isDown) return undefined;
    return this.#down.silent ? 'silent' : 'refused';
  }

  /** Something gets to that step. Rejects if it fails there. */
  reach(step: Step): Promise<void> {
    const nth = (this.#counts.get(step) ?? 0) + 1;
    this.#counts.set(step, nth);
    for (const fault of this.#faults) {
      const { when } = fault;
      if ('at' in when || when.step !== step || when.nth !== nth) continue;
      const error = this.#strike(fault);
      if (error) return Promise.reject(error);
    }
    return Promise.resolve();
  }

  /** @returns what fails by itself, while all else stands */
  #strike({ blow, down, when }: Fault): Error | undefined {
    const { clock, story } = this.world;
    story.note(`FAULT: ${this.host.name}: ${blow}${'at' in when ? '' : ` (${when.step} ${when.nth})`}, for ${down} ms`);
    switch (blow) {
      case 'left out':
        this.#isOut = true;
        return undefined;
      case 'failure':
        return 'at' in when ? undefined : new Error('No space left on device');
      case 'cut':
      case 'silence':
        this.#down = { until: clock.now() + down, silent: blow === 'silence' };
        for (const lane of [...this.lanes]) {
          if (blow === 'cut') lane.cut('the connection was closed by the host');
          else lane.fallSilent();
        }
        return undefined;
    }
  }
}

function hostOf({ name, slots }: HostPlan, { stuck }: Scenario): Host {
  return { ...HOST_DEFAULTS, name, address: name, user: undefined, port: 22, slots, local: false, line: 1, stuck };
}
