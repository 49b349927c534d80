import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { markName } from '../../../src/bulk/mark-name.ts';
import { parseMark } from '../../../src/bulk/mark-text.ts';
import { Marks } from '../../../src/bulk/marks.ts';

const source = join(import.meta.dirname, '../../../src/bulk/marks.ts');
let folder: string;
let now: number;
/** The processes that run, with their births. */
const running = new Map<number, string>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'marks-'));
  now = Date.parse('2026-05-01T10:00:00.000Z');
  running.clear();
});
afterEach(() => rmSync(folder, { recursive: true }));

function marksOf(pid: number, host = 'here', machine = 'boot 1'): Marks {
  for (const one of [pid, pid + 1, pid + 2]) running.set(one, `born ${one}`);
  const born = (of: number): string | undefined => running.get(of);
  return new Marks(join(folder, 'locks'), { self: { host, machine, pid, born: `born ${pid}` }, born, now: () => now });
}

const taking = (target: string, pid: number, removable = true): Parameters<Marks['take']>[0] => ({
  target,
  path: join(folder, target),
  removable,
  make: pid + 1,
  line: pid + 2,
  place: 'build1',
  start: now,
});

/** The run and its make are gone, and the line that ran. */
function kill(pid: number): void {
  for (const one of [pid, pid + 1, pid + 2]) running.delete(one);
}

const file = (target: string): string => join(folder, 'locks', markName(target));

describe('a mark', () => {
  test('is made once, by one run, and tells who makes what where since when', () => {
    const first = marksOf(10);
    expect(first.take(taking('a/b.o', 10))).toBe(true);
    expect(marksOf(20).take(taking('a/b.o', 20))).toBe(false);
    expect(readFileSync(file('a/b.o'), 'utf8')).toBe(
      `target=a/b.o\npid=10\nborn=born 10\nhost=here\nmachine=boot 1\nmake=11 born 11\nplace=build1\nstart=2026-05-01T10:00:00.000Z\nfile=${folder}/a/b.o\nwas=none\nline=12 born 12\n`,
    );
    expect(marksOf(20).look('a/b.o')).toMatchObject({ kind: 'taken', owner: 'process 10 on here', start: now });
  });

  test('goes when its run drops it, and no other run can', () => {
    const first = marksOf(10);
    first.take(taking('a', 10));
    marksOf(20).drop('a');
    expect(existsSync(file('a'))).toBe(true);
    first.drop('a');
    expect(existsSync(file('a'))).toBe(false);
  });

  test.each([
    [{ kind: 'exited', status: 3 } as const, 'status=3'],
    [{ kind: 'signaled', signal: 9 } as const, 'status=SIGKILL'],
  ])('of a failure stays, also when its run is gone: %j', (outcome, line) => {
    const first = marksOf(10);
    first.take(taking('a', 10));
    now += 1500;
    first.fail('a', outcome);
    kill(10);
    expect(readFileSync(file('a'), 'utf8')).toContain(`\n${line}\nend=2026-05-01T10:00:01.500Z\n`);
    const second = marksOf(20);
    expect(second.look('a')).toMatchObject({ kind: 'failed', outcome });
    expect(second.take(taking('a', 20))).toBe(false);
  });

  test('that does not fit on the disk is none', () => {
    const script = `import { Marks } from ${JSON.stringify(source)};
      const self = { host: 'h', machine: 'm', pid: 1, born: '' };
      new Marks('locks', { self, born: () => '', now: () => 0 })
        .take({ target: 'a', path: '/a', make: 1, line: 1, removable: true, place: '', start: 0 });`;
    const limited = `trap '' XFSZ; ulimit -f 0; exec "$0" --input-type=module`;
    const { stderr } = spawnSync('sh', ['-c', limited, process.execPath], { cwd: folder, input: script });
    expect(String(stderr)).toContain('EFBIG');
    expect(readdirSync(join(folder, 'locks'))).toEqual([]);
  });

  test('that its run takes anew says what is so now', () => {
    const first = marksOf(10);
    first.take(taking('a', 10));
    first.fail('a', { kind: 'exited', status: 1 });
    expect(first.take({ ...taking('a', 10), place: 'build2' })).toBe(true);
    expect(parseMark(readFileSync(file('a'), 'latin1'))).toMatchObject({ outcome: undefined, place: 'build2' });
  });
});

