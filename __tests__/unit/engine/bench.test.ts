import { beforeEach, expect, test } from '@jest/globals';
import { Bench, type Trial } from '../../../src/engine/bench.ts';
import { hostOf } from './rig.ts';
import { TestClock } from './test-clock.ts';

const HOST = hostOf('a');

let clock: TestClock;
let answer: Trial;
let trials: number[];
let bench: Bench;
beforeEach(() => {
  clock = new TestClock();
  answer = 'not yet';
  trials = [];
  bench = new Bench(clock, () => {
    trials.push(clock.now() / 1000);
    return Promise.resolve(answer);
  });
});

test('a host is tried a second later, then after twice the time, at least once in a minute', async () => {
  bench.put(HOST);
  await clock.pass(250_000);
  expect(trials).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243]);
});

test('one that is back is left alone; lost again soon, it goes on where it was, later it begins anew', async () => {
  bench.put(HOST);
  await clock.pass(3500);
  answer = 'back';
  await clock.pass(30_000);
  expect(trials).toEqual([1, 3, 7]);
  trials.length = 0;
  bench.put(HOST);
  await clock.pass(10_000);
  expect(trials).toEqual([41.5]);
  await clock.pass(80_000);
  trials.length = 0;
  bench.put(HOST);
  await clock.pass(2000);
  expect(trials).toEqual([124.5]);
});

test('one that is left out, or a bench that is closed, tries nothing any more', async () => {
  answer = 'left out';
  bench.put(HOST);
  await clock.pass(100_000);
  expect(trials).toEqual([1]);
  answer = 'not yet';
  bench.put(HOST);
  bench.close();
  bench.put(HOST);
  await clock.pass(100_000);
  expect(trials).toEqual([1]);
});

test('one that takes long to come up, and is lost again at once, is tried less and less often', async () => {
  const slow = new Bench(clock, async () => {
    trials.push(clock.now() / 1000);
    await clock.pause(70_000);
    void clock.pause(500).then(() => slow.put(HOST));
    return 'back';
  });
  slow.put(HOST);
  await clock.pass(600_000);
  expect(trials).toEqual([1, 73.5, 148, 226.5, 313, 415.5, 546]);
});
