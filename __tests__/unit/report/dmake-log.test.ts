import { describe, expect, test } from '@jest/globals';
import type { BuildEvent, Place } from '../../../src/model/event.ts';
import { HOST_DEFAULTS } from '../../../src/model/host.ts';
import type { Job } from '../../../src/model/job.ts';
import { DmakeLog, type DmakeOutputMode } from '../../../src/report/dmake-log.ts';
import { encode } from '../../../src/util/bytes.ts';
import { build1, build2, ended, exited, host, job, make, over, recipe, text } from '../../fixtures/report/runs.ts';

const PARALLEL = 'k -j4 -Otarget --jobserver-auth=3,4';
const SERIAL = ' -j1 -Otarget --no-print-directory -- V=-j4';

/** Standard output and standard error of a log of these events. */
function logsOf(mode: DmakeOutputMode, events: readonly BuildEvent[]): { readonly out: string; readonly err: string } {
  const logs = { out: '', err: '' };
  const log = new DmakeLog({
    mode,
    runner: 'here',
    write: (piece) => (logs.out += piece),
    say: (line) => (logs.err += line),
  });
  for (const event of events) log.handle(event);
  log.finish();
  return logs;
}

const txt1 = (...events: readonly BuildEvent[]): string => logsOf('TXT1', events).out;
const txt2 = (...events: readonly BuildEvent[]): string => logsOf('TXT2', events).out;

function line(id: number, target: number, command = '', flags = PARALLEL): Job {
  return { ...job(id, recipe(target, `t${target}`), command), environment: [`MAKEFLAGS=${flags}`] };
}

function begun(of: Job, place: Place, echo?: string): BuildEvent {
  return { type: 'job-started', job: of, place, ...(echo !== undefined && { echo }) };
}

/** It runs, ends with status 0 and is told. */
function whole(of: Job, place: Place, echo: string, output = ''): BuildEvent[] {
  return [begun(of, place), ended(of, place, exited(0), 1), text(of, echo, output)];
}

const a = line(1, 1);
const b = line(2, 2);
const c = line(3, 3);

describe('one job at one time', () => {
  test('its commands stand below the header of its start, and once more with its output', () => {
    const events = whole(a, build1, 'cc -c a.c\n', 'a.c:1: warning: x\n');
    expect(txt1(...events)).toBe('build1 --> 1 job\ncc -c a.c\nbuild1 --> Job output\ncc -c a.c\na.c:1: warning: x\n');
    expect(txt2(...events)).toBe('cc -c a.c\na.c:1: warning: x\n');
  });

  test('without output there is no second header', () => {
    const events = [...whole(a, build1, 'cc -c a.c\n'), ...whole(b, build2, 'cc -c b.c\n')];
    expect(txt1(...events)).toBe('build1 --> 1 job\ncc -c a.c\nbuild2 --> 1 job\ncc -c b.c\n');
    expect(txt2(...events)).toBe('cc -c a.c\ncc -c b.c\n');
  });

  test('silenced commands are not shown', () => {
    const events = [...whole(a, build1, '', 'said\n'), ...whole(b, build1, '')];
    expect(txt1(...events)).toBe('build1 --> 1 job\nbuild1 --> Job output\nsaid\nbuild1 --> 1 job\n');
    expect(txt2(...events)).toBe('said\n');
  });

  test('with make -s there are no headers', () => {
    const quiet = line(1, 1, '', 'ks -j4');
    expect(txt1(...whole(quiet, build1, '', 'said\n'))).toBe('said\n');
  });
});

