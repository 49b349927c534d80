import { describe, expect, test } from '@jest/globals';
import type { TimedEvent } from '../../../fixtures/report/generated-run.ts';
import { generatedRun, recordOf } from '../../../fixtures/report/generated-run.ts';
import { at, here, inOrder, start, there } from '../../../fixtures/report/summary-runs.ts';
import { build1, ended, exited, host, job, recipe } from '../../../fixtures/report/runs.ts';
import { longestChain } from '../../../../src/report/summary/longest-chain.ts';
import { runnerAlone } from '../../../../src/report/summary/runner-alone.ts';

const line = (id: number, of = id): ReturnType<typeof job> => job(id, recipe(of, `t${of}`));
const sub = (id: number): ReturnType<typeof job> => job(id, { ...recipe(id, `t${id}`), make: 101 });

/** Seconds of the longest chain, with so many places for jobs. */
function chain(capacity: number, ...parts: readonly (readonly TimedEvent[])[]): number {
  const { jobs } = recordOf(inOrder(at(0, start), ...parts));
  return longestChain(jobs, capacity, (one) => (one.legs[0]?.waits === undefined ? (one.legs[0]?.seconds ?? 0) : 0.5));
}

describe('the longest chain', () => {
  test('one that was asked for when another had ended, while much was free', () => {
    expect(chain(8, here(line(1), 'hosts-full', 1, 2), here(line(2), 'hosts-full', 3, 4))).toBe(6);
  });

  test('of such that ran at one time the one that ended last', () => {
    const [long, short] = [here(line(1), 'hosts-full', 1, 5), here(line(2), 'hosts-full', 1, 2)];
    expect(chain(8, long, short, here(line(3), 'hosts-full', 6, 1))).toBe(6);
  });

  test('make asks for the next since it had no slot before: no chain', () => {
    expect(
      chain(1, here(line(1), 'hosts-full', 1, 2), here(line(2), 'hosts-full', 1, 3), here(line(3), 'hosts-full', 3, 1)),
    ).toBe(3);
  });

  test('the lines of a recipe, however busy all was', () => {
    expect(chain(0, here(line(1, 9), 'hosts-full', 1, 2), here(line(2, 9), 'hosts-full', 3, 4))).toBe(6);
  });

  test('a call of make, what came before it, and what is in it', () => {
    const call = line(2);
    const called = [
      ...at(
        3,
        { type: 'job-queued', job: call },
        { type: 'job-placed', job: call, place: undefined, reason: 'calls-make', slots: 1 },
      ),
    ];
    const waits = at(3.5, { type: 'job-waits', job: call });
    const parts = [
      here(line(1), 'hosts-full', 1, 2),
      called,
      waits,
      here(sub(3), 'hosts-full', 3.6, 1),
      here(sub(4), 'hosts-full', 4.6, 2),
    ];
    const after = [at(7, ended(call, undefined, exited(0), 4)), here(line(5), 'hosts-full', 7, 3)];
    expect(chain(8, ...parts, ...after)).toBe(2 + 0.5 + 1 + 2 + 3);
  });

  test('a job that took no time', () => {
    expect(chain(8, here(line(1), 'hosts-full', 1, 0), here(line(2), 'hosts-full', 1, 2))).toBe(2);
  });

  test.each([10, 64, 1000])('is no longer than a run of %d jobs', (jobs) => {
    const record = recordOf(generatedRun({ jobs }));
    const alone = runnerAlone(record)!;
    expect(alone.chain).toBeGreaterThan(0);
    expect(alone.chain).toBeLessThanOrEqual(record.seconds);
  });
});

describe('the time on the runner alone', () => {
  test('is the work over its processors', () => {
    const wide = [1, 2, 3, 4].map((id) => there(line(id), build1, 1, 3));
    expect(runnerAlone(recordOf(inOrder(at(0, start), ...wide)))).toMatchObject({
      seconds: 6,
      work: 12,
      processors: 2,
      chain: 3,
    });
  });

  test('is no less than the longest job', () => {
    expect(runnerAlone(recordOf(inOrder(at(0, start), there(line(1), build1, 1, 3))))).toMatchObject({
      seconds: 3,
      work: 3,
    });
  });

  test('counts a job once that ran twice, and a make for all slots that it had', () => {
    const again = [
      ...there(line(1), build1, 1, 1, 1),
      ...at(2.2, { type: 'job-placed', job: line(1), place: build1, reason: 'least-loaded', slots: 3 } as const),
    ];
    const end = at(6, ended(line(1), build1, exited(0), 2));
    expect(runnerAlone(recordOf(inOrder(at(0, start), again, end)))).toMatchObject({ work: 6 });
  });

  test('is nothing to tell where nothing left', () => {
    const bare = { ...host('localhost'), local: true };
    expect(
      runnerAlone(recordOf(inOrder(at(0, start), here(line(1), 'not-whitelisted', 1, 3), there(line(2), bare, 1, 3)))),
    ).toBeUndefined();
    expect(runnerAlone(recordOf([]))).toBeUndefined();
  });
});
