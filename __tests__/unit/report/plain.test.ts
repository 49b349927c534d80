import { expect, test } from '@jest/globals';
import { plainLog } from '../../../src/report/plain.ts';
import { failingRun, host } from '../../fixtures/report/runs.ts';

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
