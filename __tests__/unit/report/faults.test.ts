import { describe, expect, test } from '@jest/globals';
import type { BuildEvent } from '../../../src/model/event.ts';
import { Annotations } from '../../../src/report/annotations/annotations.ts';
import { EventLines } from '../../../src/report/directory/event-lines.ts';
import { trace } from '../../../src/report/directory/trace.ts';
import type { TraceEvent } from '../../../src/report/directory/trace-event.ts';
import { FoldLog } from '../../../src/report/fold.ts';
import { HostNews } from '../../../src/report/host-news.ts';
import { pageData } from '../../../src/report/page/encode-page.ts';
import { plainLog } from '../../../src/report/plain.ts';
import { HostsReady } from '../../../src/report/progress/hosts-ready.ts';
import { RunRecord } from '../../../src/report/record/run-record.ts';
import { WatchState } from '../../../src/report/watch/watch-state.ts';
import { renderWatch } from '../../../src/report/watch/watch-view.ts';
import { WorkflowLog } from '../../../src/report/workflow-commands.ts';
import { lossWords } from '../../../page/loss-words.ts';
import { Run } from '../../../page/run.ts';
import { faulty } from '../../fixtures/report/faulty-run.ts';
import type { TimedEvent } from '../../fixtures/report/generated-run.ts';
import { build1, ended, exited, job, over, recipe, text } from '../../fixtures/report/runs.ts';
import { summaryOf } from '../../fixtures/report/summary-of.ts';
import { at, passing, placed, start, started } from '../../fixtures/report/summary-runs.ts';
import { eventProblems } from '../../rig/events-schema.ts';
import { traceProblems } from '../../rig/trace-check.ts';

/** What people see of hosts that come and go, and of jobs that are killed or stopped. */

let now = 0;

function tell(events: readonly TimedEvent[], ...handles: ((event: BuildEvent) => void)[]): void {
  for (const { at: time, event } of events) {
    now = time;
    for (const handle of handles) handle(event);
  }
}

function recordOf(events: readonly TimedEvent[]): RunRecord {
  const record = new RunRecord(() => now);
  tell(events, record.handle);
  return record;
}

function logOf(events: readonly TimedEvent[]): string {
  let written = '';
  const log = new WorkflowLog(
    (piece) => (written += piece),
    () => 'TOKEN',
  );
  const fold = new FoldLog({ log, mode: 'fold', directory: '/w/repo', now: () => now });
  tell(events, fold.handle);
  fold.finish();
  return written;
}

function traceOf(record: RunRecord): readonly TraceEvent[] {
  return (JSON.parse([...trace(record)].join('')) as { traceEvents: TraceEvent[] }).traceEvents;
}

describe('the log', () => {
  const written = logOf(faulty);

  test('one warning for each host, then text: lost, back, left out', () => {
    expect(written.split('\n').filter((line) => /build[23]: (?!ready|stuck)/.test(line))).toEqual([
      '::warning title=Host lost::build3: did not come up, it is tried again: connection refused',
      '::warning title=Host lost::build2: lost (it has said nothing for 15 s); its jobs run elsewhere if they can, it is tried again',
      'build2: back after 2.0 s',
      'build2: lost (the link is dead); its jobs run elsewhere if they can, it is tried again',
      'build2: back after 1.0 s',
      'build2: lost (it has said nothing for 15 s); its jobs run elsewhere if they can, it is tried again',
      'build2: left out: its make is another one',
    ]);
  });

  test('titles tell who was killed where, failures why', () => {
    expect(written).toContain('::group::slow.o  killed after 2 s on build1, then ok on build2  2.7 s\n');
    expect(written).toContain('\nslow.o: killed after 2 s on build1, passed on build2\n');
    expect(written).toContain(
      'stuck.o  killed after 3 s without output on build1, then on build2  6.0 s  failed: killed after 3 s without output\n',
    );
    expect(written).toContain(
      'push  build2  0.0 s  failed: its host was lost while it ran (the link is dead), and it must not run again (no-retry, or staging none); whether it had its effect must be looked at\n',
    );
    expect(written).toContain('::group::eater.o  build2 -> local, hosts were lost with it  0.4 s\n');
  });

  test('a host that comes and goes all the time is told of a few times, in the command’s own words too', () => {
    const lost = { type: 'host-lost', host: build1, reason: 'x', benched: true } as const;
    const ready = { ...passing.find(({ event }) => event.type === 'host-ready')!.event, returned: true } as BuildEvent;
    const lines: string[] = [];
    const log = plainLog(
      (line) => lines.push(line),
      () => 0,
    );
    for (let time = 0; time < 20; time++) for (const event of [ready, lost]) log.handle(event);
    expect(lines).toHaveLength(11);
    expect(lines.slice(0, 3)).toEqual([
      'distmake: build1: ready in 0.7 s, 120 files (1.2 MB)\n',
      'distmake: build1: lost (x); its jobs run elsewhere if they can, it is tried again\n',
      'distmake: build1: back after 0.0 s\n',
    ]);
    expect(lines.at(-2)).toContain('when it is lost again that is not told here');
    log.handle({ ...lost, benched: false });
    expect(lines.at(-1)).toBe('distmake: build1: left out: x\n');
  });

  test('what must not run again has no line to run it, what is given up has one', () => {
    const hints = (text: string): string => text.slice(text.indexOf('Failed targets:'));
    const pushed = hints(written).split('\npush  ')[1];
    expect(pushed).toContain('\nran on build2 (ssh build2)');
    expect(pushed).not.toContain('run it again: ');
    expect(hints(written)).toMatch(/^to run it again: .*stuck\.o$/m);
  });

  test('a target is given up when hosts were lost with it again and again', () => {
    const [of, outcome] = [job(1, recipe(1, 'eats.o')), { kind: 'host-lost', reason: 'x' } as const];
    const events = [
      ...[1, 2, 3, 4, 5].flatMap((time) => at(time, ended(of, build1, outcome, 0, time < 5))),
      ...at(6, text(of, 'cc\n'), over(of.recipe, 'remote', { job: of, outcome, place: build1 })),
    ];
    expect(logOf(events)).toContain('failed: hosts were lost 5 times while it ran there (x): it is given up\n');
    expect(logOf(events)).toContain('\nto run it again: ');
  });

  test('of two runs each host is new', () => {
    const lost = { type: 'host-lost', host: build1, reason: 'x', benched: true } as const;
    expect([new HostNews().lost(lost)?.isFirst, new HostNews().lost(lost)?.isFirst]).toEqual([true, true]);
  });
});