describe('several jobs at one time', () => {
  const start = [begun(a, build1), begun(b, build1), begun(c, build2)];

  test('starts are told at once, with how many run there; blocks are whole, in the order in which jobs end', () => {
    const events = [
      ...start,
      ended(b, build1, exited(0), 2),
      text(b, 'run b\n', 'b 1\nb 2\n'),
      ended(a, build1, exited(0), 3),
      text(a, 'run a\n', 'a 1\na 2\n'),
    ];
    const starts = 'build1 --> 1 job\nbuild1 --> 2 jobs\nbuild2 --> 1 job\n';
    const blocks = ['build1 --> Job output\n', 'run b\nb 1\nb 2\n', 'build1 --> Job output\n', 'run a\na 1\na 2\n'];
    expect(txt1(...start)).toBe(starts);
    expect(txt1(...events)).toBe(starts + blocks.join(''));
    expect(txt2(...events)).toBe('run b\nb 1\nb 2\nrun a\na 1\na 2\n');
  });

  test('commands that come late are not shown as those of another job', () => {
    const events = [...start, ended(a, build1, exited(0), 1), text(a, 'cc -c a.c\n')];
    expect(txt1(...events)).toMatch(/\nbuild2 --> 1 job\nbuild1 --> Job output\ncc -c a.c\n$/);
    expect(txt2(...events)).toBe('cc -c a.c\n');
  });

  test('commands that are known when a job starts stand below its header', () => {
    const events = [
      begun(a, build1, 'cc -c a.c\n'),
      begun(b, build1, ''),
      begun(c, build2, 'cc -c c.c\n'),
      ended(a, build1, exited(0), 1),
      text(a, 'cc -c a.c\n'),
      ended(b, build1, exited(0), 1),
      text(b, ''),
      ended(c, build2, exited(0), 1),
      text(c, 'cc -c c.c\n', 'warning\n'),
    ];
    expect(txt1(...events)).toBe(
      'build1 --> 1 job\ncc -c a.c\nbuild1 --> 2 jobs\nbuild2 --> 1 job\ncc -c c.c\nbuild2 --> Job output\ncc -c c.c\nwarning\n',
    );
    expect(txt2(...events)).toBe('cc -c a.c\ncc -c c.c\nwarning\n');
  });

  test('the place of one that has ended is free for the next', () => {
    const events = [...start, ended(a, build1, exited(0), 1), begun(line(4, 4), build1)];
    expect(txt1(...events)).toMatch(/\nbuild1 --> 2 jobs\n$/);
  });
});

describe('recipes of several lines', () => {
  const lines = [line(1, 1), line(4, 1), line(5, 1)] as const;
  const [one, two, three] = lines;

  test('are one job: one header, one block', () => {
    const events = [
      begun(one, build1),
      begun(b, build1),
      ended(one, build1, exited(0), 1),
      begun(two, build1),
      ended(two, build1, exited(0), 1),
      text(one, 'first\n', '1\n'),
      text(two, '', '2\n'),
      ended(b, build1, exited(0), 1),
      text(b, 'other\n'),
    ];
    expect(txt1(...events)).toBe(
      'build1 --> 1 job\nbuild1 --> 2 jobs\nbuild1 --> Job output\nfirst\n1\n2\nbuild1 --> Job output\nother\n',
    );
    expect(txt2(...events)).toBe('first\n1\n2\nother\n');
  });

  test("make's words between two lines stay there", () => {
    const events = [
      begun(one, build1),
      ended(one, build1, exited(1), 1),
      begun(two, build1),
      ended(two, build1, exited(0), 1),
      text(one, 'false\n'),
      make('make: [Makefile:2: t1] Error 1 (ignored)\n'),
      text(two, 'true\n'),
    ];
    const block = 'false\nmake: [Makefile:2: t1] Error 1 (ignored)\ntrue\n';
    expect(txt1(...events)).toBe(`build1 --> 1 job\nfalse\ntrue\nbuild1 --> Job output\n${block}`);
    expect(txt2(...events)).toBe(block);
  });

  test('when make runs one recipe at a time, the texts of the lines come apart, and are one block', () => {
    const [first, second] = [line(1, 1, '', SERIAL), line(4, 1, '', SERIAL)];
    const next = line(2, 2, '', SERIAL);
    const events = [
      ...whole(first, undefined, '-false\n', 'oops\n'),
      make('make: [Makefile:2: t1] Error 1 (ignored)\n'),
      ...whole(second, undefined, 'true\n'),
    ];
    const block = '-false\noops\nmake: [Makefile:2: t1] Error 1 (ignored)\ntrue\n';
    const shown = `here --> 1 job\n-false\ntrue\nhere --> Job output\n${block}`;
    expect(txt1(...events)).toBe(shown);
    expect(txt1(...events, begun(next, build1))).toBe(`${shown}build1 --> 1 job\n`);
    expect(txt1(...events, make('make: the end\n'))).toBe(`${shown}make: the end\n`);
    expect(txt2(...events, ...whole(next, build1, 'next\n'))).toBe(`${block}next\n`);
  });

  test('what another interrupts comes out whole all the same', () => {
    const events = [
      ...lines.map((of) => begun(of, build1)),
      ...lines.map((of) => ended(of, build1, exited(0), 1)),
      text(one, '', '1\n'),
      text(two, '', '2\n'),
      ...whole(b, build2, '', 'b\n'),
      text(three, '', '3\n'),
    ];
    expect(txt2(...events)).toBe('1\n2\nb\n3\n');
    expect(txt1(...events)).toBe(
      'build1 --> 1 job\nbuild2 --> 1 job\nbuild1 --> Job output\n1\n2\nbuild2 --> Job output\nb\nbuild1 --> Job output\n3\n',
    );
  });
});

