import { constants } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { heading } from '../../../../page/heading.ts';
import { Run, stateOfJob } from '../../../../page/run.ts';
import type { BuildEvent } from '../../../../src/model/event.ts';
import type { Outcome } from '../../../../src/model/outcome.ts';
import { pageData } from '../../../../src/report/page/encode-page.ts';
import { renderPage, scriptJson } from '../../../../src/report/page/render-page.ts';
import { criticalPath } from '../../../../src/report/record/critical-path.ts';
import { generatedRun, recordOf } from '../../../fixtures/report/generated-run.ts';
import { build1, ended, exited, failingRun, job, over, recipe } from '../../../fixtures/report/runs.ts';

const TEMPLATE = '<script type="application/json">"@data@"</script><script>program("$&")</script>';

function signaled(name: keyof typeof constants.signals): Outcome {
  return { kind: 'signaled', signal: constants.signals[name] };
}

/** The data as a browser reads it. */
function parse(html: string): unknown {
  return JSON.parse(/<script type="application\/json">(.*?)<\/script>/s.exec(html)?.[1] ?? '');
}

describe('pageData', () => {
  const record = recordOf(generatedRun({ jobs: 250, fails: true }));
  const run = new Run(pageData(record));

  test('the page knows every job and leg with its times, to the millisecond', () => {
    expect(run.jobs.length).toBe(record.jobs.length);
    for (const [index, job] of record.jobs.entries()) {
      const shown = run.jobs[index];
      expect(shown?.recipe.target).toBe(job.recipe.target);
      expect(shown?.command).toBe(job.command);
      expect(shown?.queued).toBeCloseTo(job.queued, 2);
      expect(shown?.legs.length).toBe(job.legs.length);
      for (const [at, leg] of job.legs.entries()) {
        const one = shown?.legs[at];
        expect([one?.place.name, one?.slot, one?.received]).toEqual([leg.place, leg.slot, leg.received]);
        for (const key of ['placed', 'started', 'waits', 'collecting', 'ended'] as const) {
          if (leg[key] === undefined) expect(one?.[key]).toBeUndefined();
          else expect(one?.[key]).toBeCloseTo(leg[key], 2);
        }
      }
    }
  });

  test('states are those of the recipes', () => {
    const count = (state: string): number => run.jobs.filter((job) => stateOfJob(job) === state).length;
    const failed = record.recipes.filter((recipe) => recipe.failed).length;
    expect(count('failed')).toBe(failed);
    expect(failed).toBeGreaterThan(0);
    expect(run.places.flatMap(({ legs }) => legs.filter(({ state }) => state === 'again')).length).toBe(
      record.jobs.flatMap(({ legs }) => legs.filter((leg) => leg.again || leg.outcome === 'turned-away')).length,
    );
    const missed = [...run.reasons.values()].reduce((sum, reason) => sum + (reason.missed ? reason.count : 0), 0);
    expect(count('missed') + count('failed')).toBeGreaterThanOrEqual(missed);
  });

  test('the critical path is the one of the record', () => {
    const steps = criticalPath(record);
    expect(run.steps.length).toBe(steps.length);
    expect(run.steps.at(-1)?.to).toBeCloseTo(record.seconds, 2);
    expect(run.steps.map(({ job }) => job?.index)).toEqual(
      steps.map(({ job }) => (job ? record.jobs.indexOf(job) : undefined)),
    );
  });

  test('files with output are found by the job, whatever is recorded of it', () => {
    const [first] = record.jobs;
    const data = pageData(record, new Map([[first?.id ?? 0, 'output/1.txt']]));
    expect(new Run(data).jobs.map(({ output }) => output).filter((output) => output !== undefined)).toEqual([
      'output/1.txt',
    ]);
    expect(new Run(data).jobs[0]?.output).toBe('output/1.txt');
  });

  test('what a recipe prints to confuse is gone: escapes, and marks that turn the direction', () => {
    const evil = recordOf(generatedRun({ jobs: 10, rename: (target) => `\u001b[31m\u202e${target}\u0007\n` }));
    const { strings } = pageData(evil);
    // eslint-disable-next-line no-control-regex
    expect(strings.filter((text) => /[\u0007\u202e]/.test(text))).toEqual([]);
  });

  test('20 000 jobs with commands of a real build take at most 5 MB', () => {
    const flags = '-DNDEBUG -I/usr/include/some/where '.repeat(20);
    const rename = (target: string): string => `obj/release/x86_64-linux-gnu/modules/${target}`;
    const large = recordOf(generatedRun({ jobs: 20_000, rename }));
    for (const job of large.jobs) Object.assign(job, { command: `${job.command} ${flags}${job.id}` });
    const bytes = Buffer.byteLength(renderPage(pageData(large), TEMPLATE));
    expect(bytes).toBeLessThan(5_000_000);
    expect(pageData(large).strings.filter((text) => text.endsWith('…')).length).toBeGreaterThan(0);
  });

  test.each([
    ['SIGTERM', 'cancelled', ['cancelled', 'failed', 'failed']],
    ['SIGKILL', 'failed', ['failed', 'failed', 'failed']],
  ] as const)('a run that ended by %s has %s, and with it what ended by that signal', (name, result, ends) => {
    const outcomes = [signaled(name), signaled('SIGSEGV'), exited(2)] as const;
    const events = outcomes.flatMap((outcome, at): readonly BuildEvent[] => {
      const one = job(at, recipe(at, `t${at}`));
      const failed = { job: one, outcome, place: build1 };
      return [
        { type: 'job-placed', job: one, place: build1, reason: 'least-loaded', slots: 1 },
        ended(one, build1, outcome, 1),
        over(one.recipe, 'remote', failed),
      ];
    });
    const end = { ...failingRun.at(-1)!, outcome: signaled(name) } as BuildEvent;
    const run = new Run(pageData(recordOf([failingRun[0]!, ...events, end].map((event) => ({ at: 1, event })))));
    expect(run.jobs.map(({ legs }) => legs[0]?.end)).toEqual(ends);
    expect([run.data.result, heading(run)]).toEqual([result, `${result} in 5.10 s (make: ${name})`]);
  });

  test('a run of events without times, and one without any job', () => {
    expect(new Run(pageData(recordOf(failingRun.map((event) => ({ at: 1, event }))))).data.result).toBe('failed');
    const begun = pageData(recordOf([{ at: 0, event: failingRun[0]! }]));
    expect(begun.result).toBe('unfinished');
    expect(new Run(begun).jobs).toEqual([]);
  });
});

describe('renderPage', () => {
  test('the data stand in the template, which is otherwise as it was', () => {
    const data = pageData(recordOf(generatedRun({ jobs: 20 })));
    const html = renderPage(data, TEMPLATE);
    expect(parse(html)).toEqual(JSON.parse(JSON.stringify(data)));
    expect(html.endsWith('<script>program("$&")</script>')).toBe(true);
  });

  test('no text ends the element or begins a comment', () => {
    const piece = fc.constantFrom(
      '</script>',
      '<!--',
      '<script',
      ']]>',
      '\u2028',
      '\u2029',
      '"',
      '\\',
      '$&',
      '"@data@"',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 8 }), (pieces) => {
        const json = scriptJson({ text: pieces.join('') });
        expect(json).not.toMatch(/[<\u2028\u2029]/);
        expect(JSON.parse(json)).toEqual({ text: pieces.join('') });
      }),
    );
  });
});
