import { beforeEach, expect, test } from '@jest/globals';
import { TimeLimits, type Limits } from '../../../src/engine/time-limits.ts';
import { TestClock } from './test-clock.ts';

let clock: TestClock;
let killed: number[];
beforeEach(() => {
  clock = new TestClock();
  killed = [];
});

function limit(limits: Limits): TimeLimits {
  const one = new TimeLimits(clock, limits, () => killed.push(clock.now() / 1000));
  one.start();
  return one;
}

test('a job is killed when its time is over, however much it says', async () => {
  const limits = limit({ time: 10, silence: 4 });
  for (let n = 0; n < 6; n++) {
    await clock.pass(2000);
    limits.heard();
  }
  expect(killed).toEqual([10]);
  expect(limits.reached).toEqual({ kind: 'timed-out', limit: 'time', seconds: 10 });
});

test('a job is stuck that says nothing for so long (E20), counted from its last word', async () => {
  const limits = limit({ time: undefined, silence: 4 });
  await clock.pass(3000);
  limits.heard();
  await clock.pass(3900);
  expect(killed).toEqual([]);
  await clock.pass(5000);
  expect(killed).toEqual([7]);
  expect(limits.reached).toEqual({ kind: 'timed-out', limit: 'silence', seconds: 4 });
});

test('one that has ended, or has no limits, is left alone', async () => {
  limit({ time: 5, silence: 5 }).end();
  const without = limit({ time: undefined, silence: undefined });
  without.heard();
  await clock.pass(1e9);
  expect(killed).toEqual([]);
  expect(without.reached).toBeUndefined();
});