describe('failures', () => {
  test("a target that fails is named by make's own line behind its block", () => {
    const events = [
      begun(a, build1),
      ended(a, build1, exited(2), 1),
      text(a, 'cc -c a.c\n', 'a.c:1: error\n'),
      over(a.recipe, 'remote', { job: a, outcome: exited(2), place: build1 }),
      make('make: *** [Makefile:1: t1] Error 2\n'),
    ];
    const block = 'cc -c a.c\na.c:1: error\n';
    expect(txt1(...events)).toBe(
      `build1 --> 1 job\ncc -c a.c\nbuild1 --> Job output\n${block}make: *** [Makefile:1: t1] Error 2\n`,
    );
    expect(txt2(...events)).toBe(`${block}make: *** [Makefile:1: t1] Error 2\n`);
  });

  test("a recipe that make gives up is printed before make's words on it, whatever is missing", () => {
    const lost = line(4, 1);
    const events = [
      begun(a, build1),
      ended(a, build1, exited(0), 1),
      begun(lost, build1),
      ended(lost, build1, exited(2), 1),
      text(a, '', '1\n'),
      over(a.recipe, 'remote', { job: lost, outcome: exited(2), place: build1 }),
      make('make: *** [Makefile:1: t1] Error 2\n'),
    ];
    expect(txt2(...events)).toBe('1\nmake: *** [Makefile:1: t1] Error 2\n');
  });

  test('one that is run again on the runner starts twice and is told once', () => {
    const events = [
      begun(a, build1),
      ended(a, build1, exited(1), 1, true),
      begun(a, undefined),
      ended(a, undefined, exited(0), 1),
      text(a, 'cc -c a.c\n', 'done\n'),
      ...whole(b, build1, ''),
    ];
    expect(txt1(...events)).toBe(
      'build1 --> 1 job\nhere --> 1 job\ncc -c a.c\nhere --> Job output\ncc -c a.c\ndone\nbuild1 --> 1 job\n',
    );
    expect(txt2(...events)).toBe('cc -c a.c\ndone\n');
  });

  test('what never ran is not shown', () => {
    const events = [ended(a, undefined, { kind: 'cancelled' }, 0), text(a, 'cc -c a.c\n')];
    expect([txt1(...events), txt2(...events)]).toEqual(['', '']);
  });

  test('one that is killed shows what it printed, told before or after its end', () => {
    const end = ended(a, build1, { kind: 'cancelled' }, 1);
    const told = text(a, 'run\n', 'half\n');
    expect(txt2(begun(a, build1), end, told)).toBe('run\nhalf\n');
    expect(txt2(begun(a, build1), told, end)).toBe('run\nhalf\n');
  });

  test('a job that cannot start anywhere shows why', () => {
    const events = [ended(a, undefined, exited(2), 0), text(a, 'cc\n', 'distmake: no host is left\n')];
    expect(txt1(...events)).toBe('here --> Job output\ncc\ndistmake: no host is left\n');
  });

  test('a run that is cut short prints what it has', () => {
    const second = line(4, 1);
    const events = [
      begun(a, build1),
      ended(a, build1, exited(0), 1),
      begun(second, build1),
      ended(second, build1, exited(0), 1),
      text(a, '', 'half\n'),
    ];
    expect(txt2(...events)).toBe('half\n');
    let out = '';
    const log = new DmakeLog({ mode: 'TXT2', runner: 'here', write: (piece) => (out += piece), say: () => undefined });
    for (const event of events) log.handle(event);
    expect(out).toBe('');
    log.finish();
    log.finish();
    expect(out).toBe('half\n');
  });
});

