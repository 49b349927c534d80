import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { BuildEvent } from '../../../src/model/event.ts';
import { FoldLog, type LogMode } from '../../../src/report/fold.ts';
import type { Ticker } from '../../../src/report/progress/ticker.ts';
import { WorkflowLog } from '../../../src/report/workflow-commands.ts';
import {
  build1,
  ended,
  exited,
  failingRun,
  job,
  make,
  over,
  passingRun,
  recipe,
  text,
} from '../../fixtures/report/runs.ts';
import { made, placed, quietRun, rerunRun, whyHereRun } from '../../fixtures/report/fold-runs.ts';
import { RunnerLog } from '../../rig/runner-log.ts';

function logOf(mode: LogMode, events: readonly BuildEvent[]): string {
  let written = '';
  let tokens = 0;
  const log = new WorkflowLog(
    (piece) => (written += piece),
    () => `TOKEN${(tokens += 1)}`,
  );
  const fold = new FoldLog({ log, mode, directory: '/w/repo' });
  for (const event of events) fold.handle(event);
  fold.finish();
  return written;
}

function golden(name: string): string {
  return readFileSync(new URL(`../../fixtures/report/${name}.txt`, import.meta.url), 'utf8');
}

describe('recorded runs', () => {
  test.each<[string, LogMode, readonly BuildEvent[]]>([
    ['passing-fold', 'fold', passingRun],
    ['passing-failures', 'failures', passingRun],
    ['passing-plain', 'plain', passingRun],
    ['failing-fold', 'fold', failingRun],
    ['failing-failures', 'failures', failingRun],
    ['failing-plain', 'plain', failingRun],
    ['quiet-fold', 'fold', quietRun],
    ['quiet-failures', 'failures', quietRun],
    ['quiet-plain', 'plain', quietRun],
    ['why-here-fold', 'fold', whyHereRun],
    ['rerun-fold', 'fold', rerunRun],
  ])('%s', (name, mode, events) => {
    expect(logOf(mode, events)).toBe(golden(name));
  });
});

describe('folds', () => {
  const a = recipe(1, 'a.o');
  const b = recipe(2, 'b.o');
  const a1 = job(1, a, 'x');
  const a2 = job(2, a);
  const b1 = job(3, b);

  test('a recipe whose lines ran at several places', () => {
    const events = [
      ended(a1, undefined, exited(0), 1),
      text(a1, 'one\n'),
      ended(a2, build1, exited(0), 2),
      text(a2, 'two\n'),
      over(a, 'local'),
    ];
    expect(logOf('fold', events)).toBe('::group::a.o  local, build1  3.0 s\none\ntwo\n::endgroup::\n');
  });

  test('texts that another recipe interrupts are two folds', () => {
    const events = [
      ended(a1, build1, exited(0), 1),
      text(a1, 'one\n'),
      ended(b1, build1, exited(0), 1),
      text(b1, 'b\n'),
      ended(a2, build1, exited(0), 2),
      text(a2, 'two\n'),
      over(a, 'remote'),
      over(b, 'remote'),
    ];
    expect(logOf('fold', events)).toBe(
      '::group::a.o  build1  1.0 s\none\n::endgroup::\n::group::b.o  build1  1.0 s\nb\n::endgroup::\n::group::a.o  build1  2.0 s\ntwo\n::endgroup::\n',
    );
  });

  test('a failure that make ignores is folded', () => {
    const events = [
      ended(a1, build1, exited(1), 1),
      text(a1, '-x\n'),
      make('make: [a.o] Error 1 (ignored)\n'),
      make('more\n'),
      over(a, 'remote'),
    ];
    expect(logOf('fold', events)).toBe(
      '::group::a.o  build1  1.0 s\n-x\nmake: [a.o] Error 1 (ignored)\n::endgroup::\nmore\n',
    );
  });

  test('a failure that is told only after its text stands once where it happened and once at the end', () => {
    const events = [
      ended(a1, build1, exited(3), 1),
      text(a1, 'x\n', 'oops\n'),
      make('make: *** [Makefile:1: a.o] Error 3\n'),
      over(a, 'remote', { job: a1, outcome: exited(3), place: build1 }),
    ];
    expect(logOf('fold', events)).toBe(
      [
        'a.o  build1  1.0 s  failed: status 3',
        'x',
        'oops',
        'make: *** [Makefile:1: a.o] Error 3',
        'Failed targets: 1',
        'a.o  build1  1.0 s  failed: status 3',
        'x',
        'oops',
        'ran on build1 (ssh build1)',
        'to run it again: cd /w/repo && x',
        '',
      ].join('\n'),
    );
  });

  test('what is printed after a recipe is over is not lost', () => {
    const events = [ended(a1, build1, exited(0), 1), over(a, 'remote'), text(a1, 'late\n')];
    expect(logOf('fold', events)).toBe('::group::a.o  build1  1.0 s\nlate\n::endgroup::\n');
  });

  test('a run that is cut short prints what it holds', () => {
    expect(logOf('fold', [ended(a1, build1, exited(0), 1), text(a1, 'half\n')])).toBe(
      '::group::a.o  build1  1.0 s\nhalf\n::endgroup::\n',
    );
  });
});

