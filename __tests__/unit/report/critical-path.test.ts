import { describe, expect, test } from '@jest/globals';
import type { BuildEvent, Place } from '../../../src/model/event.ts';
import type { Job, Recipe } from '../../../src/model/job.ts';
import { criticalPath, secondsByKind, type CriticalStep } from '../../../src/report/record/critical-path.ts';
import type { RunRecord } from '../../../src/report/record/run-record.ts';
import { generatedRun, recordOf, type TimedEvent } from '../../fixtures/report/generated-run.ts';
import { build1, build2, exited, job, recipe } from '../../fixtures/report/runs.ts';

/** A run from what happens at which time. */
class Script {
  readonly #events: TimedEvent[] = [];

  constructor() {
    this.at(0, { type: 'run-started', hosts: [build1, build2], jobs: 'places', localJobs: 2, processors: 2, time: 0 });
  }

  at(at: number, event: BuildEvent): this {
    this.#events.push({ at, event });
    return this;
  }

  /** A job of a host: asked for, placed, started, collected, ended. */
  runs(one: Job, times: readonly [number, number, number, number, number], place: Place = build1): this {
    const [queued, placed, started, collecting, ended] = times;
    this.at(queued, { type: 'job-queued', job: one });
    this.at(placed, { type: 'job-placed', job: one, place, reason: 'least-loaded', slots: 1 });
    this.at(started, { type: 'job-started', job: one, place });
    if (place) this.at(collecting, { type: 'job-collecting', job: one, place });
    return this.at(ended, { type: 'job-finished', job: one, place, outcome: exited(0), seconds: 1, again: false });
  }

