import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildEvent } from '../../../../src/model/event.ts';
import type { Host } from '../../../../src/model/host.ts';
import { EventLines } from '../../../../src/report/directory/event-lines.ts';
import { generatedRun } from '../../../fixtures/report/generated-run.ts';
import { build1, exited, failingRun, host, job, passingRun, recipe } from '../../../fixtures/report/runs.ts';
import { eventProblems } from '../../../rig/events-schema.ts';

type Line = Readonly<Record<string, unknown>>;

function textOf(
  events: readonly BuildEvent[],
  now = (): number => 1.5,
  fileOf = (): undefined | string => undefined,
): string {
  const lines = new EventLines(now, fileOf);
  return [lines.first(), ...events.flatMap((event) => lines.of(event))].map((line) => `${line}\n`).join('');
}

function linesOf(...events: readonly BuildEvent[]): Line[] {
  return textOf(events)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('every line is what the schema says', () => {
  test.each([
    ['a run that passes', passingRun],
    ['one that fails', failingRun],
  ])('%s', (_, events) => expect(eventProblems(textOf(events))).toEqual([]));

  test('a large one, with waits, sub-makes, failures there, a lost host', () => {
    let now = 0;
    const lines = new EventLines(
      () => now,
      () => undefined,
    );
    const text = [lines.first()];
    for (const { at, event } of generatedRun({ jobs: 300, fails: true })) {
      now = at;
      text.push(...lines.of(event));
    }
    expect(eventProblems(text.map((line) => `${line}\n`).join(''))).toEqual([]);
  });

  test('the example of docs/report.md', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/report.md'), 'utf8');
    const example = /```json\n([^`]*)```/.exec(page)?.[1] ?? '';
    expect(example.split('\n').length).toBeGreaterThan(10);
    expect(eventProblems(example)).toEqual([]);
  });

  test('and the schema finds what is not', () => {
    expect(eventProblems('{"time":0,"type":"job-queued"}\n')).toHaveLength(1);
    expect(eventProblems('{"time":0,"type":"host-lost","host":"a","reason":"b","password":"c"}\n')).toHaveLength(1);
  });
});

test('recipes and jobs are introduced once, and are numbers from then on', () => {
  const compile = recipe(7, 'a.o');
  const [first, second] = [job(8, compile, 'cc'), job(9, { ...compile }, 'strip')];
  const lines = linesOf(
    { type: 'job-queued', job: first },
    { type: 'job-started', job: first, place: undefined },
    { type: 'job-queued', job: { ...second, directory: '/w/repo/below' } },
    {
      type: 'recipe-finished',
      recipe: compile,
      class: 'remote',
      failed: { job: second, outcome: exited(1), place: build1 },
    },
  );
  expect(lines.slice(1)).toEqual([
    { time: 1.5, type: 'recipe', recipe: 7, make: 100, target: 'a.o', directory: '/w/repo' },
    { time: 1.5, type: 'job', job: 8, recipe: 7, command: 'cc' },
    { time: 1.5, type: 'job-queued', job: 8 },
    { time: 1.5, type: 'job-started', job: 8, place: 'runner' },
    { time: 1.5, type: 'job', job: 9, recipe: 7, directory: '/w/repo/below', command: 'strip' },
    { time: 1.5, type: 'job-queued', job: 9 },
    {
      ...{ time: 1.5, type: 'recipe-finished', recipe: 7, class: 'remote' },
      failed: { job: 9, outcome: { kind: 'exited', status: 1 }, place: 'build1' },
    },
  ]);
});

test('time never goes back', () => {
  const times = [0, 2, 1.000_000_4, 3.123_456_78];
  const lines = new EventLines(
    () => times.shift() ?? 9,
    () => undefined,
  );
  const written = [
    lines.first(),
    ...Array.from({ length: 3 }, () => lines.of({ type: 'make-text', text: 'x' })).flat(),
  ];
  expect(written.map((line) => (JSON.parse(line) as { time: number }).time)).toEqual([0, 2, 2, 3.123_457]);
});

test('names that are not UTF-8 are told to be changed', () => {
  const odd = recipe(1, 'caf\xe9.o');
  const [, , introduced] = linesOf({ type: 'job-queued', job: job(1, odd) }, { type: 'work-known', targets: ['\xff'] });
  expect(linesOf({ type: 'job-queued', job: job(1, odd) })[1]).toMatchObject({ target: 'caf\ufffd.o', lossy: true });
  expect(introduced).not.toHaveProperty('lossy');
  expect(linesOf({ type: 'work-known', targets: ['\xff', 'a'] })[1]).toMatchObject({
    targets: ['\ufffd', 'a'],
    lossy: true,
  });
  const fine = recipe(1, Buffer.from('café.o').toString('latin1'));
  expect(linesOf({ type: 'job-queued', job: job(1, fine) })[1]).toMatchObject({ target: 'café.o' });
  expect(linesOf({ type: 'job-queued', job: job(1, fine) })[1]).not.toHaveProperty('lossy');
});

test('one line each, whatever a name holds', () => {
  const target = Buffer.from('a\nb\r\u2028\u0085"\\x').toString('latin1');
  const text = textOf([{ type: 'job-queued', job: job(1, recipe(1, target), 'x'.repeat(2001)) }]);
  // eslint-disable-next-line no-control-regex
  expect(text.split(/[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]/)).toHaveLength(5);
  expect(text).toContain('"cut":1');
  expect(JSON.parse(text.split('\n')[1] ?? '')).toMatchObject({ target: 'a\nb\r\u2028\u0085"\\x' });
});

test('nothing of a host that is private, no environment, no output', () => {
  const secret: Host = {
    ...host('build1'),
    ...{ address: 'ADDRESS', user: 'USER', identity: 'IDENTITY', environment: { NAME: 'VALUE' }, setup: 'SETUP' },
    ...{ startup: 'STARTUP', jump: [{ address: 'JUMP', user: undefined, port: 1 }], transport: ['TRANSPORT'] },
    ...{ chroot: 'CHROOT', path: 'PATH', labels: ['LABEL'] },
  };
  const one = { ...job(1, recipe(1, 'a'), 'cc'), environment: ['NAME=VALUE'], argv: ['ARGUMENT'] };
  const text = textOf([
    { type: 'run-started', hosts: [secret], jobs: 1, localJobs: 1, processors: 1, time: 0 },
    { type: 'host-lost', host: secret, reason: 'gone', benched: false },
    { type: 'job-started', job: one, place: secret, echo: 'ECHO' },
    { type: 'job-text', job: one, echo: 'ECHO', output: 'OUTPUT' },
    { type: 'make-text', text: 'OUTPUT' },
  ]);
  expect(text.match(/[A-Z]{4,}/g)).toBeNull();
  expect(text).toContain('"started":"1970-01-01T00:00:00.000Z"');
  expect(eventProblems(text)).toEqual([]);
});

test('a file of outputs is named as it is called in the report', () => {
  const event: BuildEvent = {
    type: 'job-text',
    job: job(5, recipe(1, 'a')),
    echo: '',
    output: 'abc',
    file: '/elsewhere/x',
  };
  expect(textOf([event], undefined, () => 'output/0005-a.txt')).toContain('"bytes":3,"file":"output/0005-a.txt"');
});
