import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Matchers } from '../../../../src/report/annotations/matchers.ts';
import { readProblemMatchers } from '../../../../src/report/annotations/read-problem-matchers.ts';
import { decode, encode } from '../../../../src/util/bytes.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'matchers-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(data: unknown, name = 'matcher.json'): string {
  const path = join(folder, name);
  writeFileSync(path, typeof data === 'string' ? data : JSON.stringify(data));
  return path;
}

const matcher = (...pattern: object[]): object => ({ problemMatcher: [{ owner: 'tool', pattern }] });
const SIMPLE = { regexp: '^(.+):(\\d+): (.+)$', file: 1, line: 2, message: 3 };

/** `severity FILE:LINE:COLUMN message` of every line that is one. */
function found(paths: readonly string[], text: string): string[] {
  const matchers = new Matchers(readProblemMatchers(paths), () => undefined);
  return matchers.match(encode(text).split('\n')).flatMap((match) => {
    if (!match) return [];
    const { severity, spot, message } = match;
    const place = [spot?.file, spot?.line, spot?.column].filter((part) => part !== undefined).join(':');
    return [`${severity} ${place} ${decode(message)}`];
  });
}

describe('reading', () => {
  test('comments, a byte order mark, keys of others and flags in front are no trouble', () => {
    const path = file(`\ufeff{ // a comment with "quotes"
      "problemMatcher": [{ "owner": "o", "__comment": "http://x", /* more
      */ "severity": "Warning", "pattern": [{ "regexp": "(?i)^E//(.+)$", "message": 1, "endColumn": 4 }] }] }`);
    const [read] = readProblemMatchers([path]);
    expect(read).toMatchObject({ owner: 'o', severity: 'warning' });
    expect(read?.patterns[0]?.regexp).toEqual(/^E\/\/(.+)$/i);
  });

  test('of two with the same owner the last one counts, and what came last is asked first', () => {
    const first = file(
      {
        problemMatcher: [
          { owner: 'A', pattern: [SIMPLE] },
          { owner: 'b', pattern: [SIMPLE] },
        ],
      },
      '1.json',
    );
    const second = file({ problemMatcher: [{ owner: 'a', severity: 'notice', pattern: [SIMPLE] }] }, '2.json');
    expect(readProblemMatchers([first, second]).map(({ owner }) => owner)).toEqual(['a', 'b']);
  });

  test.each<[string, unknown, RegExp]>([
    ['what is no JSON', '{"problemMatcher": [}', /it is not JSON: Unexpected token '\}'/],
    ['what is none at all', [], /the file must be an object that has "problemMatcher"|problemMatcher is not there/],
    ['no matcher', { problemMatcher: [] }, /problemMatcher must not be empty/],
    ['no owner', { problemMatcher: [{ pattern: [SIMPLE] }] }, /problemMatcher\[0\]\.owner is not there/],
    ['no pattern', { problemMatcher: [{ owner: 'o', pattern: [] }] }, /pattern must have at least one pattern/],
    [
      'an unknown severity',
      { problemMatcher: [{ owner: 'o', severity: 'bad', pattern: [SIMPLE] }] },
      /severity must be "error"/,
    ],
    ['a regexp that is none', matcher({ regexp: '(', message: 1 }), /matcher "tool": "regexp" cannot be read: .*\(/],
    ['a group that is not there', matcher({ regexp: '(a)', message: 2 }), /"message" is group 2, and "regexp" has 1/],
    [
      'text for a group',
      matcher({ regexp: '(a)', message: '1' }),
      /pattern\[0\]\.message must be the number of a group/,
    ],
    ['no message', matcher({ regexp: '(a)', file: 1 }), /one of its patterns must set "message"/],
    ['a part that is set twice', matcher(SIMPLE, SIMPLE), /pattern 2: "file" is set in pattern 1 already/],
    ['a loop of one pattern', matcher({ ...SIMPLE, loop: true }), /only the last of several patterns may have "loop"/],
    [
      'a loop without a message',
      matcher(SIMPLE, { regexp: 'x', loop: true }),
      /pattern 2: the pattern with "loop" must set "message"/,
    ],
  ])('says what is wrong: %s', (_, data, expected) => {
    expect(() => readProblemMatchers([file(data, 'bad.json')])).toThrow(expected);
    expect(() => readProblemMatchers([file(data, 'bad.json')])).toThrow(/problem matcher \S+bad\.json: /);
  });

  test('says so when there is no such file', () => {
    expect(() => readProblemMatchers([join(folder, 'none.json')])).toThrow(/none\.json: it cannot be read/);
  });
});

describe('what is found', () => {
  test('with all parts of one line', () => {
    const path = file(
      matcher({
        regexp: '^(.+): line (\\d+), col (\\d+), (Error|Warning|Info) - (.+) \\((.+)\\)$',
        file: 1,
        line: 2,
        column: 3,
        severity: 4,
        message: 5,
        code: 6,
      }),
    );
    const text = `a.js: line 5, col 1, Error - ‘x’ is bad (no-x)
b.js: line 6, col 2, Warning - y (no-y)
c.js: line 7, col 3, Info - z (no-z)
d.js: other`;
    expect(found([path], text)).toEqual(['error a.js:5:1 ‘x’ is bad (no-x)', 'warning b.js:6:2 y (no-y)']);
  });

  test('over several lines, again and again', () => {
    const path = file(
      matcher(
        { regexp: '^([^\\s].*)$', file: 1 },
        {
          regexp: '^\\s+(\\d+):(\\d+)\\s+(error|warning)\\s+(.*)\\s\\s+(.*)$',
          line: 1,
          column: 2,
          severity: 3,
          message: 4,
          code: 5,
          loop: true,
        },
      ),
    );
    const text = `test.js
  1:0   error    Missing "use strict"      strict
  5:10  warning  'f' is never used         no-unused-vars

  6:1   error    after the end of it       strict
x.js
  7:1   error    again                     strict`;
    expect(found([path], text)).toEqual([
      'error test.js:1:0 Missing "use strict" (strict)',
      "warning test.js:5:10 'f' is never used (no-unused-vars)",
      'error x.js:7:1 again (strict)',
    ]);
  });

  test('over several lines without a loop: each only behind the one before', () => {
    const path = file(
      matcher(
        { regexp: '^at (.+)$', file: 1 },
        { regexp: '^line (\\d+)$', line: 1 },
        { regexp: '^says (.+)$', message: 1 },
      ),
    );
    expect(found([path], 'at a\nline 1\nsays x\nsays y\nat b\nother\nline 2\nsays z\nat c\nline 3\nsays w')).toEqual([
      'error a:1 x',
      'error c:3 w',
    ]);
  });

  test('relative to another file that is named (fromPath)', () => {
    const path = file(
      matcher({ regexp: '^(.+)\\((\\d+)\\): (.+) \\[(.+)\\]$', file: 1, line: 2, message: 3, fromPath: 4 }),
    );
    expect(found([path], 'src/a.cs(3): x [lib/p.proj]\n/abs/a.cs(4): y [lib/p.proj]')).toEqual([
      'error lib/src/a.cs:3 x',
      'error /abs/a.cs:4 y',
    ]);
  });

  test('by the first that knows the line, after which the others begin anew', () => {
    const path = file({
      problemMatcher: [
        {
          owner: 'two',
          pattern: [
            { regexp: '^in (.+)$', file: 1 },
            { regexp: '^(.+)$', message: 1 },
          ],
        },
        { owner: 'one', pattern: [{ regexp: '^ERR (.+)$', message: 1 }] },
      ],
    });
    expect(found([path], 'in a\nERR x\nplain\nin b\nplain')).toEqual(['error  x', 'error b plain']);
  });
});

test('an expression that does not end is used no more; the others find what they find', () => {
  const path = file({
    problemMatcher: [
      { owner: 'fine', pattern: [SIMPLE] },
      { owner: 'endless', pattern: [{ regexp: '^(a+)+$', message: 1 }] },
    ],
  });
  const gone: string[] = [];
  const matchers = new Matchers(readProblemMatchers([path]), (owner) => gone.push(owner), 20);
  const lines = ['a.c:1: x', `${'a'.repeat(60)}!`, 'a.c:2: y'];
  expect(matchers.match(lines).map((match) => match?.spot?.line)).toEqual([1, undefined, 2]);
  expect(gone).toEqual(['endless']);
  expect(matchers.match(['aaa'])).toEqual([undefined]);
});
