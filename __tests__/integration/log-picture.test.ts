import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Annotations } from '../../src/report/annotations/annotations.ts';
import { FoldLog } from '../../src/report/fold.ts';
import { Progress } from '../../src/report/progress/progress.ts';
import { ProgressLines } from '../../src/report/progress/progress-lines.ts';
import { renderWatch } from '../../src/report/watch/watch-view.ts';
import { WorkflowLog } from '../../src/report/workflow-commands.ts';
import { bytesOf } from '../../src/util/bytes.ts';
import { CXX_ROOT } from '../fixtures/report/cxx/run.ts';
import { generatedRun, type TimedEvent } from '../fixtures/report/generated-run.ts';
import { text } from '../fixtures/report/runs.ts';
import { Browser } from '../rig/browser.ts';
import { RunnerLog } from '../rig/runner-log.ts';
import { logPage, terminalPage } from '../rig/screen-page.ts';
import { watchedRun } from '../unit/report/watch/watch-run.ts';

/** Pictures of what people see besides pages: a step's log and a terminal. */

const root = resolve(import.meta.dirname, '../..');
const pictures = join(root, 'build', 'screenshots');

let browser: Browser;

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  browser = await Browser.start();
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
});

async function picture(name: string, html: string): Promise<void> {
  const { page, requests, complaints } = await browser.open(html, { width: 1000, height: 400 });
  await page.locator('body').screenshot({ path: join(pictures, `${name}.png`) });
  expect([requests, complaints]).toEqual([[], []]);
  if (process.env['DISTMAKE_SCREENSHOTS'] !== '1') return;
  mkdirSync(join(root, 'docs', 'images'), { recursive: true });
  copyFileSync(join(pictures, `${name}.png`), join(root, 'docs', 'images', `${name}.png`));
}

/** A build with what its jobs print: one does not compile. */
function* printed(events: readonly TimedEvent[]): Generator<TimedEvent> {
  const errors = bytesOf(readFileSync(join(CXX_ROOT, 'output', 'shapes.o.txt')));
  for (const { at, event } of events) {
    yield { at, event };
    if (event.type !== 'job-finished' || event.again) continue;
    const fails = event.outcome.kind === 'exited' && event.outcome.status === 1;
    const { command } = event.job;
    const source = command.split(' ').at(-1) ?? '';
    yield { at, event: text(event.job, `${command}\n`, fails ? errors.replaceAll('src/shapes.cpp', source) : '') };
  }
}

/** The beginning, what is around the failure, and the end. */
function excerpt(lines: readonly string[]): boolean[] {
  const failure = lines.findIndex((line) => line.includes('failed: status 1'));
  return lines.map((_, at) => at < 16 || (at > failure - 12 && at < failure + 14) || at > lines.length - 24);
}

test('the log of a step: folds, progress, a failure, annotations', async () => {
  let written = '';
  let now = 0;
  let tick = (): void => undefined;
  const log = new WorkflowLog(
    (piece) => (written += piece),
    () => 'token',
  );
  const reporters = [
    new FoldLog({ log, mode: 'fold', directory: '/home/runner/app' }),
    new Annotations({ log, root: '/home/runner/app', exists: () => true }),
    new ProgressLines({
      ...{ progress: new Progress(() => now), now: () => now, pause: 5, print: (line) => log.text(line) },
      ticker: (_seconds, called) => {
        tick = called;
        return () => undefined;
      },
    }),
  ];
  for (const { at, event } of printed(generatedRun({ jobs: 130, hosts: 3, slots: 2, fails: true }))) {
    now = at;
    tick();
    for (const reporter of reporters) reporter.handle(event);
  }
  for (const reporter of reporters) reporter.finish();
  const step = new RunnerLog(written);
  expect(step.groups.length).toBeGreaterThan(10);
  expect(step.of('error').length).toBeGreaterThan(0);
  expect(step.outside.some((line) => /^\[\d+(?:\/\d+)?\] /.test(line))).toBe(true);
  await picture('log', logPage(written, excerpt));
});

test('what --watch shows on a terminal', async () => {
  const { state, figures } = watchedRun({ jobs: 840, hosts: 6, fails: true }, 0.6);
  const lines = renderWatch(state, { columns: 100, rows: 29 }, true, figures);
  expect(lines.join('')).toContain('\x1b[');
  await picture('watch', terminalPage(lines.join('\n')));
});