describe('recipes that call make', () => {
  const sub = line(1, 1, 'make -C d');
  const prepare = line(4, 1);
  const words = "make[1]: Nothing to be done for 'all'.\n";

  test('have no headers, and do not count', () => {
    const events = [
      begun(sub, undefined),
      begun(b, undefined),
      text(sub, 'make -C d\n'),
      make("make[1]: Entering directory '/w/repo/d'\n"),
      ended(b, undefined, exited(0), 1),
      text(b, 'true\n'),
      make(words),
      ended(sub, undefined, exited(0), 2),
      over(sub.recipe, 'recursive'),
    ];
    const entering = "make -C d\nmake[1]: Entering directory '/w/repo/d'\n";
    const blocks = `here --> Job output\n${entering}here --> Job output\ntrue\n${words}`;
    expect(txt1(...events)).toBe(`here --> 1 job\n${blocks}`);
    expect(txt2(...events)).toBe(`${entering}true\n${words}`);
  });

  test('are bare where nothing else has started', () => {
    const events = [begun(sub, undefined), text(sub, 'make -C d\n'), ...whole(b, build1, 'true\n'), make(words)];
    expect(txt1(...events)).toBe(`make -C d\nbuild1 --> 1 job\ntrue\n${words}`);
  });

  test('end what make, that runs one recipe at a time, has printed of the lines before', () => {
    const [first, second, inner] = [line(1, 1, '', SERIAL), line(2, 1, 'make -C d', SERIAL), line(3, 2, '', SERIAL)];
    const start = [...whole(first, undefined, 'mkdir d\n', 'made\n'), begun(second, undefined)];
    const shown = 'here --> 1 job\nmkdir d\nhere --> Job output\nmkdir d\nmade\n';
    const below = { ...inner, recipe: { ...inner.recipe, make: 200 } };
    expect(txt1(...start, text(second, 'make -C d\n'), ...whole(below, undefined, 'true\n'))).toBe(
      `${shown}make -C d\nhere --> 1 job\ntrue\n`,
    );
    expect(txt1(...start, begun(below, undefined))).toBe(`${shown}here --> 1 job\n`);
  });

  test('also where the make said too little to be told while the line ran', () => {
    const events = [begun(sub, undefined), ended(sub, undefined, exited(0), 1), text(sub, 'make -C d\n'), make(words)];
    expect(txt1(...events)).toBe(`make -C d\n${words}`);
  });

  test('by a script are known when their text comes before their end', () => {
    const script = line(1, 1, './build-all');
    const events = [begun(script, undefined), text(script, './build-all\n'), begun(b, undefined), make(words)];
    expect(txt1(...events)).toBe(`here --> 1 job\n./build-all\nhere --> 1 job\n${words}`);
  });

  test('on a host as a whole are jobs like any other', () => {
    expect(txt1(...whole(sub, build1, 'make -C d\n', words))).toBe(
      `build1 --> 1 job\nmake -C d\nbuild1 --> Job output\nmake -C d\n${words}`,
    );
  });

  test('the lines before and behind are jobs of their own', () => {
    const events = [
      ...whole(prepare, undefined, 'mkdir d\n'),
      begun(sub, undefined),
      text(sub, 'make -C d\n'),
      ended(sub, undefined, exited(0), 1),
      ...whole(line(5, 1), undefined, 'touch t1\n', 'touched\n'),
    ];
    expect(txt1(...events)).toBe(
      'here --> 1 job\nmkdir d\nmake -C d\nhere --> 1 job\ntouch t1\nhere --> Job output\ntouch t1\ntouched\n',
    );
  });
});

test('names of hosts: bare localhost is the runner, and none passes for another line', () => {
  const local = { ...HOST_DEFAULTS, ...host('localhost'), local: true };
  expect(txt1(begun(a, local), begun(b, undefined))).toBe('here --> 1 job\nhere --> 2 jobs\n');
  expect(txt1(begun(a, host('evil\x1b[2J\nbuild2 --> 9 jobs')))).toBe('evil build2 --> 9 jobs --> 1 job\n');
  expect(txt1(begun(a, host('bücher')))).toBe(encode('bücher --> 1 job\n'));
});

test('bytes are printed as they are; a header begins a line', () => {
  const output = '\xff::error::\r\x1b[2J\x00';
  const events = [...whole(a, build1, '', output), make('make: \xe9')];
  expect(txt2(...events, ...whole(b, build1, '', 'b'))).toBe(`${output}make: \xe9b`);
  expect(txt1(...events, begun(b, build1))).toBe(
    `build1 --> 1 job\nbuild1 --> Job output\n${output}make: \xe9\nbuild1 --> 1 job\n`,
  );
});

test('faults are told on standard error, notices and what hosts are doing are not', () => {
  const { out, err } = logsOf('TXT1', [
    { type: 'run-started', hosts: [build1], jobs: 2, localJobs: 0, processors: 2, time: 0 },
    {
      type: 'host-ready',
      host: build1,
      seconds: 1,
      files: 1,
      bytes: 1,
      sandbox: 'overlay',
      slots: 4,
      staging: '/tmp/make-w',
      returned: false,
    },
    { type: 'message', level: 'notice', text: 'hosts: build1' },
    { type: 'message', level: 'warning', text: 'setup printed nothing' },
    { type: 'host-lost', host: build1, reason: 'gone', benched: false },
  ]);
  expect({ out, err }).toEqual({ out: '', err: 'distmake: setup printed nothing\ndistmake: build1: left out: gone\n' });
});
