import { afterEach, expect, jest, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { Bench } from '../../../../src/engine/bench.ts';
import { HostPlace } from '../../../../src/engine/host-place.ts';
import { SecondChance } from '../../../../src/engine/second-chance.ts';
import { TimeLimits } from '../../../../src/engine/time-limits.ts';
import { Verdicts } from '../../../../src/engine/verdicts.ts';
import { FakeStage } from './fake-stage.ts';
import { failureText } from './failure-text.ts';
import { randomScenario } from './random-scenario.ts';
import { simulate } from './simulate.ts';

/** How many seeds, and which alone: then its story is told, well or not. */
const { DISTMAKE_SEEDS: count = '10000', DISTMAKE_SEED: single } = process.env;

/** The event loop goes round between so many runs. */
const BREATH = 100;

/** So many failures tell enough. */
const MOST_FAILURES = 5;

afterEach(() => void jest.restoreAllMocks());

/** @returns the first seeds with which something goes wrong */
async function failuresOf(first: number, seeds: number, most = 1): Promise<{ failures: number[]; report: string }> {
  const failures: number[] = [];
  const before = process.cpuUsage();
  let jobs = 0;
  let virtualMs = 0;
  for (let seed = first; seed < first + seeds && failures.length < most; seed++) {
    const { wrongs, figures } = await simulate(randomScenario(seed));
    if (wrongs.length > 0) failures.push(seed);
    jobs += figures.jobs;
    virtualMs += figures.virtualMs;
    if (seed % BREATH === 0) await setImmediate();
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  const report = `${seeds} runs with ${jobs} jobs, ${(virtualMs / 3.6e6).toFixed(0)} hours of virtual time, in ${seconds.toFixed(1)} s of processor time: ${(seeds / seconds).toFixed(0)} in a second`;
  return { failures, report };
}

test('whatever breaks, the build ends right', async () => {
  const first = Number(single ?? 1);
  const seeds = single === undefined ? Number(count) : 1;
  const { failures, report } = await failuresOf(first, seeds, MOST_FAILURES);
  const [worst] = failures;
  if (worst !== undefined) throw new Error(await failureText(worst, failures));
  if (single !== undefined) console.info(String((await simulate(randomScenario(first))).story));
  console.info(report);
}, 600_000);

test('a seed tells the same story each time', async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const [one, other] = [await simulate(randomScenario(seed)), await simulate(randomScenario(seed))];
    expect(String(one.story)).toBe(String(other.story));
  }
});

/** An engine with a fault of its own, and how it shows. */
test.each<readonly [fault: string, make: () => void, shows: RegExp]>([
  [
    'fails a job whose host was lost',
    () => jest.spyOn(SecondChance.prototype, 'after').mockReturnValue(undefined),
    /answersAreTrue: .* fails without a reason/,
  ],
  ['does not give slots back', () => jest.spyOn(HostPlace.prototype, 'end').mockReturnValue(), /it hangs/],
  [
    'gives more slots than there are',
    () =>
      jest.spyOn(HostPlace.prototype, 'isFree', 'get').mockImplementation(function (this: HostPlace) {
        return this.state === 'ready';
      }),
    /has \d+ slots in use/,
  ],
  ['never ends what hangs', () => jest.spyOn(TimeLimits.prototype, 'start').mockReturnValue(), /it hangs/],
  [
    'does not look at what recipes on the runner write',
    () => jest.spyOn(FakeStage.prototype, 'look').mockResolvedValue(),
    /has not read what it should|nobody has told the stage/,
  ],
  [
    'starts what it should hold back after a failure',
    () => jest.spyOn(Verdicts.prototype, 'await').mockReturnValue(),
    /failuresStop: .* begins though its make has failed/,
  ],
  [
    'does not wait for a host that may come back',
    () =>
      jest.spyOn(HostPlace.prototype, 'isHopeful', 'get').mockImplementation(function (this: HostPlace) {
        return this.state === 'ready' || this.state === 'coming';
      }),
    /answersAreTrue: .* fails without a reason/,
  ],
  [
    'never tries a host again',
    () => jest.spyOn(Bench.prototype, 'put').mockReturnValue(),
    /benchedHostsAreTried: . is not tried again/,
  ],
  [
    'lets a job bring down one host after the other',
    () => {
      const after = Object.getOwnPropertyDescriptor(SecondChance.prototype, 'after')?.value as SecondChance['after'];
      jest.spyOn(SecondChance.prototype, 'after').mockImplementation(function (this: SecondChance, result, host) {
        const chance = after.call(this, result, host);
        return typeof chance === 'object' && chance.onRunner === 'hosts-failed' ? 'again' : chance;
      });
    },
    /secondRunsAreElsewhere: .* hosts were lost with it/,
  ],
  [
    'runs a job again where it took too long',
    () => jest.spyOn(SecondChance.prototype, 'avoided', 'get').mockReturnValue('nowhere'),
    /secondRunsAreElsewhere: .* where it took too long/,
  ],
])('an engine that %s is found out', async (_, make, shows) => {
  make();
  const { failures } = await failuresOf(1, 500);
  expect(failures).toHaveLength(1);
  const { wrongs } = await simulate(randomScenario(failures[0] as number));
  expect(wrongs.join('\n')).toMatch(shows);
});