describe('every order of text, end and recipe end', () => {
  const a = recipe(1, 'a.o');
  const a1 = job(1, a);
  const facts = [
    ended(a1, build1, exited(1), 1),
    text(a1, 'x\n', 'unique words\n'),
    over(a, 'remote', { job: a1, outcome: exited(1), place: build1 }),
  ];
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];

  test.each(orders)('%j: the failure stands there and at the end', (...order) => {
    const events = order.map((index) => facts[index]).filter((fact) => fact !== undefined);
    const written = logOf('fold', [...events, make('make: the end\n')]);
    expect(written.match(/^unique words$/gm)).toHaveLength(2);
    expect(written.match(/^a\.o .* failed: status 1$/gm)).toHaveLength(2);
  });
});

test('plain: make text in pieces is printed in whole lines', () => {
  expect(logOf('plain', [make('a\nhal'), make('f\r'), make('\nlast')])).toBe('a\nhalf\nlast\n');
});

describe('targets without output', () => {
  const titles = (events: readonly BuildEvent[]): readonly string[] =>
    new RunnerLog(logOf('fold', events)).groups.map(({ title }) => title);

  test('are gathered up to a bound, and each can be found', () => {
    const events = Array.from({ length: 450 }, (_, index) => made(index, `t${index}`)).flat();
    const log = new RunnerLog(logOf('fold', events));
    expect(log.groups.map(({ title }) => title)).toEqual([
      '200 targets without output',
      '200 targets without output',
      '50 targets without output',
    ]);
    expect(log.titles.map(({ target }) => target)).toEqual(Array.from({ length: 450 }, (_, index) => `t${index}`));
  });

  test.each<[string, BuildEvent]>([
    ['a message', { type: 'message', level: 'notice', text: 'x' }],
    ['a lost host', { type: 'host-lost', host: build1, reason: 'x', benched: false }],
    ['a word of make', make('make: x\n')],
  ])('come out before %s', (_, event) => {
    expect(titles([...made(1, 'a'), ...made(2, 'b'), event, ...made(3, 'c'), ...made(4, 'd')])).toEqual([
      '2 targets without output',
      '2 targets without output',
    ]);
  });

  test('that were cancelled, or that only looked, did not run', () => {
    const a = recipe(1, 'a.o');
    const a1 = job(1, a);
    expect(logOf('fold', [ended(a1, undefined, { kind: 'cancelled' }, 0), text(a1, ''), over(a, 'local')])).toBe('');
  });

  test('a failure that make ignores is output', () => {
    const a = recipe(1, 'a.o');
    const a1 = job(1, a);
    const events = [
      ended(a1, build1, exited(1), 1),
      text(a1, ''),
      make('make: [Makefile:2: a.o] Error 1 (ignored)\n'),
      over(a, 'remote'),
      ...made(2, 'b.o'),
    ];
    expect(titles(events)).toEqual(['a.o  build1  1.0 s', 'b.o  build1  0.2 s']);
  });
});

