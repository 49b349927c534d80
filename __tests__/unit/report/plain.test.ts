import { expect, test } from '@jest/globals';
import { plainLog } from '../../../src/report/plain.ts';
import { failingRun, host, job, recipe } from '../../fixtures/report/runs.ts';

test('outside of a workflow only faults are told, one line each', () => {
  let text = '';
  const log = plainLog((line) => (text += line));
  for (const event of failingRun) log.handle(event);
  log.handle({ type: 'message', level: 'notice', text: 'no hosts given' });
  log.handle({ type: 'host-lost', host: host('evil\x1b[2J\nname'), reason: 'gone', benched: false });
  log.finish();
  expect(text).toBe(
    [
      'distmake: build2: did not come up, it is tried again: connection refused',
      'distmake: setup printed nothing',
      'distmake: evil name: left out: gone',
      '',
    ].join('\n'),
  );
});

test('a job that is killed since it took too long is named, if it runs once more', () => {
  let text = '';
  const log = plainLog((line) => (text += line));
  const outcome = { kind: 'timed-out', limit: 'silence', seconds: 60 } as const;
  const end = { type: 'job-finished', job: job(1, recipe(1, 'x.o', '/w')), outcome, seconds: 60 } as const;
  log.handle({ ...end, place: host('build1'), again: true });
  // The second time make's own words have it.
  log.handle({ ...end, place: undefined, again: false });
  expect(text).toBe('distmake: x.o on build1: killed after 60 s without output; it runs once more elsewhere\n');
});
