import { Writable } from 'node:stream';

import { expect, test } from '@jest/globals';

import { canDraw, LiveLine } from '../../../../src/report/progress/live-line.ts';
import { LiveProgress } from '../../../../src/report/progress/live-progress.ts';
import { ProgressLines } from '../../../../src/report/progress/progress-lines.ts';
import { Progress } from '../../../../src/report/progress/progress.ts';
import type { Ticker } from '../../../../src/report/progress/ticker.ts';
import { build1, ended, exited, job, passingRun, recipe } from '../../../fixtures/report/runs.ts';

const started = passingRun[0] as (typeof passingRun)[number];
const finished = passingRun.at(-1) as (typeof passingRun)[number];
const jobs = Array.from({ length: 200 }, (_, at) => job(at, recipe(at, `t${at}`)));

/** A clock that is set by hand, and calls whoever wants to be called. */
class Clock {
  time = 0;
  #due: { readonly every: number; readonly call: () => void; next: number }[] = [];

  get running(): number {
    return this.#due.length;
  }

  readonly ticker: Ticker = (seconds, call) => {
    const one = { every: seconds, call, next: this.time + seconds };
    this.#due.push(one);
    return () => (this.#due = this.#due.filter((other) => other !== one));
  };

  pass(seconds: number): void {
    for (const end = this.time + seconds; this.time < end; this.time += 0.25)
      for (const one of this.#due) {
        if (one.next > this.time) continue;
        one.next += one.every;
        one.call();
      }
  }
}

function lines(pause: number) {
  const clock = new Clock();
  const printed: string[] = [];
  const now = (): number => clock.time;
  const print = (line: string): unknown => printed.push(`${Math.floor(clock.time)}: ${line}`);
  const reporter = new ProgressLines({ progress: new Progress(now), print, now, ticker: clock.ticker, pause });
  return { clock, printed, reporter };
}

test('lines: none at first, then one each pause, none after the end', () => {
  const { clock, printed, reporter } = lines(20);
  reporter.handle(started);
  for (const one of jobs.slice(0, 50)) {
    reporter.handle({ type: 'job-queued', job: one });
    clock.pass(1);
    reporter.handle(ended(one, build1, exited(0), 1));
  }
  expect(printed).toEqual(['10: [10] 0 of 2 hosts 0 jobs', '30: [30] 0 of 2 hosts 0 jobs']);
  reporter.handle(finished);
  expect(clock.running).toBe(0);
  clock.pass(100);
  reporter.finish();
  expect(printed).toHaveLength(2);
});

test('lines: none while hosts are staged, and rarely the same again', () => {
  const { clock, printed, reporter } = lines(10);
  reporter.handle(started);
  clock.pass(100);
  expect(printed).toEqual([]);
  reporter.handle({ type: 'job-queued', job: jobs[0] as (typeof jobs)[number] });
  clock.pass(100);
  expect(printed.map((line) => line.slice(-29))).toEqual([
    '100: [0] 0 of 2 hosts 0 jobs',
    '160: [0] 0 of 2 hosts 0 jobs',
  ]);
});

/** What a terminal shows after all that was written to it, as far as the sequences go that are used here. */
class Screen extends Writable {
  readonly isTTY = true;
  columns = 80;
  rows: string[] = [''];
  #row = 0;

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    const text = chunk.toString();
    // eslint-disable-next-line no-control-regex
    for (const [part, csi] of text.matchAll(/\x1b\[([0-9;?]*[A-Za-z])|\n|\r|[^\x1b\n\r]+/g)) {
      if (part === '\n') this.#row++;
      else if (csi === undefined && part !== '\r') this.rows[this.#row] = (this.rows[this.#row] ?? '') + part;
      else if (csi === '2K') this.rows[this.#row] = '';
      else if (csi?.endsWith('A') === true) this.#row -= Number(csi.slice(0, -1) || 1);
      else if (csi !== undefined && !/^(?:G|\?2026[hl]|\?25[hl])$/.test(csi)) throw new Error(`What is ${csi}?`);
      this.rows[this.#row] ??= '';
    }
    done();
  }
}

test('live: the line stands below what was printed, is redrawn in its place, and is gone at the end', () => {
  const clock = new Clock();
  const screen = new Screen();
  const line = new LiveLine(screen);
  const reporter = new LiveProgress(new Progress(() => clock.time), line, clock.ticker);
  const print = (text: string): void => {
    line.hide();
    screen.write(`${text}\n`);
  };
  print('one');
  reporter.handle(started);
  const first = jobs[0] as (typeof jobs)[number];
  reporter.handle({ type: 'job-queued', job: first });
  clock.pass(1);
  expect(screen.rows).toEqual(['one', '[0] 0 of 2 hosts 0 jobs', '']);
  reporter.handle(ended(first, build1, exited(0), 1));
  clock.pass(1);
  expect(screen.rows).toEqual(['one', '[1] 0 of 2 hosts 0 jobs', '']);
  print('two');
  expect(screen.rows).toEqual(['one', 'two', '']);
  clock.pass(1);
  expect(screen.rows).toEqual(['one', 'two', '[1] 0 of 2 hosts 0 jobs', '']);
  reporter.handle(finished);
  reporter.finish();
  clock.pass(5);
  expect([screen.rows.filter((row) => row !== ''), clock.running]).toEqual([['one', 'two'], 0]);
});

test('live: a line is cut to the width of the terminal, whatever that is by then', () => {
  const screen = new Screen();
  const line = new LiveLine(screen);
  line.show('0123456789');
  screen.columns = 6;
  line.show('0123456789 ');
  expect(screen.rows.filter((row) => row !== '')).toEqual(['01234']);
});

test.each([
  [{ TERM: 'xterm' }, true, true],
  [{ TERM: 'xterm' }, false, false],
  [{ TERM: 'dumb' }, true, false],
  [{}, true, false],
  [{ TERM: 'xterm', GITHUB_ACTIONS: 'true' }, true, false],
])('with %j, a terminal: %s, a line can be drawn: %s', (environment, isTTY, can) => {
  expect(canDraw({ isTTY }, environment)).toBe(can);
});
