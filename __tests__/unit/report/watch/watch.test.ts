import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { FoldLog } from '../../../../src/report/fold.ts';
import { Progress } from '../../../../src/report/progress/progress.ts';
import { LiveRegion } from '../../../../src/report/watch/live-region.ts';
import { requireTerminal } from '../../../../src/report/watch/require-terminal.ts';
import { Watch } from '../../../../src/report/watch/watch.ts';
import type { BuildEvent } from '../../../../src/model/event.ts';
import { generatedRun, type TimedEvent } from '../../../fixtures/report/generated-run.ts';
import { failingRun, passingRun, text } from '../../../fixtures/report/runs.ts';
import { FakeTerminal } from './fake-terminal.ts';

/** A watched run, its clock and its timer in the hands of the test. */
class Rig {
  readonly terminal: FakeTerminal;
  readonly watch: Watch;
  now = 0;
  ticks = true;
  #tick: () => void = () => undefined;

  constructor(columns: number, rows: number, colour = false) {
    this.terminal = new FakeTerminal(columns, rows);
    const now = (): number => this.now;
    this.watch = new Watch({
      region: new LiveRegion(this.terminal),
      colour,
      directory: '/home/runner/app',
      above: (log) => new FoldLog({ log, mode: 'failures', directory: '/home/runner/app' }),
      progress: new Progress(now),
      now,
      ticker: (_, call) => {
        this.#tick = call;
        return () => (this.ticks = false);
      },
    });
  }

  tick(): void {
    this.#tick();
  }

  play(events: readonly TimedEvent[], period = 0.25): void {
    let next = 0;
    for (const { at, event } of events) {
      for (; next <= at; next += period) {
        this.now = next;
        this.tick();
      }
      this.now = at;
      this.watch.handle(event);
    }
    this.tick();
  }

  get lines(): string[] {
    return this.terminal.screen.text.split('\n');
  }
}

let rig: Rig | undefined;
afterEach(() => rig?.watch.finish());

test('what failed or warned stands above, what runs below, and at the end the result', () => {
  rig = new Rig(120, 40);
  for (const event of failingRun.slice(0, -1)) rig.watch.handle(event);
  rig.now = 4;
  rig.tick();
  const text = rig.terminal.screen.text;
  expect(text).toMatch(/^distmake: build2: did not come up, it is tried again: connection refused$/m);
  expect(text).toMatch(/^distmake: setup printed nothing$/m);
  expect(text).toMatch(/^main\.c:3:5: error: expected ';'$/m);
  const head = rig.lines.findIndex((line) => line.includes('queue'));
  expect(rig.lines[head]).toMatch(/2 failed {2}queue 0 {2}0:04$/);
  expect(rig.lines.slice(head + 1, head + 3)).toEqual([
    'failed  /w/repo/x ::error::y on build1: SIGKILL, 4 s ago',
    'failed  /w/repo/src/main.o: status 1, 4 s ago',
  ]);
  rig.watch.handle(failingRun.at(-1)!);
  rig.tick();
  expect(rig.lines.at(-1)).toBe('ended after 0:05, the hosts are being cleaned');
  rig.watch.finish();
  expect(rig.terminal.screen.text).not.toContain('are being cleaned');
  expect(rig.lines.at(-1)).toBe(
    'failed (status 2) after 0:05, 4 recipes: 2 on hosts, 1 here, 1 called make, failed targets: 2',
  );
  expect(rig.terminal.screen.cursorShown).toBe(true);
  expect(rig.ticks).toBe(false);
});

test('a run that passes leaves its warnings and its result, and no command of a workflow', () => {
  rig = new Rig(120, 24);
  for (const event of passingRun) {
    rig.watch.handle(event);
    rig.tick();
  }
  rig.watch.finish();
  expect(rig.terminal.screen.text).toMatch(/^a\.c:1:1: warning: unused$/m);
  expect(rig.terminal.screen.text).not.toMatch(/ready in|::group|::notice|::warning/);
  expect(rig.lines.at(-1)).toBe(
    'made after 1:15, 7 recipes: 3 on hosts, 1 failed on a host and ran again, 2 here, 1 called make',
  );
});

test.each([
  ['SIGINT', 'cancelled (SIGINT) after 0:05, 4 recipes: 2 on hosts, 1 here, 1 called make'],
  ['SIGKILL', 'failed (SIGKILL) after 0:05, 4 recipes: 2 on hosts, 1 here, 1 called make, failed targets: 2'],
] as const)('the result of a run that ended by %s', (name, line) => {
  rig = new Rig(120, 24);
  const end = { ...failingRun.at(-1)!, outcome: { kind: 'signaled', signal: constants.signals[name] } } as BuildEvent;
  for (const event of [...failingRun.slice(0, -1), end]) rig.watch.handle(event);
  rig.watch.finish();
  expect(rig.lines.at(-1)).toBe(line);
});