test('annotations name target, host, limit and what to do', () => {
  const found: (readonly [string | undefined, string])[] = [];
  const log = {
    error: ({ title }: { readonly title?: string | undefined }, message: string) => found.push([title, message]),
    warning: () => undefined,
    notice: () => undefined,
  } as unknown as WorkflowLog;
  const annotations = new Annotations({ log, root: '/w/repo' });
  tell(faulty, annotations.handle);
  annotations.finish();
  expect(found).toEqual([
    [
      'stuck.o was killed',
      'a.c:1:1: error: half a line\nstuck.o: killed after 3 s without output on build2. If it may be silent for longer, raise stuck in the host matrix',
    ],
    [
      'push failed',
      'push: its host build2 was lost while it ran (the link is dead), and it must not run again (no-retry, or staging none); whether it had its effect must be looked at',
    ],
    ['stuck.o was killed', expect.stringMatching(/half a line/)],
  ]);
});

describe('the record', () => {
  const record = recordOf(faulty);

  test('keeps each loss with its times', () => {
    const [, build2, build3] = record.places;
    expect(build2).toMatchObject({ state: 'lost', ready: 0.6, staging: { seconds: 0.5 } });
    const [silent, dead] = ['it has said nothing for 15 s', 'the link is dead'];
    expect(build2?.losses).toEqual([
      { from: 3, to: 5, reason: silent, wasReady: true, leftOut: undefined, staged: 0.5 },
      { from: 13, to: 14, reason: dead, wasReady: true, leftOut: undefined, staged: 0.5 },
      {
        from: 15,
        to: undefined,
        reason: silent,
        wasReady: true,
        leftOut: 'left out: its make is another one',
        staged: 0,
      },
    ]);
    expect(build3).toMatchObject({ state: 'benched', losses: [{ from: 0.6, to: undefined, wasReady: false }] });
  });

  test('as a trace: a span for the time away, the staging with which it came back in it', () => {
    expect(traceProblems(traceOf(record))).toEqual([]);
    const slices = traceOf(record).filter(({ pid, tid, ph }) => pid === 2 && tid === 1000 && ph === 'X');
    expect(slices.map(({ name, ts = 0, dur = 0 }) => [name, ts / 1e6, dur / 1e6])).toEqual([
      ['first staging', 0.1, 0.5],
      ['away', 3, 2],
      ['staging again', 4.5, 0.5],
      ['away', 13, 1],
      ['staging again', 13.5, 0.5],
      ['away', 15, 2],
    ]);
  });

  test('on the page: when each host was away', () => {
    const { places } = new Run(pageData(record));
    expect(places[1]?.losses.map(({ from, to, isBack }) => [from, to, isBack])).toEqual([
      [3, 5, true],
      [13, 14, true],
      [15, 17, false],
    ]);
    expect(places.map(lossWords)).toEqual([
      '',
      'lost 3 times, away 5.00 s',
      'did not come up at 600 ms: connection refused',
      '',
    ]);
  });

  test('as events: every line is what the schema says', () => {
    const lines = new EventLines(
      () => now,
      () => undefined,
    );
    const said: string[] = [lines.first()];
    now = 0;
    tell(faulty, (event) => said.push(...lines.of(event)));
    expect(eventProblems(said.map((line) => `${line}\n`).join(''))).toEqual([]);
  });
});

