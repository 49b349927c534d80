import type { LocalOwner, OwnersPlace } from '../../../../src/engine/local-host.ts';
import { HOST_DEFAULTS, type Host } from '../../../../src/model/host.ts';
import type { World } from './world.ts';

/** The owner of the runner, who allows so many jobs at one time. */
export class FakeOwner implements LocalOwner {
  readonly #world: World;
  readonly #cap: number;
  #running = 0;

  constructor(world: World, cap = Infinity) {
    this.#world = world;
    this.#cap = cap;
  }

  async take(): Promise<OwnersPlace | undefined> {
    const { clock, chance } = this.#world;
    await clock.pause(chance.between(0, 2));
    // Somebody else's job, now and then.
    if (this.#running >= this.#cap || (this.#cap !== Infinity && chance.hits(0.1))) return undefined;
    this.#running++;
    let isTaken = true;
    return {
      give: () => {
        if (isTaken) this.#running--;
        isTaken = false;
      },
    };
  }

  slow(): void {
    return;
  }
}

/** The runner as a host of the matrix. */
export function localHost({ slots }: { readonly slots: number }): Host {
  const address = 'localhost';
  return { ...HOST_DEFAULTS, name: address, address, user: undefined, port: 22, slots, local: true, line: 1 };
}
