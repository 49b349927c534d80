import { describe, expect, test } from '@jest/globals';
import { HostPlace } from '../../../src/engine/host-place.ts';
import type { HostFacts } from '../../../src/engine/ports.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';
import type { LoadPolicy } from '../../../src/model/load.ts';

function placeOf(slots: number | undefined, policy: LoadPolicy = 'jobs'): HostPlace {
  const host: Host = {
    ...HOST_DEFAULTS,
    name: 'a',
    address: 'a',
    user: undefined,
    port: 22,
    slots,
    local: false,
    line: 1,
  };
  return new HostPlace(host, policy);
}

const FACTS: HostFacts = { processors: 6, cap: undefined, load: undefined };

/** Jobs that get in one after another. */
function fill(place: HostPlace): number {
  let count = 0;
  while (place.isFree) {
    place.start(0);
    count++;
  }
  return count;
}

describe('slots', () => {
  test.each<[number | undefined, Partial<HostFacts>, number]>([
    [4, {}, 4],
    [undefined, {}, 6],
    [4, { cap: 3 }, 3],
    [undefined, { cap: 3 }, 3],
    [4, { cap: 8 }, 4],
  ])('%d in the matrix, and %j: %d', (slots, facts, expected) => {
    const place = placeOf(slots);
    expect(place.slots).toBe(slots ?? 1);
    expect(fill(place)).toBe(0);
    place.ready({ ...FACTS, ...facts });
    expect([place.slots, fill(place)]).toEqual([expected, expected]);
  });

  test('what was known before stays', () => {
    const place = placeOf(undefined);
    place.ready(FACTS);
    place.ready(undefined);
    expect(place.slots).toBe(6);
  });
});

describe('a job with several slots', () => {
  test('fills them, and gives them back', () => {
    const place = placeOf(4);
    place.ready(FACTS);
    place.start(1, 3);
    expect([place.free, place.value, place.widest, place.isFree]).toEqual([1, 0.75, 1, true]);
    place.start(2);
    expect([place.free, place.value, place.isFree]).toEqual([0, 1, false]);
    place.end(false, 3);
    expect([place.free, place.widest, place.value]).toEqual([3, 3, 0.25]);
  });

  test('is one job for d1make’s sum (L6); its load is ours', () => {
    const place = placeOf(8, 'reported');
    place.ready({ processors: 1, cap: undefined, load: [0, 0, 0] });
    place.start(1, 4);
    expect(place.value).toBe(4);
    place.report([5, 0, 0], false);
    expect([place.value, place.ofOthers]).toEqual([6, 1]);
    place.report([3, 0, 0], false);
    expect(place.ofOthers).toBe(0);
  });

  test('m1: it has what the load leaves', () => {
    const place = placeOf(8, 'm1');
    place.ready({ processors: 1, cap: undefined, load: [5, 0, 0] });
    expect(place.widest).toBe(3);
    place.start(1, 3);
    place.report([7, 0, 0], false);
    expect([place.free, place.isFree]).toEqual([0, false]);
  });
});

describe('a host that turns jobs away', () => {
  test('gets as many as run there, then one more, then two, four, until it has all', () => {
    const place = placeOf(20);
    place.ready(FACTS);
    fill(place);
    for (let n = 0; n < 18; n++) place.turnedAway();
    for (let n = 0; n < 18; n++) place.end(true);
    expect(place.isFree).toBe(false);
    const got: [boolean, number][] = [];
    for (let n = 0; n < 5; n++) got.push([place.widen(), fill(place)]);
    expect(got).toEqual([
      [true, 1],
      [true, 2],
      [true, 4],
      [true, 8],
      [false, 3],
    ]);
  });

  test('gets one when one has ended', () => {
    const place = placeOf(3);
    place.ready(FACTS);
    fill(place);
    place.turnedAway();
    place.end(true);
    expect(place.isFree).toBe(false);
    place.end(false);
    expect(fill(place)).toBe(1);
  });

  test('is not widened when it is lost', () => {
    const place = placeOf(3);
    place.ready(FACTS);
    place.start(1);
    place.turnedAway();
    place.lose();
    expect(place.widen()).toBe(false);
    expect(place.isFree).toBe(false);
  });
});

describe('load', () => {
  test('m1: it has fewer slots while it is busy, and its share is that of those', () => {
    const place = placeOf(8, 'm1');
    place.ready({ processors: 1, cap: undefined, load: [6.2, 0, 0] });
    expect([place.limit, fill(place), place.value]).toEqual([2, 2, 1]);
    place.report([1.9, 9, 9], false);
    expect([place.limit, fill(place)]).toEqual([8, 6]);
    place.report([100, 0, 0], false);
    for (let n = 0; n < 8; n++) place.end(false);
    expect([place.limit, fill(place)]).toEqual([1, 1]);
  });

  test.each<LoadPolicy>(['jobs', 'm2'])('%s: load changes nothing', (policy) => {
    const place = placeOf(4, policy);
    place.ready({ processors: 1, cap: undefined, load: [9, 9, 9] });
    expect([place.value, fill(place), place.value]).toEqual([0, 4, 1]);
  });

  test('reported: the job that ends with the report is not counted', () => {
    const place = placeOf(4, 'reported');
    place.ready(FACTS);
    place.start(1);
    place.start(2);
    expect(place.value).toBe(8);
    place.report([0.5, 0, 0], true);
    expect(place.value).toBe(1.5);
    place.end(false);
    expect(place.value).toBe(1.5);
    place.report([0.5, 0, 0], false);
    expect(place.value).toBe(1.5);
  });
});

describe('a host that others keep busy', () => {
  const withLoad = (load: number, policy: LoadPolicy, running = 0): HostPlace => {
    const place = placeOf(4, policy);
    place.ready({ processors: 2, cap: undefined, load: undefined });
    for (let i = 0; i < running; i++) place.start(i);
    place.report([load, 0, 0], false);
    return place;
  };

  test.each<[LoadPolicy, number, number, number, boolean]>([
    // Load, our own jobs, load per processor where it is least: whether an idle host with that much goes before it.
    ['auto', 2, 0, 0, true],
    ['auto', 1.9, 0, 0, false],
    ['auto', 5, 3, 0, true],
    ['auto', 3, 0, 1, false],
    ['jobs', 9, 0, 0, false],
  ])('%s: a load of %d with %d jobs of ours, elsewhere %d: comes last %s', (policy, load, jobs, quiet, expected) => {
    const other = withLoad(quiet * 2, policy, 3);
    expect(other.isBetterThan(withLoad(load, policy, jobs), quiet)).toBe(expected);
  });

  test('still gets jobs when the others are full', () => {
    expect(fill(withLoad(50, 'auto'))).toBe(4);
  });
});
