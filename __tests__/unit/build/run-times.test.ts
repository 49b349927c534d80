import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { RunTimesFile } from '../../../src/build/run-times-file.ts';
import { RunTimes } from '../../../src/build/run-times.ts';
import type { Job } from '../../../src/model/job.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { RunRecord } from '../../../src/report/record/run-record.ts';
import { build1, ended, exited, job, over, recipe } from '../../fixtures/report/runs.ts';

const DAY = 86_400_000;
const ROOT = '/w/repo';

/** A run in which these recipes took so long on a host, one after another. */
function recordOf(
  recipes: readonly (readonly [directory: string, target: string, ...seconds: number[]])[],
  failed = '',
) {
  let now = 0;
  const record = new RunRecord(() => now);
  let jobs = 0;
  for (const [at, [directory, target, ...lines]] of recipes.entries()) {
    const one = recipe(at, target, directory);
    let failure: { job: Job; outcome: Outcome; place: typeof build1 } | undefined;
    for (const seconds of lines) {
      const line = job(jobs++, one);
      record.handle({ type: 'job-queued', job: line });
      now += 100;
      record.handle({ type: 'job-placed', job: line, place: build1, reason: 'least-loaded', slots: 1 });
      now += seconds;
      const outcome = exited(target === failed ? 1 : 0);
      record.handle(ended(line, build1, outcome, seconds));
      if (target === failed) failure = { job: line, outcome, place: build1 };
    }
    record.handle(over(one, 'remote', failure));
  }
  return record;
}

test('how long a recipe held a slot, all its lines together; what failed is not kept', () => {
  const times = new RunTimes(ROOT);
  times.add(
    recordOf(
      [
        ['/w/repo', 'a', 1, 2],
        ['/w/repo/d', 'a', 5],
        ['/w/other', 'b', 7],
        ['/w/repo', 'bad', 9],
      ],
      'bad',
    ),
    0,
  );
  const all = [
    times.of('/w/repo', 'a'),
    times.of('/w/repo/d', 'a'),
    times.of('/w/other', 'b'),
    times.of('/w/repo', 'bad'),
  ];
  expect(all).toEqual([3, 5, 7, undefined]);
  expect(new RunTimes('/elsewhere/repo', times.data).of('/elsewhere/repo/d', 'a')).toBe(5);
});

test('recipes that only call make, were cancelled, or are open still are not kept', () => {
  const record = new RunRecord(() => 0);
  const [calls, gone, open] = ['calls', 'gone', 'open'].map((target, at) => job(at, recipe(at, target)));
  if (!calls || !gone || !open) throw new Error();
  for (const one of [calls, gone, open]) {
    record.handle({ type: 'job-queued', job: one });
    record.handle({ type: 'job-placed', job: one, place: undefined, reason: 'calls-make', slots: 1 });
  }
  record.handle(ended(calls, undefined, exited(0), 9));
  record.handle(over(calls.recipe, 'recursive'));
  record.handle(ended(gone, undefined, { kind: 'cancelled' }, 9));
  record.handle(over(gone.recipe, 'local'));
  const times = new RunTimes(ROOT);
  times.add(record, 0);
  expect(times.size).toBe(0);
});

test('a later run counts for half, and what ran last is kept longest', () => {
  const times = new RunTimes(ROOT);
  times.add(
    recordOf([
      ['/w/repo', 'a', 4],
      ['/w/repo', 'b', 4],
    ]),
    0,
  );
  times.add(recordOf([['/w/repo', 'a', 8]]), 3 * DAY);
  expect(times.data.recipes).toEqual([
    ['', 'b', 4, 0],
    ['', 'a', 6, 3],
  ]);
});

test('too much is cut: the oldest go', () => {
  const long = 'x'.repeat(1_000_000);
  const recipes = Array.from({ length: 8 }, (_, at) => ['', `${at}${long}`, 1, 0]);
  const kept = new RunTimes(ROOT, { version: 1, recipes }).data.recipes;
  expect(kept.map(([, target]) => target.charAt(0))).toEqual(['4', '5', '6', '7']);
});

test.each([
  undefined,
  null,
  3,
  'x',
  { version: 2, recipes: [['', 'a', 1, 0]] },
  { version: 1, recipes: { a: 1 } },
  { version: 1, recipes: [['', 'a', '1', 0], ['', 'a', -1, 0], ['', 'a', 1], [1, 'a', 1, 0], null] },
])('data that is wrong is none: %j', (data) => {
  expect(new RunTimes(ROOT, data).size).toBe(0);
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-times-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const kept = new RunTimes(ROOT, { version: 1, recipes: [['', 'a', 1, 0]] });
const times = (): string => join(folder, 'distmake/times');

test('what is written is read again, by its own workspace alone; nobody else can do either', async () => {
  const file = new RunTimesFile(ROOT, folder);
  expect((await file.read()).size).toBe(0);
  await file.write(kept);
  expect((await file.read()).data).toEqual(kept.data);
  expect((await new RunTimesFile('/w/other', folder).read()).size).toBe(0);
  const [name = ''] = readdirSync(times());
  expect(
    [folder, 'distmake', 'distmake/times'].map((one) => statSync(join(folder, one === folder ? '' : one)).mode & 0o77),
  ).toEqual([0, 0, 0]);
  expect(statSync(join(times(), name)).mode & 0o777).toBe(0o600);
});

test('a file or a directory that others could write to counts as not there', async () => {
  const file = new RunTimesFile(ROOT, folder);
  await file.write(kept);
  const [name = ''] = readdirSync(times());
  chmodSync(join(times(), name), 0o666);
  expect((await file.read()).size).toBe(0);
  chmodSync(join(times(), name), 0o600);
  chmodSync(times(), 0o777);
  expect((await file.read()).size).toBe(0);
  await file.write(kept);
  expect(readdirSync(times())).toEqual([name]);
});

test('what is broken counts as not there, and is written anew; nothing is written through a link', async () => {
  const file = new RunTimesFile(ROOT, folder);
  await file.write(kept);
  const [name = ''] = readdirSync(times());
  writeFileSync(join(times(), name), '{"version":1,"rec');
  expect((await file.read()).size).toBe(0);
  rmSync(join(times(), name));
  writeFileSync(join(folder, 'other'), 'untouched');
  symlinkSync(join(folder, 'other'), join(times(), name));
  expect((await file.read()).size).toBe(0);
  await file.write(kept);
  expect((await file.read()).size).toBe(1);
  expect(statSync(join(folder, 'other')).size).toBe('untouched'.length);
});

test('no error where nothing can be written', async () => {
  writeFileSync(join(folder, 'distmake'), '');
  await new RunTimesFile(ROOT, folder).write(kept);
  expect(readdirSync(folder)).toEqual(['distmake']);
});

test('workspaces that were built longest ago are forgotten', async () => {
  await new RunTimesFile(ROOT, folder).write(kept);
  const [own = ''] = readdirSync(times());
  for (let at = 0; at < 60; at++) {
    const name = join(times(), `${at}.json`);
    writeFileSync(name, '');
    utimesSync(name, at, at);
  }
  await new RunTimesFile(ROOT, folder).write(kept);
  const names = readdirSync(times());
  expect([names.length, names.includes(own), names.includes('10.json'), names.includes('11.json')]).toEqual([
    50,
    true,
    false,
    true,
  ]);
});
