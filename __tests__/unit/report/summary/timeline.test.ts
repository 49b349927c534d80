import { describe, expect, test } from '@jest/globals';
import { RunRecord } from '../../../../src/report/record/run-record.ts';
import { busyRows } from '../../../../src/report/summary/busy-rows.ts';
import { timeline } from '../../../../src/report/summary/timeline.ts';
import { generatedRun, recordOf } from '../../../fixtures/report/generated-run.ts';
import { passing } from '../../../fixtures/report/summary-runs.ts';

const ROOT = '/home/runner/app';
/** The bars of a timeline: name, state, start and end. */
const BAR = /^(.+) :((?:\w+, )*)(\d+), (\d+)$/gm;

const evil = (target: string): string => `${target}:${'%%{}`|\n'.repeat(400)}`;

describe.each([
  { jobs: 10 },
  { jobs: 64, hosts: 3, slots: 4, fails: true },
  { jobs: 64, hosts: 3, slots: 4, until: 3 },
  { jobs: 1000, hosts: 2, slots: 8 },
  { jobs: 1000, hosts: 40, slots: 1, rename: evil },
  { jobs: 1500, hosts: 120, slots: 64 },
])('$jobs jobs on $hosts hosts', (options) => {
  const shown = timeline(recordOf(generatedRun(options)), ROOT);
  const bars = [...shown.matchAll(BAR)];

  test('is a picture of bounded size', () => {
    expect(shown.length).toBeLessThan(42_000);
    expect(bars.length).toBeGreaterThan(5);
    expect(bars.length).toBeLessThan(600);
    expect(shown.match(/^```/gm)).toHaveLength(2);
  });

  test('has no more rows than are legible, and none that overlap where they are packed', () => {
    const sections = shown.split(/^section /m).slice(1);
    expect(sections.length).toBeLessThanOrEqual(24);
    for (const section of sections) {
      const times = [...section.matchAll(BAR)].map((bar) => [Number(bar[3]), Number(bar[4])] as const);
      const most = Math.max(...times.map(([from]) => times.filter((one) => one[0] <= from && from < one[1]).length));
      expect(most).toBeLessThanOrEqual(24);
      expect(times.every(([from, to]) => from < to)).toBe(true);
    }
  });
});

test('few jobs have a bar and a name each', () => {
  const shown = timeline(recordOf(generatedRun({ jobs: 10 })), ROOT);
  expect(shown).toMatch(/^src\/core\/table\.o \d\.\d s :\d+, \d+$/m);
  expect(shown).not.toContain('displayMode: compact');
});

test('more have a row for each slot, with as much of the name as has room', () => {
  const shown = timeline(recordOf(generatedRun({ jobs: 64, hosts: 3, slots: 4, losesHost: false })), ROOT);
  expect(shown).toContain('displayMode: compact');
  expect(shown).toMatch(/^src\/\w+\/\w+\.o :\d+, \d+$/m);
  expect(shown).toMatch(/^\w+\.o :\d+, \d+$/m);
  expect(shown).toMatch(/^\u200b :\d+, \d+$/m);
});

test('neighbours that are short are one bar with their number', () => {
  const shown = timeline(recordOf(generatedRun({ jobs: 1000, hosts: 2, slots: 4 })), ROOT);
  expect(shown).toMatch(/^\d+ :\d+, \d+$/m);
  expect(shown).toContain('A bar with a number stands for so many jobs in a row.');
});

test('with many slots it says how busy the hosts were', () => {
  const shown = timeline(recordOf(generatedRun({ jobs: 1500, hosts: 30, slots: 8 })), ROOT);
  expect(shown).toMatch(/^[1-9]\d+ :\d+, \d+$/m);
  expect(shown).toContain('in per cent');
});

test('of more than 24 hosts those that did least share a row', () => {
  const [place] = recordOf(passing).places;
  const places = Array.from({ length: 30 }, (_, at) => ({ ...place!, name: `h${at}`, slots: 1, ready: 0 }));
  const legs = places.flatMap(({ name }, at) =>
    Array.from({ length: at < 7 ? 1 : 2 }, (_, part) => ({
      text: '',
      kind: 'usual' as const,
      place: name,
      slot: 1,
      slots: 1,
      from: part * 5,
      to: part * 5 + 5,
    })),
  );
  const rows = busyRows(legs, places, 10);
  expect(rows.map(({ name }) => name)).toEqual([...places.slice(7).map(({ name }) => name), '7 more hosts']);
  expect(rows.at(-1)?.bars).toHaveLength(10);
  expect(rows.at(-1)?.bars[0]?.text).toBe('100');
});

test('a host is as busy as its slots are in use, in each part of the run', () => {
  const place = { ...recordOf(passing).places[0]!, slots: 4, ready: 0 };
  const leg = { text: '', kind: 'usual', place: place.name, slot: 1, slots: 1 } as const;
  const legs = [
    { ...leg, from: 0, to: 10 },
    { ...leg, slot: 2, from: 0, to: 1.25 },
    { ...leg, slot: 3, slots: 2, from: 9.5, to: 10 },
  ];
  const [row] = busyRows(legs, [place], 10);
  const shares = row?.bars.map(({ text, kind }) => `${text} ${kind}`);
  expect(shares).toEqual(['50 usual', '50 usual', '38 missed', ...Array<string>(16).fill('25 missed'), '75 usual']);
});

test('nothing ran, nothing is drawn', () => {
  expect(timeline(new RunRecord(() => 3), ROOT)).toBe('');
  expect(timeline(recordOf(passing.slice(0, 2)), ROOT)).toBe('');
});