  record(seconds: number): RunRecord {
    const counts = { remote: 0, retried: 0, local: 0, recursive: 0 };
    const [outcome, failedTargets, hosts] = [exited(0), [], []];
    this.at(seconds, { type: 'run-finished', outcome, seconds, counts, failedTargets, hosts });
    return recordOf(this.#events.toSorted((a, b) => a.at - b.at));
  }
}

const words = (steps: readonly CriticalStep[]): string[] =>
  steps.map(({ kind, job: one, from, to }) => `${from}-${to} ${kind} ${one?.recipe.target ?? ''}`.trim());

const below = (id: number, target: string): Recipe => ({ ...recipe(id, target), make: 200 });

describe('criticalPath', () => {
  test('goes back from the last end to what released each job, through all phases', () => {
    const [a, b, c] = [job(1, recipe(1, 'a.o')), job(2, recipe(2, 'b.o')), job(3, recipe(3, 'prog'))];
    const record = new Script().runs(a, [1, 2, 3, 7, 8]).runs(b, [1, 1, 1, 2, 3]).runs(c, [8, 8, 9, 10, 11]).record(12);
    expect(words(criticalPath(record))).toEqual([
      ...['0-1 make a.o', '1-2 wait a.o', '2-3 staging a.o', '3-7 run a.o', '7-8 collect a.o'],
      ...['8-9 staging prog', '9-10 run prog', '10-11 collect prog', '11-12 make'],
    ]);
    expect(secondsByKind(criticalPath(record))).toEqual({ make: 2, wait: 1, staging: 2, run: 5, collect: 2 });
  });

  test('a line waited for the line before it, not for what ended later', () => {
    const lib = recipe(1, 'lib.a');
    const record = new Script()
      .runs(job(1, lib), [0, 0, 0, 1, 2])
      .runs(job(2, recipe(2, 'other')), [0, 0, 0, 2, 2.5], build2)
      .runs(job(3, lib), [3, 3, 3, 4, 5])
      .record(5);
    expect(words(criticalPath(record))).toEqual([
      ...['0-1 run lib.a', '1-2 collect lib.a', '2-3 make lib.a', '3-4 run lib.a', '4-5 collect lib.a'],
    ]);
  });

  test('what was run again counts from its first leg, with the wait between', () => {
    const one = job(1, recipe(1, 'a.o'));
    const record = new Script()
      .at(0, { type: 'job-queued', job: one })
      .at(0, { type: 'job-placed', job: one, place: build1, reason: 'least-loaded', slots: 1 })
      .at(1, { type: 'job-started', job: one, place: build1 })
      .at(2, { type: 'job-finished', job: one, place: build1, outcome: exited(1), seconds: 1, again: true })
      .at(3, { type: 'job-placed', job: one, place: undefined, reason: 'failed-there', slots: 1 })
      .at(3, { type: 'job-started', job: one, place: undefined })
      .at(4, { type: 'job-finished', job: one, place: undefined, outcome: exited(0), seconds: 1, again: false })
      .record(4);
    expect(words(criticalPath(record))).toEqual(['0-1 staging a.o', '1-2 run a.o', '2-3 wait a.o', '3-4 run a.o']);
  });

  test('goes through the make that a job called, and on from the call', () => {
    const [sub, x, y] = [job(1, recipe(1, 'sub')), job(2, below(2, 'x.o')), job(3, below(3, 'y.o'))];
    const record = new Script()
      .at(1, { type: 'job-queued', job: sub })
      .at(1, { type: 'job-placed', job: sub, place: undefined, reason: 'calls-make', slots: 1 })
      .at(1, { type: 'job-started', job: sub, place: undefined })
      .at(2, { type: 'job-waits', job: sub })
      .runs(x, [3, 3, 3, 5, 5])
      .runs(y, [3, 3, 3, 4, 4], build2)
      .at(6, { type: 'job-finished', job: sub, place: undefined, outcome: exited(0), seconds: 5, again: false })
      .record(6);
    expect(words(criticalPath(record))).toEqual([
      ...['0-1 make sub', '1-2 run sub', '2-3 make x.o', '3-5 run x.o', '5-6 make sub'],
    ]);
  });

  test('where all that make may start was running, it goes through the job that made room', () => {
    const [a, b] = [job(1, recipe(1, 'a.o')), job(2, recipe(2, 'b.o'))];
    const [sub, x, y] = [job(3, recipe(3, 'sub')), job(4, below(4, 'x.o')), job(5, below(5, 'y.o'))];
    const record = new Script()
      .at(0, { type: 'job-queued', job: sub })
      .at(0, { type: 'job-placed', job: sub, place: undefined, reason: 'calls-make', slots: 1 })
      .at(0, { type: 'job-started', job: sub, place: undefined })
      .at(0, { type: 'job-waits', job: sub })
      .runs(a, [0, 0, 0, 4, 4])
      .runs(b, [0, 0, 0, 9, 9])
      .runs(x, [4, 4, 4, 9.5, 9.5])
      .runs(y, [9, 9, 9, 10, 10])
      .at(10, { type: 'job-finished', job: sub, place: undefined, outcome: exited(0), seconds: 10, again: false })
      .record(10);
    expect(words(criticalPath(record))).toEqual(['0-9 run b.o', '9-10 run y.o']);
  });

  test('a run without jobs has none, one that was cut short has one up to now', () => {
    expect(criticalPath(new Script().record(3))).toEqual([]);
    const cut = recordOf(generatedRun({ jobs: 300, until: 6 }));
    const steps = criticalPath(cut);
    expect(cut.end).toBeUndefined();
    expect(steps.at(-1)?.to).toBe(cut.seconds);
  });

  test.each([10, 300, 5000])('%i jobs: the steps cover the run without a gap, each job has one way in', (jobs) => {
    const record = recordOf(generatedRun({ jobs, fails: jobs === 300 }));
    const steps = criticalPath(record);
    expect(steps[0]?.from).toBe(0);
    expect(steps.at(-1)?.to).toBe(record.seconds);
    for (const [index, step] of steps.entries()) {
      expect(step.to).toBeGreaterThan(step.from);
      if (index > 0) expect(step.from).toBe(steps[index - 1]?.to);
    }
    expect(secondsByKind(steps).run).toBeGreaterThan(record.seconds / 3);
  });
});
