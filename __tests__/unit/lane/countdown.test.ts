import { afterEach, expect, jest, test } from '@jest/globals';
import { Countdown } from '../../../src/lane/countdown.ts';

afterEach(() => {
  jest.useRealTimers();
});

test('comes to its end once, no sooner than it should, counted from its last start', () => {
  jest.useFakeTimers();
  let ends = 0;
  const countdown = new Countdown(2, () => void ends++);
  const other = new Countdown(1, () => countdown.stop());
  countdown.start();
  jest.advanceTimersByTime(1900);
  countdown.start();
  jest.advanceTimersByTime(2000);
  expect(ends).toBe(0);
  jest.advanceTimersByTime(500);
  expect([ends, jest.getTimerCount()]).toEqual([1, 0]);
  countdown.start();
  other.start();
  jest.advanceTimersByTime(60_000);
  expect([ends, jest.getTimerCount()]).toEqual([1, 0]);
});

test('does not count time in which this process could do nothing', async () => {
  let ended = false;
  const countdown = new Countdown(0.5, () => (ended = true));
  countdown.start();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  await new Promise(setImmediate);
  expect(ended).toBe(false);
  countdown.stop();
});