describe('a failure without output', () => {
  const a = recipe(1, 'a.o');
  const a1 = job(1, a);
  const failure = over(a, 'remote', { job: a1, outcome: exited(1), place: build1 });

  test('stands where it happened, once', () => {
    const events = [ended(a1, build1, exited(1), 1), text(a1, ''), make('make: *** [a.o] Error 1\n'), failure];
    for (const mode of ['fold', 'failures'] as const) {
      expect(
        logOf(mode, [...events, make('make: *** x\n')])
          .split('\n')
          .slice(0, 4),
      ).toEqual([
        'make: *** [a.o] Error 1',
        'a.o  build1  1.0 s  failed: status 1',
        'make: *** x',
        'Failed targets: 1',
      ]);
    }
  });

  test('is none where make ignores it without a word (make -s)', () => {
    const events = [ended(a1, build1, exited(1), 1), text(a1, ''), ...made(2, 'b.o'), over(a, 'remote')];
    expect(new RunnerLog(logOf('fold', events)).titles.map(({ target }) => target)).toEqual(['b.o', 'a.o']);
    expect(logOf('fold', events)).not.toContain('failed');
    expect(logOf('fold', events)).toContain('\na.o  build1  1.0 s  status 1\n');
  });

  test('nor where the recipe has a text: its status is told, and that it failed is not', () => {
    const events = [
      ended(a1, build1, exited(4), 1),
      text(a1, '', 'x: error: y\n'),
      ...made(2, 'b.o'),
      over(a, 'remote'),
    ];
    for (const mode of ['fold', 'failures'] as const)
      expect(logOf(mode, events)).toMatch(
        /^::group::a\.o {2}build1 {2}1\.0 s {2}status 4\nx: error: y\n::endgroup::\n/,
      );
    expect(logOf('fold', events)).not.toContain('failed');
    expect(logOf('failures', [events[0]!, text(a1, 'cc\n'), ...events.slice(2)])).toBe('');
  });

  test('also when it is known only after what was shown', () => {
    const events = [text(a1, 'cc\n'), make('x\n'), ended(a1, build1, exited(1), 1), failure, make('y\n')];
    expect(logOf('fold', events)).toMatch(
      /^cc\nx\na\.o {2}build1 {2}1\.0 s {2}failed: status 1\ny\nFailed targets: 1\n/,
    );
  });
});

describe('floods', () => {
  const a = recipe(1, 'a.o');
  const a1 = job(1, a, 'cc');
  const lines = Array.from({ length: 12_000 }, (_, index) => `a.c:${index}: error: x`).join('\n');
  const flood = (file?: string): BuildEvent => ({ type: 'job-text', job: a1, echo: 'cc\n', output: lines, file });
  const passes = [ended(a1, build1, exited(0), 1), over(a, 'remote')];
  const fails = [ended(a1, build1, exited(1), 1), over(a, 'remote', { job: a1, outcome: exited(1), place: build1 })];

  const brief = (lines: number): BuildEvent => text(a1, '', 'x\n'.repeat(lines));

  test('are cut in the middle, and the note says where all of it is', () => {
    const { lines: shown } = new RunnerLog(logOf('fold', [flood('/r/output/1.txt'), ...passes])).group('a.o');
    expect(shown).toHaveLength(2001);
    expect([shown[0], shown[999], shown[1001], shown[2000]]).toEqual([
      'cc',
      'a.c:998: error: x',
      'a.c:11000: error: x',
      'a.c:11999: error: x',
    ]);
    expect(shown[1000]).toBe('[... 10001 lines left out; all of it: /r/output/1.txt ...]');
  });

  test('without such a file it says how to have one', () => {
    expect(logOf('fold', [flood(), ...passes])).toContain(
      '\n[... 10001 lines left out; a report directory (input report) keeps long outputs whole ...]\n',
    );
  });

  test('are repeated in brief', () => {
    const { shown } = new RunnerLog(logOf('fold', [flood('/r/1.txt'), ...fails]));
    const end = shown.slice(shown.indexOf('Failed targets: 1'));
    expect(end).toHaveLength(505);
    expect(end[252]).toBe('[... 11501 lines left out; all of it: /r/1.txt ...]');
    expect(end.at(-3)).toBe('a.c:11999: error: x');
    expect(logOf('fold', [brief(600), ...fails])).toContain('\n[... 100 lines left out, they stand above ...]\n');
  });

  test('what is repeated stands above only where it was shown whole', () => {
    const a2 = job(2, a, 'cc');
    const recipeText = [text(a2, '', 'y\n'.repeat(1600)), ended(a2, build1, exited(0), 1)];
    for (const written of [
      logOf('fold', [...recipeText, brief(1000), ...fails]),
      // Shown only at the end: when it came it was not known to have failed.
      logOf('failures', [brief(1000), ended(a1, build1, exited(1), 1), make('x\n'), ...fails.slice(1)]),
    ]) {
      expect(written).not.toContain('stand above');
      expect(written).toContain(
        '\n[... 500 lines left out; a report directory (input report) keeps long outputs whole ...]\n',
      );
    }
  });

  test('plain: of what the parser has left out it is told where it is', () => {
    const capped = `${'x'.repeat(200_000)}\n[... 9 bytes left out ...]\n${'y'.repeat(200_000)}\n`;
    const log = (file?: string): string =>
      logOf('plain', [{ type: 'job-text', job: a1, echo: 'cc\n', output: capped, file }, ...passes]);
    expect(log('/r/$&/1.txt')).toContain('\n[... 9 bytes left out; all of it: /r/$&/1.txt ...]\n');
    expect(log()).toContain(
      '\n[... 9 bytes left out; a report directory (input report) keeps long outputs whole ...]\n',
    );
  });

  test('plain: they are make’s own text', () => {
    expect(new RunnerLog(logOf('plain', [flood(), ...passes])).outside).toHaveLength(12_001);
  });

  test('of more failures than anybody reads only the names are repeated', () => {
    const events = Array.from({ length: 60 }, (_, index): BuildEvent[] => {
      const of = recipe(index, `t${index}`);
      const line = job(index, of, 'cc');
      return [
        ended(line, build1, exited(1), 1),
        text(line, 'cc\n'),
        over(of, 'remote', { job: line, outcome: exited(1), place: build1 }),
      ];
    });
    const { shown } = new RunnerLog(logOf('failures', events.flat()));
    const end = shown.slice(shown.indexOf('Failed targets: 60') + 1);
    expect(end).toHaveLength(50 * 4 + 10);
    expect(end.at(-1)).toBe('t59  build1  1.0 s  failed: status 1');
  });
});