describe('the summary', () => {
  const summary = summaryOf(faulty);

  test('the table of hosts says how often, why, how long, and how it ended', () => {
    const [, ...cells] = /^\| build2 \|.*\| (.*) \|$/m.exec(summary) ?? [];
    expect(cells).toEqual([
      'lost 3 times &#40;2 x it has said nothing for 15 s, the link is dead&#41;, away 5.0 s; then left out: its make is another one',
    ]);
    expect(summary).toMatch(/^\| build3 \|.*\| never came up: connection refused \|$/m);
    // 17 s but for the first 0.6 and the 5 away, on 4 slots.
    expect(summary).toMatch(/^\| build2 \| 4 \| 5 \| 14&nbsp;% \|/m);
  });

  test('what came of it has a line for each kind', () => {
    expect(summary).toContain(
      [
        '### Faults\n',
        '- lost hosts: build2 3 times',
        '- hosts that never came up: build3',
        '- run again after its host was lost: 2 jobs &#40;a.o, eater.o&#41;',
        '- run on the runner since hosts were lost with it: 1 job &#40;eater.o&#41;',
        '- slow.o: killed after 2 s on build1, passed on build2',
        '- stuck.o: killed after 3 s without output on build1, killed after 3 s without output on build2\n',
      ].join('\n'),
    );
    expect(summary).toContain(
      '- push: its host build2 was lost while it ran &#40;the link is dead&#41;, and it must not run again',
    );
  });

  describe('a job that finds no place when its host is lost', () => {
    const [of, gone] = [job(1, recipe(1, 'x.o')), { kind: 'host-lost', reason: 'gone' } as const];
    const up = passing.filter(({ event }) => event.type === 'host-ready').slice(0, 1);
    const waits: readonly TimedEvent[] = [
      ...at(0, start),
      ...up,
      ...at(1, placed(of, build1), started(of, build1)),
      ...at(3, ended(of, build1, gone, 0, true), { type: 'host-lost', host: build1, reason: 'gone', benched: true }),
    ];
    const refused = [
      ...waits,
      ...at(4, ended(of, undefined, exited(2), 0)),
      ...at(4, over(of.recipe, 'local', { job: of, outcome: exited(2), place: undefined })),
    ];
    const cancelled = [...waits, ...at(4, ended(of, undefined, { kind: 'cancelled' }, 0))];
    // It is lost once more before it has begun.
    const unlucky = [...waits, ...at(4, placed(of, build1), ended(of, build1, gone, 0, true)), ...refused.slice(-2)];

    test.each([
      ['is refused', refused, 'failed', 'crit, ', 1],
      ['is refused after it was lost on its way', unlucky, 'failed', 'crit, ', 1],
      ['is cancelled', cancelled, 'cancelled', '', 1],
    ] as const)('%s: it has not run again', (_, events, category, bar, runs) => {
      const summary = summaryOf(events);
      expect(summary).toContain('- lost hosts: build1 once');
      expect(summary).not.toMatch(/run again/);
      expect(summary).toContain(`\nx.o 2.0 s :${bar}1000, 3000\n`);
      expect(summary).toMatch(new RegExp(`^\\| build1 \\| 4 \\| ${runs} \\|`, 'm'));
      const record = recordOf(events);
      const [leg] = traceOf(record).filter(({ name }) => name === 'x.o');
      expect(leg).toMatchObject({ cat: category, args: { outcome: 'host lost (gone)' } });
      expect(new Run(pageData(record)).jobs[0]?.legs[0]?.state).toBe(category === 'failed' ? 'failed' : 'stopped');
    });

    test('finds one later: it has', () => {
      const events = [...waits, ...at(5, placed(of, build1), started(of, build1), ended(of, build1, exited(0), 1))];
      expect(summaryOf(events)).toContain('- run again after its host was lost: 1 job &#40;x.o&#41;');
      expect(summaryOf(events)).toContain('Grey with a red rim: had to run again.');
      expect(traceOf(recordOf(events)).find(({ name }) => name === 'x.o')).toMatchObject({ cat: 'run-again' });
    });
  });

  test('the bar of the first staging begins where the staging did', () => {
    const late = at(9, {
      ...passing.find(({ event }) => event.type === 'host-ready')!.event,
      seconds: 2,
    } as BuildEvent);
    const of = job(1, recipe(1, 'x.o'));
    const ran = at(9.5, placed(of, build1), started(of, build1), ended(of, build1, exited(0), 1));
    expect(summaryOf([...at(0, start), ...late, ...ran])).toMatch(/^\u200b :done, 7000, 9000$/m);
  });

  test('nothing where nothing happened', () => {
    expect(summaryOf(passing)).not.toMatch(/Faults|lost/);
  });

  test.each([
    ['back', [3, 5], 'lost: gone; back after 2.0 s'],
    ['not back', [3], 'lost: gone; not back by the end'],
  ])('a host that was lost once, and is %s', (_, [lost = 0, back], words) => {
    const up = passing.filter(({ event }) => event.type === 'host-ready').slice(0, 1);
    const again = up.map(({ event }) => ({ at: back ?? 0, event: { ...event, returned: true } as BuildEvent }));
    const events = [
      ...at(0, start),
      ...up,
      ...at(lost, { type: 'host-lost', host: build1, reason: 'gone', benched: true } as const),
      ...(back === undefined ? [] : again),
    ];
    expect(summaryOf(events)).toMatch(new RegExp(`^\\| build1 \\|.*\\| ${words} \\|$`, 'm'));
  });
});

