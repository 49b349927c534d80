import { expect, jest, test } from '@jest/globals';

import { canDraw, LiveLine } from '../../../../src/report/progress/live-line.ts';
import { LiveProgress } from '../../../../src/report/progress/live-progress.ts';
import { ProgressLines } from '../../../../src/report/progress/progress-lines.ts';
import { Progress } from '../../../../src/report/progress/progress.ts';
import type { Ticker } from '../../../../src/report/progress/ticker.ts';
import { build1, ended, exited, job, passingRun, recipe } from '../../../fixtures/report/runs.ts';
import { FakeTerminal } from '../watch/fake-terminal.ts';

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

const shown = (screen: FakeTerminal): string[] => screen.screen.text.split('\n');

test('live: the line stands below what was printed, is redrawn in its place, and is gone at the end', () => {
  const clock = new Clock();
  const screen = new FakeTerminal(80, 24);
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
  expect(shown(screen)).toEqual(['one', '[0] 0 of 2 hosts 0 jobs']);
  reporter.handle(ended(first, build1, exited(0), 1));
  clock.pass(1);
  expect(shown(screen)).toEqual(['one', '[1] 0 of 2 hosts 0 jobs']);
  print('two');
  expect(shown(screen)).toEqual(['one', 'two']);
  clock.pass(1);
  expect(shown(screen)).toEqual(['one', 'two', '[1] 0 of 2 hosts 0 jobs']);
  reporter.handle(finished);
  reporter.finish();
  clock.pass(5);
  expect([shown(screen), clock.running]).toEqual([['one', 'two'], 0]);
  expect(screen.screen.cursorShown).toBe(true);
});

test('live: a line is cut to the width of the terminal, whatever that is by then', () => {
  const screen = new FakeTerminal(80, 24);
  const line = new LiveLine(screen);
  line.show('0123456789');
  screen.resize(6, 24);
  line.show('0123456789 ');
  expect(shown(screen)).toEqual(['01234']);
  line.close();
});

test('live: what the shell has printed while the process was stopped stays', async () => {
  const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
  const screen = new FakeTerminal(80, 24);
  const line = new LiveLine(screen);
  try {
    line.show('[1] 2 jobs');
    process.emit('SIGTSTP', 'SIGTSTP');
    await Promise.resolve();
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGSTOP']]);
    screen.write('[1]+  Stopped\n$ fg\n');
    line.show('[2] 2 jobs');
    process.emit('SIGCONT', 'SIGCONT');
    line.hide();
    expect(shown(screen)).toEqual(['[1]+  Stopped', '$ fg']);
    line.show('[3] 2 jobs');
    expect(shown(screen)).toEqual(['[1]+  Stopped', '$ fg', '[3] 2 jobs']);
  } finally {
    line.close();
    kill.mockRestore();
  }
});

test('live: a terminal that goes away ends nothing', () => {
  const screen = new FakeTerminal(80, 24);
  const line = new LiveLine(screen);
  line.show('[1] 2 jobs');
  screen.emit('error', new Error('write EIO'));
  const { length } = screen.written;
  line.show('[2] 2 jobs');
  line.hide();
  line.close();
  expect(screen.written).toHaveLength(length);
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
