import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildEvent } from '../../../../src/model/event.ts';
import { Annotations, type AnnotationsOptions } from '../../../../src/report/annotations/annotations.ts';
import { WorkflowLog } from '../../../../src/report/workflow-commands.ts';
import { CXX_ROOT, cxxRun } from '../../../fixtures/report/cxx/run.ts';
import {
  build1,
  ended,
  exited,
  failingRun,
  host,
  job,
  make,
  over,
  passingRun,
  recipe,
  text,
} from '../../../fixtures/report/runs.ts';
import { RunnerLog } from '../../../rig/runner-log.ts';

type Options = Partial<Omit<AnnotationsOptions, 'log'>>;

function annotate(events: readonly BuildEvent[], options: Options = {}): { lines: string; log: RunnerLog } {
  let lines = '';
  const log = new WorkflowLog(
    (written) => (lines += written),
    () => 'TOKEN',
  );
  const annotations = new Annotations({ log, root: '/w/repo', exists: () => true, ...options });
  for (const event of events) annotations.handle(event);
  expect(lines).toBe('');
  annotations.finish();
  annotations.finish();
  return { lines, log: new RunnerLog(lines) };
}

/** A target with one line that ends so. */
function target(
  id: number,
  name: string,
  status: number,
  output: string,
  more: readonly BuildEvent[] = [],
): BuildEvent[] {
  const of = recipe(id, name);
  const line = job(id, of);
  const failed = status === 0 ? undefined : { job: line, outcome: exited(status), place: build1 };
  return [ended(line, build1, exited(status), 1), text(line, '', output), ...more, over(of, 'remote', failed)];
}

function end(status: number): BuildEvent {
  const counts = { remote: 0, retried: 0, local: 0, recursive: 0 };
  return { type: 'run-finished', outcome: exited(status), seconds: 1, counts, failedTargets: [], hosts: [] };
}

/** `level title FILE:LINE first line of the text`. */
function brief(log: RunnerLog): string[] {
  return log.annotations.map(
    ({ level, title, file, line, message }) =>
      `${level} ${title ?? '-'} ${file ?? '-'}:${line ?? '-'} ${message.split('\n')[0] ?? ''}`,
  );
}

test('a C++ build that fails in templates, at the link and in a sub-directory', () => {
  const { lines } = annotate(cxxRun, { root: CXX_ROOT, exists: existsSync });
  expect(lines.replaceAll('%0A', '\n  ')).toBe(readFileSync(join(CXX_ROOT, 'annotations.txt'), 'utf8'));
});

test('runs of all kinds', () => {
  expect(brief(annotate(passingRun).log)).toEqual(['warning - a.c:1 unused']);
  expect(brief(annotate(failingRun).log)).toEqual([
    "error src/main.o failed src/main.c:3 expected ';'",
    'error x ::error::y failed -:- one',
  ]);
});

describe('what counts', () => {
  const error = 'a.c:1:1: error: no\n';

  test('what failed there and passed here says nothing, since only its last text is printed', () => {
    const of = recipe(1, 'a.o');
    const line = job(1, of);
    const events = [
      ended(line, build1, exited(1), 1, true),
      ended(line, undefined, exited(0), 1),
      text(line, '', ''),
      over(of, 'retried'),
    ];
    expect(annotate([...events, end(0)]).lines).toBe('');
  });

  test('an error in a recipe that passed is a warning', () => {
    expect(brief(annotate([...target(1, 'a.o', 0, error), end(0)]).log)).toEqual(['warning - a.c:1 no']);
  });

  test('so is one of a recipe whose failure make ignores', () => {
    const of = recipe(1, 'a.o');
    const line = job(1, of);
    const events = [text(line, '', error), ended(line, build1, exited(1), 1), over(of, 'remote'), end(0)];
    expect(brief(annotate(events).log)).toEqual(['warning a.o failed, which make ignores a.c:1 no']);
  });

  test('what was cancelled says nothing', () => {
    const of = recipe(1, 'a.o');
    const line = job(1, of);
    const failed = { job: line, outcome: { kind: 'cancelled' } as const, place: undefined };
    expect(
      annotate([text(line, '', error), ended(line, build1, { kind: 'cancelled' }, 1), over(of, 'remote', failed)])
        .lines,
    ).toBe('');
  });

  test('a target that fails though its line passed (its outputs were not taken) is an error', () => {
    const of = recipe(1, 'a.o');
    const line = job(1, of);
    const events = [
      ended(line, build1, exited(0), 1),
      text(line, '', ''),
      over(of, 'remote', { job: line, outcome: exited(1), place: build1 }),
    ];
    expect(brief(annotate([...events, end(2)]).log)).toEqual(['error a.o failed -:- a.o: status 1 on build1']);
  });

  test('a recipe that calls make is no cause, unless there is no other', () => {
    const of = recipe(9, 'all');
    const line = job(9, of);
    const caller = [
      text(line, 'make -C d\n'),
      ended(line, undefined, exited(2), 1),
      over(of, 'recursive', { job: line, outcome: exited(2), place: undefined }),
    ];
    expect(brief(annotate([...target(1, 'a.o', 1, error), ...caller, end(2)]).log)).toEqual([
      'error a.o failed a.c:1 no',
    ]);
    expect(brief(annotate([...caller, end(2)]).log)).toEqual(['error all failed -:- all: status 2']);
  });

  test('errors between the texts are errors when the run fails', () => {
    const words = [
      make("make[1]: Entering directory '/w/repo/d'\nMakefile:3: *** missing "),
      make('separator.  Stop.\n'),
    ];
    expect(brief(annotate([...words, end(2)]).log)).toEqual(['error make d/Makefile:3 missing separator.  Stop.']);
    expect(brief(annotate([...words, end(0)]).log)).toEqual(['warning make d/Makefile:3 missing separator.  Stop.']);
  });

  test('of a make that runs undistributed its own words are all there is', () => {
    expect(brief(annotate([make('cc x\nmake: *** [Makefile:3: x] Error 1\n'), end(2)]).log)).toEqual([
      'error make Makefile:3 x: Error 1',
    ]);
    expect(brief(annotate([make('x.c:1:1: error: no\nmake: *** [Makefile:3: x] Error 1\n'), end(2)]).log)).toEqual([
      'error - x.c:1 no',
    ]);
  });
});

