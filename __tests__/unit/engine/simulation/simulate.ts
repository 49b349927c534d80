import type { Line, Makefile } from './makefile.ts';
import { ORACLES } from './oracles.ts';
import { Run } from './run.ts';
import type { Scenario } from './scenario.ts';
import type { Story } from './story.ts';

export interface Verdict {
  /** What is wrong, the oracle first; none: all is well. */
  readonly wrongs: readonly string[];
  readonly story: Story;
  readonly figures: { readonly jobs: number; readonly virtualMs: number };
}

/** Runs one scenario, and asks all oracles. */
export async function simulate(scenario: Scenario): Promise<Verdict> {
  const run = new Run(scenario);
  const { story, remains } = await run.whole(longest(scenario));
  const past = { scenario, world: run.world, story, remains };
  const wrongs = Object.entries(ORACLES).flatMap(([name, oracle]) =>
    [...oracle(past)].map((text) => `${name}: ${text}`),
  );
  return { wrongs, story, figures: { jobs: story.answers.length, virtualMs: remains.end } };
}

/** In virtual ms: later than that no run ends, whatever strikes it. */
function longest({ makefile, hosts, faults, fallback, patience, jobTimeout, stuck, welcomes }: Scenario): number {
  const slowest = Math.max(10, ...hosts.map(({ slowness }) => slowness));
  const limit = 1000 * Math.max(jobTimeout ?? 0, stuck ?? 0);
  // A run on a host takes a handful of ways there and back; a failure there is followed by a run here, and make's word on it.
  const once = ({ ms }: Line): number => 2 * ms + 20 * slowest + 2 * limit + 10_000;
  const lines = linesOf(makefile).reduce((sum, line) => sum + once(line), 0);
  // Silence is found out, the host is tried again up to once in a minute; where nothing may run here, all wait for it.
  const again = 4 * 1000 * patience + 20 * slowest + 30_000;
  const wait = fallback === 'never' ? 90_000 + 4 * 60_000 : 0;
  return 60_000 + lines + faults.length * (again + wait) + welcomes.length * 30_000;
}

function linesOf({ targets }: Makefile): Line[] {
  return targets.flatMap(({ lines }) => lines.flatMap((line) => [line, ...(line.sub ? linesOf(line.sub) : [])]));
}
