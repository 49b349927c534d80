import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { BackOff } from '../../../src/engine/back-off.ts';
import type { Host } from '../../../src/model/host.ts';
import { hostOf } from './rig.ts';

const [A, B] = [hostOf('a'), hostOf('b')];

let now: number;
/** `host ms` of each time a host was tried again. */
let tries: string[];
let backOff: BackOff;
/** Hosts that turn away whatever they are tried with; there is always more to try with others in `limited`. */
let full: Set<Host>;
let limited: Set<Host>;

beforeEach(() => {
  jest.useFakeTimers();
  [now, tries, full, limited] = [0, [], new Set(), new Set()];
  backOff = new BackOff((host) => {
    tries.push(`${host.name} ${now}`);
    if (full.has(host)) setTimeout(() => backOff.turnedAway(host), 1);
    return limited.has(host);
  });
});

afterEach(() => {
  jest.useRealTimers();
});

function pass(ms: number): void {
  for (const end = now + ms; now < end;) {
    now++;
    jest.advanceTimersByTime(1);
  }
}

test('a burst counts once, and once all is well there is an end to it', () => {
  for (let n = 0; n < 5; n++) backOff.turnedAway(A);
  pass(1000);
  expect(tries).toEqual(['a 50', 'a 100']);
  expect(jest.getTimerCount()).toBe(0);
});

test('it takes twice as long each time, up to a second, also where one try opens all of the host', () => {
  full.add(A);
  backOff.turnedAway(A);
  pass(3700);
  expect(tries).toEqual(['a 50', 'a 151', 'a 352', 'a 753', 'a 1554', 'a 2555', 'a 3556']);
});

test('and half as long once nothing was turned away, until all of the host is open', () => {
  full.add(A);
  limited.add(A);
  backOff.turnedAway(A);
  pass(800);
  full.clear();
  tries = [];
  pass(2000);
  expect(tries.slice(0, 6)).toEqual(['a 1554', 'a 2354', 'a 2754']);
  limited.clear();
  pass(1000);
  expect(tries.at(-1)).toBe('a 2954');
  expect(jest.getTimerCount()).toBe(0);
});

test('each host has its own; close ends them all, also for what comes later', () => {
  full.add(A).add(B);
  backOff.turnedAway(A);
  pass(30);
  backOff.turnedAway(B);
  pass(60);
  expect(tries).toEqual(['a 50', 'b 80']);
  pass(1);
  backOff.close();
  backOff.turnedAway(A);
  expect(jest.getTimerCount()).toBe(0);
});