describe('the most useful first', () => {
  test('first errors of each target, targets without a place, further errors', () => {
    const events = [
      ...target(
        1,
        'a.o',
        1,
        'ld: cannot find -lx\na.c:1:1: error: a1\na.c:2:1: error: a2\ncollect2: error: ld returned 1 exit status\n',
      ),
      ...target(2, 'test', 3, 'one\ntwo\n'),
      make('make: *** [Makefile:7: test] Error 3\n'),
      ...target(3, 'b.o', 1, 'b.c:1:1: error: b1\n'),
      ...target(4, 'c', 1, 'ld: cannot find -ly\n'),
      make("make: *** No rule to make target 'x', needed by 'y'.\n"),
      end(2),
    ];
    expect(brief(annotate(events).log)).toEqual([
      'error a.o failed a.c:1 a1',
      'error b.o failed b.c:1 b1',
      'error c failed -:- cannot find -ly',
      'error test failed Makefile:7 one',
      "error make -:- No rule to make target 'x', needed by 'y'.",
      'error a.o failed -:- cannot find -lx',
      'error a.o failed a.c:2 a2',
    ]);
  });

  test('no more than a step may have, and how many are not shown', () => {
    const output = Array.from(
      { length: 30 },
      (_, row) => `a.c:${row + 1}:1: error: e\nb.c:${row + 1}:1: warning: w\n`,
    ).join('');
    const { log } = annotate([...target(1, 'a.o', 1, output), end(2)], {
      left: (level) => (level === 'warning' ? 2 : 10),
    });
    expect([log.of('error').length, log.of('warning').length]).toEqual([10, 2]);
    expect(log.of('notice').map(({ message }) => message)).toEqual([
      '20 more errors, 28 more warnings are in the log: a step shows at most 10 of each.',
    ]);
    expect(log.outside).toEqual([]);
  });

  test('of any number in one recipe few are kept, and all are counted', () => {
    const output = Array.from({ length: 3001 }, (_, row) => `a.c:${row + 1}:1: warning: w\n`).join('');
    const { log } = annotate([...target(1, 'a.o', 0, output), end(0)]);
    expect(log.of('notice')[0]?.message).toMatch(/^2991 more warnings /);
    const errors = output.replaceAll('warning', 'error');
    expect(annotate([...target(1, 'a.o', 0, errors), end(0)]).log.of('notice')[0]?.message).toMatch(
      /^2991 more warnings /,
    );
    expect(annotate([...target(1, 'a.o', 2, errors), end(2)]).log.of('notice')[0]?.message).toMatch(
      /^2991 more errors /,
    );
    expect(annotate([make(errors), end(2)]).log.of('notice')[0]?.message).toMatch(/^2991 more errors /);
  });

  test('equal ones in one recipe are one, with their number', () => {
    const { log } = annotate([...target(1, 'a.o', 0, 'a.c:1:1: warning: w\n'.repeat(20_000)), end(0)]);
    expect(log.annotations.map(({ message }) => message)).toEqual(['w\nand 19999 more times']);
  });

  test('of any number of warnings few are kept, and all are counted', () => {
    const events = Array.from({ length: 3000 }, (_, id) =>
      target(id + 1, `${id}.o`, 0, `a${id}.c:1:1: warning: w\n`),
    ).flat();
    const { log } = annotate([...events, end(0)]);
    expect(log.of('warning')).toHaveLength(10);
    expect(log.of('notice')[0]?.message).toMatch(/^2990 more warnings /);
  });
});