test('10 000 jobs: the log stays readable, and within what a runner can take', () => {
  const flood = 'x'.repeat(10_000).concat('\n').repeat(3000);
  const events = Array.from({ length: 10_000 }, (_, index) => {
    // In runs of a thousand: silent ones, compiles, and now and then one that floods.
    if (Math.floor(index / 1000) % 2 === 0) return made(index, `silent${index}`);
    return made(index, `echo${index}.o`, `cc -c ${index}.c\n`, index % 1000 === 500 ? flood : '');
  });
  const written = logOf('fold', events.flat());
  const log = new RunnerLog(written);
  expect(log.titles).toHaveLength(10_000);
  // A line each of those with a command, one for 200 of the others.
  expect(log.groups).toHaveLength(5000 + 25);
  expect(log.outside).toEqual([]);
  const lines = written.split('\n');
  expect(lines.length).toBeLessThan(3 * 5000 + 5000 + 2 * 25 + 5 * 2001);
  expect(written.length).toBeLessThan(3e6);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(4096);
});

describe('what is held comes out when nothing else happens', () => {
  const a = recipe(1, 'a.o');
  const a1 = job(1, a, 'x');

  /** A log with its timer in the hands of the test. */
  function held(events: readonly BuildEvent[]): { written: () => string; tick: () => void; running: () => number } {
    let written = '';
    const calls = new Set<() => void>();
    const log = new WorkflowLog(
      (piece) => (written += piece),
      () => 'TOKEN',
    );
    const ticker: Ticker = (_, call) => {
      calls.add(call);
      return () => calls.delete(call);
    };
    const fold = new FoldLog({ log, mode: 'fold', directory: '/w/repo', ticker });
    for (const event of events) fold.handle(event);
    const tick = (): void => {
      for (const call of [...calls]) call();
    };
    return { written: () => written, tick, running: () => calls.size };
  }

  test.each<[string, readonly BuildEvent[], string]>([
    ['a text', [ended(a1, build1, exited(0), 1), text(a1, 'x\n')], '::group::a.o  build1  1.0 s\nx\n::endgroup::\n'],
    ['a target without output', made(1, 'a.o'), '::group::a.o  build1  0.2 s\n::endgroup::\n'],
    [
      'the echo of a recipe that calls make',
      [placed(a1, undefined, 'calls-make'), text(a1, 'make -C d\n')],
      'make -C d\n',
    ],
  ])('%s', (_, events, shown) => {
    const { written, tick, running } = held(events);
    expect(written()).toBe('');
    tick();
    expect(written()).toBe(shown);
    expect(running()).toBe(0);
  });

  test('not while the recipe goes on: it is one fold', () => {
    const a2 = job(2, a, 'y');
    const first = [ended(a1, build1, exited(0), 1), text(a1, 'x\n'), placed(a2, build1, 'follows')];
    const { written, tick } = held(first);
    tick();
    expect(written()).toBe('');
    const both = held([...first, ended(a2, build1, exited(0), 1), text(a2, 'y\n')]);
    both.tick();
    expect(both.written()).toBe('::group::a.o  build1  2.0 s\nx\ny\n::endgroup::\n');
  });
});

