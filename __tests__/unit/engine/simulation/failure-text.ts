import { randomScenario } from './random-scenario.ts';
import type { Scenario } from './scenario.ts';
import { shrunk } from './shrink.ts';
import { simulate, type Verdict } from './simulate.ts';

/** What is told of a seed with which something goes wrong: what, the shortest story in which it does, and how to see it again. */
export async function failureText(seed: number, seeds: readonly number[]): Promise<string> {
  const { wrongs } = await simulate(randomScenario(seed));
  const kind = kindOf(wrongs);
  const smallest = await shrunk(
    randomScenario(seed),
    async (smaller) => kindOf((await simulate(smaller)).wrongs) === kind,
  );
  const shortest: Verdict = await simulate(smallest);
  return [
    `With seed ${seed} something goes wrong${seeds.length > 1 ? ` (as with ${seeds.slice(1).join(', ')})` : ''}:`,
    ...wrongs.map((wrong) => `  ${wrong}`),
    '',
    'The shortest story in which that happens:',
    ...sketchOf(smallest),
    '',
    String(shortest.story),
    '',
    ...shortest.wrongs.map((wrong) => `  ${wrong}`),
    '',
    `See it again: DISTMAKE_SEED=${seed} node scripts/jest.mjs unit simulation -t 'whatever breaks'`,
  ].join('\n');
}

/** The oracle that speaks first, and of what. */
function kindOf([first]: readonly string[]): string | undefined {
  return first?.replaceAll(/\d+( ms)?|"[^"]*"|\b[a-h]\b|[a-z]+\d+\.\w+/g, '').replace(/\(.*/, '');
}

function sketchOf({ makefile, hosts, faults, interruptions, welcomes, ...settings }: Scenario): string[] {
  const lines = { settings, hosts, faults, interruptions, welcomes, targets: makefile.targets };
  return Object.entries(lines).flatMap(([name, what]) =>
    Array.isArray(what)
      ? what.map((one) => `  ${name}: ${JSON.stringify(one)}`)
      : [`  ${name}: ${JSON.stringify(what)}`],
  );
}