test('the same one is reported once, with its number', () => {
  const events = Array.from({ length: 100 }, (_, id) =>
    target(id + 1, `${id}.o`, 1, 'In file included from x.c:1:\nx.h:3:1: error: no\n'),
  ).flat();
  const { log } = annotate([...events, end(2)]);
  expect(log.annotations).toHaveLength(1);
  expect(log.annotations[0]?.message).toBe('no\nfrom x.c:1\n0.o: status 1 on build1\nand 99 more times');
});

test('the same one is the same in the quotes of another locale', () => {
  const quotes = ["'x'", '\xe2\x80\x98x\xe2\x80\x99', "`x'"];
  const events = quotes.flatMap((word, id) => target(id + 1, `${id}.o`, 0, `a.h:1:1: warning: unused ${word}\n`));
  const { log } = annotate([...events, end(0)]);
  expect(log.annotations.map(({ message }) => message)).toEqual(["unused 'x'\nand 2 more times"]);
});

test('files of hosts, of sub-directories and of the system', () => {
  const staging = '/tmp/make-w-20260101';
  const ready: BuildEvent = {
    type: 'host-ready',
    host: host('h'),
    seconds: 1,
    files: 1,
    bytes: 1,
    sandbox: 'tree',
    slots: 1,
    staging,
    returned: false,
  };
  const there = new Set(['/w/repo/src/a.c', '/w/repo/sub/b.c', '/w/repo/c.c']);
  const of = recipe(9, 'b.o');
  const line = job(9, of, 'cd sub && cc -c b.c');
  const events = [
    ready,
    ...target(1, 'a.o', 1, `${staging}/l3/tree/src/a.c:1:1: error: a\n`),
    ...[
      ended(line, build1, exited(1), 1),
      text(line, '', 'b.c:2:2: error: b\n'),
      over(of, 'remote', { job: line, outcome: exited(1), place: build1 }),
    ],
    ...target(3, 'c.o', 1, 'In file included from c.c:3:\n/usr/include/x.h:9:1: error: c\n'),
    ...target(4, 'd.o', 1, '/usr/include/y.h:9:1: error: d\n'),
    end(2),
  ];
  const { log } = annotate(events, { exists: (path) => there.has(path) });
  expect(brief(log)).toEqual([
    'error a.o failed src/a.c:1 a',
    'error b.o failed sub/b.c:2 b',
    'error c.o failed c.c:3 c',
    'error d.o failed -:- /usr/include/y.h:9: d',
  ]);
  expect(log.annotations[2]?.message).toBe('c\nin /usr/include/x.h:9\nc.o: status 1 on build1');
});

test('a file that is not there is named in the text, with a line or without', () => {
  const output = 'a.c:0:1: warning: one\nb.c:2:1: warning: two\n';
  const { log } = annotate([...target(1, 'a.o', 0, output), end(0)], { exists: () => false });
  expect(brief(log)).toEqual(['warning - -:- a.c: one', 'warning - -:- b.c:2: two']);
});

