import type { Remains } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import type { Story } from '../story.ts';
import type { World } from '../world.ts';

/** All that is known of a run when it is over. */
export interface Past {
  readonly scenario: Scenario;
  readonly world: World;
  readonly story: Story;
  readonly remains: Remains;
}

/** Says what is wrong with a run. */
export type Oracle = (past: Past) => Iterable<string>;
