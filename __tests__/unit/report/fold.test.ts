import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { BuildEvent } from '../../../src/model/event.ts';
import { FoldLog, type LogMode } from '../../../src/report/fold.ts';
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

function logOf(mode: LogMode, events: readonly BuildEvent[]): string {
  let written = '';
  let tokens = 0;
  const log = new WorkflowLog(
    (piece) => (written += piece),
    () => `TOKEN${(tokens += 1)}`,
  );
  const fold = new FoldLog({ log, mode, root: '/w/repo' });
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
  ])('%s', (name, mode, events) => {
    expect(logOf(mode, events)).toBe(golden(name));
  });
});

describe('folds', () => {
  const a = recipe(1, 'a.o');
  const b = recipe(2, 'b.o');
  const a1 = job(1, a);
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
        'a.o  build1  1.0 s  failed: status 3 on build1',
        'x',
        'oops',
        '::error title=a.o failed::a.o: status 3 on build1%0Aoops',
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
    expect(written.match(/^::error /gm)).toHaveLength(1);
  });
});

test('plain: make text in pieces is printed in whole lines', () => {
  expect(logOf('plain', [make('a\nhal'), make('f\r'), make('\nlast')])).toBe('a\nhalf\nlast\n');
});