test('of hosts it tells who was lost, and who is back; not who came', () => {
  rig = new Rig(120, 24);
  const host = { name: 'build1', local: false } as Extract<BuildEvent, { type: 'host-lost' }>['host'];
  const ready: BuildEvent = {
    ...{ type: 'host-ready', host, seconds: 1, files: 1, bytes: 1, sandbox: 'overlay', slots: 1 },
    ...{ staging: '/tmp/x', returned: false },
  };
  const lost: BuildEvent = { type: 'host-lost', host, reason: 'gone', benched: true };
  rig.play([
    { at: 0, event: failingRun[0]! },
    { at: 1, event: ready },
    { at: 2, event: lost },
    { at: 5, event: { ...ready, returned: true } },
  ]);
  rig.watch.finish();
  expect(rig.lines.filter((line) => line.includes('build1: '))).toEqual([
    'distmake: build1: lost (gone); its jobs run elsewhere if they can, it is tried again',
    'build1: back after 3.0 s',
  ]);
});

test('a run that was cut short leaves the terminal as it was', () => {
  rig = new Rig(80, 24);
  rig.terminal.write('$ distmake --watch\n');
  rig.play(generatedRun({ jobs: 100, until: 2 }));
  expect(rig.lines.length).toBeGreaterThan(3);
  rig.watch.finish();
  expect(rig.lines).toEqual(['$ distmake --watch']);
});

describe('no line is ever broken, and nothing is left of the region', () => {
  test.each([
    [80, 24],
    [40, 10],
    [200, 60],
    [7, 3],
  ])('%d columns, %d rows', (columns, rows) => {
    rig = new Rig(columns, rows);
    const run = generatedRun({ jobs: 400, hosts: 5, losesHost: false });
    rig.play(run.slice(0, -1), 0.5);
    expect(rig.terminal.screen.wrapped).toBe(false);
    rig.watch.finish();
    const left = rig.lines.filter((line) => line.includes('[') || line.includes('ready'));
    expect(left).toEqual([]);
  });

  test('while the terminal changes its size', () => {
    const sizes = [
      [100, 60],
      [50, 60],
      [120, 50],
      [61, 50],
      [80, 60],
      [44, 55],
    ] as const;
    rig = new Rig(100, 60);
    const events = generatedRun({ jobs: 400, hosts: 2, slots: 4, losesHost: false }).slice(0, -1);
    const part = Math.ceil(events.length / sizes.length);
    for (const [at, [columns, rows]] of sizes.entries()) {
      rig.terminal.resize(columns, rows);
      rig.play(events.slice(at * part, (at + 1) * part), 0.5);
      expect(rig.terminal.screen.wrapped).toBe(false);
      expect(rig.lines.filter((line) => line.includes('build1'))).toHaveLength(1);
    }
    rig.watch.finish();
    expect(rig.terminal.screen.text).not.toContain('ready');
  });
});

test('without colour there is none, not even that of a compiler; with colour it ends where its text ends', () => {
  const of = failingRun.find((event) => event.type === 'job-text' && event.output.includes('error: '));
  const { job } = of as Extract<typeof of, { type: 'job-text' }>;
  const red = '\x1b[31mmain.c:3:5: error: bad\n';
  for (const colour of [false, true]) {
    rig = new Rig(80, 24, colour);
    rig.watch.handle(failingRun[0]!);
    rig.watch.handle(text(job, 'cc -c main.c\n', red));
    rig.watch.finish();
    expect(rig.terminal.written.includes('\x1b[31m')).toBe(colour);
    // eslint-disable-next-line no-control-regex
    expect(/\x1b\[31m[^]*\x1b\[0m\n/.test(rig.terminal.written)).toBe(colour);
    expect(rig.terminal.screen.text).toContain('main.c:3:5: error: bad');
  }
});

test('a picture of it', () => {
  rig = new Rig(100, 30, true);
  const events = generatedRun({ jobs: 840, hosts: 6, slots: 4, fails: true, seed: 3 });
  rig.play(events.slice(0, Math.floor(events.length * 0.8)));
  const folder = new URL('../../../../build/screenshots/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  // All of the last picture: what is drawn after a change of size is drawn whole.
  const before = rig.terminal.written.length;
  rig.terminal.resize(100, 31);
  // eslint-disable-next-line no-control-regex
  const frame = rig.terminal.written.slice(before).match(/\x1b\[\?2026h([^]*)\x1b\[\?2026l/)?.[1] ?? '';
  expect(frame.split('\n').length).toBeGreaterThan(20);
  writeFileSync(new URL('watch.ansi', folder), frame);
});

describe('where there is no terminal', () => {
  test.each([
    [false, 'xterm', '--watch needs a terminal, and standard output is none. '],
    [true, 'dumb', '--watch needs a terminal whose cursor can be moved, and TERM is dumb. '],
  ])('%p %s', (isTerminal, term, message) => {
    expect(() => requireTerminal(isTerminal, term)).toThrow(message);
  });

  test.each(['xterm', undefined])('nothing is said of TERM=%s', (term) => {
    expect(() => requireTerminal(true, term)).not.toThrow();
  });
});