describe('what a dead run has left', () => {
  test.each([
    ['a file that it has written', true, 'half', false],
    ['not a file that is as it was', true, undefined, true],
    ['not the file of a phony or precious target', false, 'half', true],
  ])('the mark is cleared, and %s', (_, removable, written, kept) => {
    const target = join(folder, 'a');
    writeFileSync(target, 'old');
    utimesSync(target, 1, 1);
    marksOf(10).take(taking('a', 10, removable));
    if (written !== undefined) writeFileSync(target, written);
    kill(10);
    expect(marksOf(20).all()).toEqual([]);
    expect(readdirSync(join(folder, 'locks'))).toEqual([]);
    expect(existsSync(target)).toBe(kept);
  });

  test('a directory is no half-made target', () => {
    marksOf(10).take(taking('a', 10));
    mkdirSync(join(folder, 'a'));
    kill(10);
    expect(marksOf(20).look('a')).toBeUndefined();
    expect(existsSync(join(folder, 'a'))).toBe(true);
  });

  test('is cleared to the end by the next when a run died over it', () => {
    marksOf(10).take(taking('a', 10));
    writeFileSync(join(folder, 'a'), 'half');
    kill(10);
    writeFileSync(join(folder, 'locks/%dead-15-a'), readFileSync(file('a')));
    rmSync(file('a'));
    expect(marksOf(20).all()).toEqual([]);
    expect(existsSync(join(folder, 'a'))).toBe(false);
    expect(readdirSync(join(folder, 'locks'))).toEqual([]);
  });

  test('a process id that is used again is another process', () => {
    marksOf(10).take(taking('a', 10));
    for (const one of [10, 11, 12]) running.set(one, 'later');
    expect(marksOf(20).look('a')).toBeUndefined();
  });
});

describe('is respected', () => {
  test('of a run whose make still lives', () => {
    marksOf(10).take(taking('a', 10));
    running.delete(10);
    expect(marksOf(20).look('a')).toMatchObject({
      kind: 'taken',
      owner: 'make, process 11, left by a run that was killed',
    });
  });

  test('of a run of which only a line still runs, the one that began last', () => {
    const first = marksOf(10);
    first.take(taking('a', 10));
    running.set(15, 'born 15');
    first.goesOn('a', 15);
    kill(10);
    const second = marksOf(20);
    expect(second.look('a')).toMatchObject({
      kind: 'taken',
      owner: 'a line of its recipe, process 15, left by a run that was killed',
    });
    running.delete(15);
    expect(second.look('a')).toBeUndefined();
  });

  test.each(['boot 2', ''])('of a machine of the same name that is another, or may be: %j', (machine) => {
    const owner = 'process 10 on here (another machine, container or boot of that name)';
    marksOf(10, 'here', machine).take(taking('a', 10));
    kill(10);
    expect(marksOf(20, 'here', 'boot 1').look('a')).toMatchObject({ kind: 'taken', owner });
    expect(marksOf(20, 'here', '').look('a')).toMatchObject({ kind: 'taken', owner });
  });

  test('what is there but is no file, at once', () => {
    const marks = marksOf(20);
    mkdirSync(file('a'));
    expect(marks.take(taking('a', 20))).toBe(false);
    expect(marks.look('a')).toEqual({ kind: 'unreadable', file: file('a') });
    marks.drop('a');
    expect(marks.all()).toMatchObject([{ kind: 'unreadable' }]);
  });

  test('of another machine, whatever runs here', () => {
    marksOf(10, 'there').take(taking('a', 10));
    kill(10);
    expect(marksOf(20).all()).toMatchObject([{ kind: 'taken', owner: 'process 10 on there' }]);
  });

  test.each(['', 'target=a\n', 'no mark', 'target=a\npid=x\nborn=1\nhost=h\nmake=1 2\nstart=2026-01-01T00:00:00Z\n'])(
    'what cannot be read is left, but not before it may have been written: %j',
    (text) => {
      const marks = marksOf(20);
      writeFileSync(file('a'), text);
      utimesSync(file('a'), now / 1000, now / 1000);
      expect(marks.look('a')).toMatchObject({ kind: 'taken' });
      now += 5000;
      expect(marks.look('a')).toEqual({ kind: 'unreadable', file: file('a') });
      expect(readFileSync(file('a'), 'utf8')).toBe(text);
    },
  );
});

test('the marks of failures are forgotten for those items that are asked for', () => {
  const marks = marksOf(10);
  for (const target of ['a', 'b', 'c']) marks.take(taking(target, 10));
  for (const target of ['a', 'b']) marks.fail(target, { kind: 'exited', status: 1 });
  marksOf(20).forgetFailures((target) => target !== 'b');
  expect(readdirSync(join(folder, 'locks')).sort()).toEqual(['b', 'c']);
});

describe('names of marks', () => {
  test.each([
    ['lang/perl5', 'lang.perl5'],
    ['perl-5.36', 'perl-5%2E36'],
    ['..', '%2E%2E'],
    ['a b%', 'a%20b%25'],
  ])('%s', (target, name) => {
    expect(markName(target)).toBe(name);
  });

  test('no two targets share one, and each can be a file', () => {
    const target = fc.string({ unit: fc.constantFrom('a', '.', '/', '%', ' ', '2', 'E'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(target, target, (one, other) => {
        expect(markName(one)).toMatch(/^[^/]+$/);
        expect(markName(one) === markName(other)).toBe(one === other);
      }),
    );
    const long = 'x/'.repeat(400);
    expect(markName(long).length).toBeLessThanOrEqual(200);
    expect(markName(long)).not.toBe(markName(`${long}y`));
  });
});