test('the live view and the counts: benched, then back', () => {
  const state = new WatchState(() => now, '/w/repo');
  const hosts = new HostsReady();
  const until = (time: number): void =>
    tell(
      faulty.filter(({ at: when }) => when <= time && when > now),
      state.handle,
      hosts.handle,
    );
  const lines = (): string => {
    const figures = { done: 0, total: undefined, grows: false, jobs: 0, secondsLeft: undefined, begun: true };
    return renderWatch(state, { columns: 100, rows: 20 }, false, { ...figures, hosts: hosts.figures }).join('\n');
  };
  now = -1;
  until(4);
  expect(lines()).toMatch(/^build2 {2}benched: it has said nothing for 15 s$/m);
  expect(lines()).toMatch(/^\[0\] 1 of 3 hosts 0 jobs/);
  until(7);
  expect(lines()).toMatch(/^build2 {2}ready {2}/m);
  expect(lines()).toMatch(/^\[0\] 2 of 3 hosts/);
  // 2 of 4.4 s in which it was ready, on 4 slots.
  expect(state.places[1]?.busyShare(7)).toBeCloseTo(2 / (4.4 * 4), 5);
});

describe('a run that was stopped', () => {
  const SIGTERM = { kind: 'signaled', signal: 15 } as const;
  const [bad, cut] = ['bad.o', 'cut.o'].map((target, index) => job(index + 1, recipe(index + 1, target)));
  const failed = (of: typeof bad, outcome: typeof SIGTERM | ReturnType<typeof exited>): readonly BuildEvent[] => [
    ended(of!, undefined, outcome, 1),
    text(of!, 'cc\n'),
    over(of!.recipe, 'local', { job: of!, outcome, place: undefined }),
  ];
  const stopped = (outcome: typeof SIGTERM | ReturnType<typeof exited>): readonly TimedEvent[] => [
    ...at(0, start, placed(bad!, undefined, 'hosts-full'), started(bad!, undefined), ...failed(bad, exited(1))),
    ...at(1, placed(cut!, undefined, 'hosts-full'), started(cut!, undefined)),
    ...at(2, ...failed(cut, outcome)),
    ...at(3, {
      type: 'run-finished',
      outcome: SIGTERM,
      seconds: 3,
      counts: { remote: 0, retried: 0, local: 2, recursive: 0 },
      failedTargets: [],
      hosts: [],
    } as const),
  ];

  test.each([
    ['the signal', SIGTERM],
    ['a shell that caught it', exited(143)],
  ])('what %s ended has not failed', (_, outcome) => {
    const events = stopped(outcome);
    expect(logOf(events)).toMatch(/\nFailed targets: 1\nbad\.o /);
    expect(summaryOf(events)).toContain('### Failed targets\n\n- bad.o: status 1\n\n');
    expect(summaryOf(events)).not.toMatch(/^cut\.o.*:crit/m);
    const legs = traceOf(recordOf(events)).filter(({ name }) => name === 'cut.o');
    expect(legs.map(({ cat }) => cat)).toEqual(['cancelled']);
    const states = new Run(pageData(recordOf(events))).jobs.map(({ legs: all }) => all[0]?.state);
    expect(states).toEqual(['failed', 'stopped']);
  });

  test('another signal is its own affair', () => {
    const events = stopped({ kind: 'signaled', signal: 11 } as unknown as typeof SIGTERM);
    expect(logOf(events)).toContain('Failed targets: 2\n');
  });
});
