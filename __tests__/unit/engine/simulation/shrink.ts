import type { Line, Makefile, Target } from './makefile.ts';
import type { Scenario } from './scenario.ts';

/** So many smaller scenarios are tried, at most. */
const MOST_TRIALS = 1000;

/**
 * A scenario as small as possible that still goes wrong: without whatever target, line, host or fault it goes wrong without.
 *
 * @param goesWrong whether it goes wrong in the same way
 */
export async function shrunk(
  scenario: Scenario,
  goesWrong: (smaller: Scenario) => Promise<boolean>,
): Promise<Scenario> {
  let smallest = scenario;
  let trials = 0;
  for (let found = true; found;) {
    found = false;
    for (const smaller of smallerThan(smallest)) {
      if (++trials > MOST_TRIALS) return smallest;
      if (!(await goesWrong(smaller))) continue;
      smallest = smaller;
      found = true;
      break;
    }
  }
  return smallest;
}

/** With one thing less, the big things first. */
function* smallerThan(scenario: Scenario): Generator<Scenario> {
  const { makefile, faults, interruptions, welcomes, hosts } = scenario;
  for (const smaller of smallerMakefiles(makefile)) yield { ...scenario, makefile: smaller };
  for (const at of interruptions.keys()) yield { ...scenario, interruptions: without(interruptions, at) };
  for (const at of welcomes.keys()) yield { ...scenario, welcomes: without(welcomes, at) };
  for (const at of faults.keys()) yield { ...scenario, faults: without(faults, at) };
  for (const at of hosts.keys()) {
    const others = faults.filter(({ host }) => host !== at);
    const renumbered = others.map((fault) => ({ ...fault, host: fault.host - (fault.host > at ? 1 : 0) }));
    yield { ...scenario, hosts: without(hosts, at), faults: renumbered };
  }
  if (scenario.piped) yield { ...scenario, piped: false };
  if (scenario.policy !== 'jobs') yield { ...scenario, policy: 'jobs' };
  if (scenario.caps.some((cap) => cap !== undefined)) yield { ...scenario, caps: scenario.caps.map(() => undefined) };
}

function* smallerMakefiles({ targets }: Makefile): Generator<Makefile> {
  for (const [at, { name }] of targets.entries()) {
    const others = without(targets, at);
    yield { targets: others.map((one) => ({ ...one, needs: one.needs.filter((need) => need !== name) })) };
  }
  for (const [at, target] of targets.entries())
    for (const smaller of smallerTargets(target)) yield { targets: targets.with(at, smaller) };
}

function* smallerTargets(target: Target): Generator<Target> {
  const { lines, needs } = target;
  if (lines.length > 1) for (const at of lines.keys()) yield { ...target, lines: without(lines, at) };
  for (const at of needs.keys()) yield { ...target, needs: without(needs, at) };
  for (const [at, line] of lines.entries())
    for (const smaller of smallerLines(line)) yield { ...target, lines: lines.with(at, smaller) };
}

function* smallerLines(line: Line): Generator<Line> {
  if (line.sub) for (const sub of smallerMakefiles(line.sub)) yield { ...line, sub };
  if (line.hang) yield { ...line, hang: undefined };
  if (line.ignored) yield { ...line, ignored: false };
  if (line.status !== 0) yield { ...line, status: 0 };
}

function without<T>(list: readonly T[], at: number): readonly T[] {
  return list.toSpliced(at, 1);
}