describe('a job that ran nowhere', () => {
  const a = recipe(1, 'a.o');
  const a1 = job(1, a, 'x');
  const refused = [
    ended(a1, undefined, exited(2), 0),
    text(a1, 'x\n', 'distmake: no host is left for a.o, and fallback is never\n'),
    over(a, 'local', { job: a1, outcome: exited(2), place: undefined }),
  ];

  test('has no place and no time, and says why', () => {
    const written = logOf('fold', refused);
    expect(written.match(/^a\.o {2}failed: status 2$/gm)).toHaveLength(2);
    expect(written).toContain('\nran nowhere: no host is left for a.o, and fallback is never\nto run it again: ');
    expect(written).not.toContain('runner');
  });

  test('or was lost on its way', () => {
    const lost: BuildEvent[] = [
      placed(a1, build1, 'least-loaded'),
      ended(a1, build1, { kind: 'host-lost', reason: 'x' }, 0, true),
    ];
    const written = logOf('fold', [...lost, ...refused]);
    expect(written).toContain('a.o  build1  0.0 s  failed: status 2\n');
    expect(written).toContain('\ndid not run again: no host is left for a.o, and fallback is never\n');
  });

  test('is told from one on the runner, whatever that prints', () => {
    const written = logOf('fold', [placed(a1, undefined, 'named-local'), ...refused]);
    expect(written).toContain('a.o  local  0.0 s  failed: status 2\n');
    expect(written).toContain('\nran on the runner\n');
  });
});

test('targets of one name in several makes are told apart', () => {
  const of = (id: number, directory: string): BuildEvent[] => {
    const main = recipe(id, 'main.o', directory);
    const line = job(id, main);
    return [ended(line, build1, exited(0), 1), text(line, 'cc\n'), over(main, 'remote')];
  };
  const events = ['/w/repo', '/w/repo/a', '/w/repo/b', '/w/other'].flatMap((directory, at) => of(at, directory));
  const { titles } = new RunnerLog(logOf('fold', events));
  expect(titles.map(({ target }) => target)).toEqual(['main.o', 'a/main.o', 'b/main.o', 'main.o']);
});

test('a failure tells the names, and not the values, of what its makefile exports', () => {
  const a = recipe(1, 'a.o');
  const own = Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
  const environment = [
    ...own,
    'MAKEFLAGS= -- X=1',
    'MAKELEVEL=1',
    'MSG=hidden',
    'CFLAGS=-O2',
    'GITHUB_X=y',
    'un\nnamed=1',
  ];
  const a1 = { ...job(1, a, 'x'), environment };
  const written = (line: typeof a1): string =>
    logOf('fold', [
      ended(line, build1, exited(1), 1),
      text(line, 'x\n'),
      over(a, 'remote', { job: line, outcome: exited(1), place: build1 }),
    ]);
  expect(written(a1)).toContain(
    '\nran on build1 (ssh build1), with CFLAGS, MSG exported by the makefile\nto run it again: ',
  );
  expect(written(a1)).not.toContain('hidden');
  expect(written({ ...a1, environment: own })).toContain('\nran on build1 (ssh build1)\nto run');
  const many = Array.from({ length: 20 }, (_, at) => `V${at}=1`);
  expect(written({ ...a1, environment: many })).toContain('with V0, V1, V10, V11, V12, V13, V14, V15, ... exported by');
});
