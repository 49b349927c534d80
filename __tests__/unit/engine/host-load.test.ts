import { describe, expect, test } from '@jest/globals';
import { countsLoad, m1Limit, ReportedLoad } from '../../../src/engine/host-load.ts';
import { LOAD_POLICIES } from '../../../src/model/load.ts';

test('who needs reports', () => {
  expect(LOAD_POLICIES.filter(countsLoad)).toEqual(['auto', 'reported', 'm1']);
});

describe('reported', () => {
  test('L6: jobs, the three averages, and four for each job since', () => {
    const load = new ReportedLoad();
    expect(load.value).toBe(0);
    load.report({ jobs: 2, load: [0.5, 1, 2] });
    expect(load.value).toBe(5.5);
    load.started();
    load.started();
    expect(load.value).toBe(13.5);
    load.ended();
    expect(load.value).toBe(9.5);
  });

  test('L7: a fresh report starts over, and an end after it takes nothing below zero', () => {
    const load = new ReportedLoad();
    load.started();
    load.started();
    load.report({ jobs: 2, load: [0, 0, 0] });
    expect(load.value).toBe(2);
    load.ended();
    load.ended();
    expect(load.value).toBe(2);
    load.started();
    expect(load.value).toBe(6);
  });

  test('a host without averages counts with its jobs', () => {
    const load = new ReportedLoad();
    load.report({ jobs: 3, load: undefined });
    expect([load.value, load.lastMinute]).toEqual([3, 0]);
  });
});

test.each([
  [8, 1.9, 1, 8],
  [8, 1.9, 64, 8],
  [8, 2, 1, 6],
  [8, 6.2, 1, 2],
  [8, 9.0, 4, 6],
  [2, 50, 2, 1],
  [8, 3, 4, 8],
])('D13: %d slots at load %d with %d processors: %d', (slots, load, processors, limit) => {
  expect(m1Limit(slots, load, processors)).toBe(limit);
});