describe('makes below, which do not tell where they are', () => {
  /** One target of one of them fails, silently. */
  function silent(id: number, name: string, directory: string): BuildEvent[] {
    const of = recipe(id, name, directory);
    const line = job(id, of);
    const failed = { job: line, outcome: exited(1), place: build1 };
    return [ended(line, build1, exited(1), 1), text(line, ''), over(of, 'remote', failed)];
  }

  /** A recipe that calls one. */
  function caller(id: number, command: string): BuildEvent[] {
    const of = recipe(id, `all${id}`);
    const line = job(id, of, command);
    return [
      { type: 'job-waits', job: line },
      ended(line, undefined, exited(2), 1),
      text(line, ''),
      over(of, 'recursive'),
    ];
  }

  const lengths = new Map([
    ['/w/repo/Makefile', 2],
    ['/w/repo/d/Makefile', 9],
    ['/w/repo/e/Makefile', 4],
  ]);
  const exists = (path: string, line = 0): boolean => line <= (lengths.get(path) ?? -1);

  test('a recipe’s line is in the makefile of its own make, and the target is named by its path', () => {
    const events = [
      ...caller(1, 'make -C d'),
      ...silent(2, 'x.o', '/w/repo/d'),
      make('make[1]: *** [Makefile:2: x.o] Error 1\n'),
      ...silent(3, 'x.o', '/w/repo/e'),
      make('make[1]: *** [Makefile:2: x.o] Error 1\nmake: *** [Makefile:2: all1] Error 2\n'),
      end(2),
    ];
    expect(brief(annotate(events, { exists }).log)).toEqual([
      'error d/x.o failed d/Makefile:2 d/x.o: status 1 on build1',
      'error e/x.o failed e/Makefile:2 e/x.o: status 1 on build1',
    ]);
  });

  test('what they say of makefiles has a place only where one of them can mean it', () => {
    const events = [
      make('Makefile:4: here\nMakefile:9: *** missing separator.  Stop.\n'),
      ...caller(1, 'make -C d'),
      ...caller(2, 'cd e && make'),
      end(2),
    ];
    expect(brief(annotate(events, { exists }).log)).toEqual([
      'error make d/Makefile:9 missing separator.  Stop.',
      'warning make -:- Makefile:4: here',
    ]);
  });

  test.each(['for d in d e; do make -C $d; done', './build.sh'])(
    'no place where %j hides where they are',
    (command) => {
      const events = [make('Makefile:2: here\n'), ...caller(1, command), end(0)];
      expect(brief(annotate(events, { exists }).log)).toEqual(['warning make -:- Makefile:2: here']);
    },
  );
});

describe('a run that was stopped', () => {
  const SIGINT = { kind: 'signaled', signal: 2 } as const;
  const SIGSEGV = { kind: 'signaled', signal: 11 } as const;

  function killed(id: number, name: string, outcome: typeof SIGINT | typeof SIGSEGV): BuildEvent[] {
    const of = recipe(id, name);
    const line = job(id, of);
    const failed = { job: line, outcome, place: build1 };
    return [ended(line, build1, outcome, 1), text(line, '', 'half\n'), over(of, 'remote', failed)];
  }

  const events = [
    ...killed(1, 'a', SIGINT),
    ...killed(2, 'b', SIGSEGV),
    make('make: *** wait: No child processes.  Stop.\nmake: *** [Makefile:1: c] Error 130\n'),
  ];
  const stopped: BuildEvent = {
    type: 'run-finished',
    outcome: SIGINT,
    seconds: 1,
    counts: { remote: 0, retried: 0, local: 0, recursive: 0 },
    failedTargets: [],
    hosts: [],
  };

  test.each([
    ['with an end', [stopped]],
    ['without one', []],
  ])('%s says nothing of what the same signal ended', (_, last) => {
    expect(brief(annotate([...events, ...last]).log)).toEqual(['error b failed -:- half']);
    expect(annotate([...killed(1, 'a', SIGINT), make('make: *** [Makefile:1: c] Error 130\n'), ...last]).lines).toBe(
      '',
    );
  });

  test('a signal that ends a recipe alone is its failure', () => {
    expect(brief(annotate([...events, end(2)]).log)).toEqual(['error a failed -:- half', 'error b failed -:- half']);
  });
});

test('the user’s own matchers go first, in what make says between the texts too, and an error of theirs is one', () => {
  const groups = { file: 1, line: 2, message: 3 };
  const matchers = [
    { owner: 'lint', severity: 'error', patterns: [{ regexp: /^(.+)@(\d+) (.+)$/, groups, loop: false }] },
  ] as const;
  const events = [...target(1, 'lint', 0, 'a.js@3 bad: error: x\n'), make('b.js@4 worse\n'), end(0)];
  expect(brief(annotate(events, { matchers }).log)).toEqual([
    'error lint a.js:3 bad: error: x',
    'error lint b.js:4 worse',
  ]);
});

test('a matcher that takes too long is named', () => {
  const matchers = [
    { owner: 'slow', severity: 'error', patterns: [{ regexp: /^(a+)+$/, groups: { message: 1 }, loop: false }] },
  ] as const;
  const { log } = annotate([...target(1, 'x', 0, `${'a'.repeat(60)}!\n`), end(0)], { matchers });
  expect(log.of('warning')[0]?.message).toMatch(/^problem matcher slow: /);
});

test('a run that was cut short tells what it knows', () => {
  const of = recipe(1, 'a.o');
  const line = job(1, of);
  const events = [
    ended(line, build1, exited(1), 1),
    over(of, 'remote', { job: line, outcome: exited(1), place: build1 }),
    make('Makefile:3: *** no.  Stop.'),
  ];
  expect(brief(annotate(events).log)).toEqual([
    'error make Makefile:3 no.  Stop.',
    'error a.o failed -:- a.o: status 1 on build1',
  ]);
});
