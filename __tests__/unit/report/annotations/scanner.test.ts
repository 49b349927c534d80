import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Diagnostic } from '../../../../src/report/annotations/diagnostic.ts';
import { eachLine } from '../../../../src/report/annotations/lines.ts';
import { Scanner } from '../../../../src/report/annotations/scanner.ts';
import { encode } from '../../../../src/util/bytes.ts';

function scan(text: string, ofMake = false): { problems: Diagnostic[]; verdicts: [string, Diagnostic][] } {
  const problems: Diagnostic[] = [];
  const verdicts: [string, Diagnostic][] = [];
  const scanner = new Scanner({
    directory: '/w/repo/src',
    ofMake,
    onProblem: (problem) => problems.push(problem),
    onVerdict: (target, verdict) => verdicts.push([target, verdict]),
  });
  eachLine(encode(text), (line) => scanner.line(line));
  return { problems, verdicts };
}

/** `severity FILE:LINE:COLUMN message`, for each problem. */
function brief(text: string, ofMake = false): string[] {
  return scan(text, ofMake).problems.map(({ severity, spot, message }) => `${severity} ${place(spot)} ${message}`);
}

function place(spot: Diagnostic['spot']): string {
  return spot ? [spot.file, spot.line, spot.column].filter((part) => part !== undefined).join(':') : '-';
}

describe('one line', () => {
  test.each([
    ['a.c:3:5: error: expected ;', 'error a.c:3:5 expected ;'],
    ['a.c:3: error: x', 'error a.c:3 x'],
    ['a.c:0:0: error: x', 'error a.c x'],
    ['a.h:1:10: fatal error: b.h: No such file', 'error a.h:1:10 b.h: No such file'],
    [
      "../x.cc:7:1: warning: unused variable 'i' [-Wunused-variable]",
      "warning ../x.cc:7:1 unused variable 'i' [-Wunused-variable]",
    ],
    ['\x1b[01m\x1b[Ka.c:3:5:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[m\x1b[Kno', 'error a.c:3:5 no'],
    ['a.c:3:5: error: x [\x1b]8;;https://gcc.gnu.org/x\x07-Werror\x1b]8;;\x07]', 'error a.c:3:5 x [-Werror]'],
    ['a.c:3:5: error: x\r', 'error a.c:3:5 x'],
    ['50 %\r100 %\ra.c:3:5: error: x', 'error a.c:3:5 x'],
    ['my file.c:3:5: error: x', 'error my file.c:3:5 x'],
    ['a.c:9:1: sorry, unimplemented: x', 'error a.c:9:1 sorry, unimplemented: x'],
    [
      'a.c:9:1: internal compiler error: Segmentation fault',
      'error a.c:9:1 internal compiler error: Segmentation fault',
    ],
    ['a.s:3: Error: no such instruction', 'error a.s:3 no such instruction'],
    ['p.y:3.5-7: error: x', 'error p.y:3:5 x'],
    [
      'cc1plus: fatal error: none.cpp: No such file or directory',
      'error - cc1plus: fatal error: none.cpp: No such file or directory',
    ],
    ['gcc: error: unrecognized option', 'error - gcc: error: unrecognized option'],
    ['collect2: error: ld returned 1 exit status', 'error - collect2: error: ld returned 1 exit status'],
    ["/usr/bin/ld: a.c:12: undefined reference to `f'", "error a.c:12 undefined reference to `f'"],
    ["/w/m.c:3: undefined reference to `f'", "error /w/m.c:3 undefined reference to `f'"],
    ["a.c:(.text+0x1f): undefined reference to `f'", "error a.c undefined reference to `f'"],
    [
      "ld: a.o:(.data+0x0): multiple definition of `x'; b.o:(.data+0x0): first defined here",
      "error a.o multiple definition of `x'; b.o:(.data+0x0): first defined here",
    ],
    [
      '/usr/bin/ld: cannot find -lnothing: No such file or directory',
      'error - cannot find -lnothing: No such file or directory',
    ],
    ['aarch64-linux-gnu-ld.bfd: cannot find x.o', 'error - cannot find x.o'],
    ['/usr/bin/ld.gold: error: cannot find -lx', 'error - /usr/bin/ld.gold: error: cannot find -lx'],
    ["(.text+0x17): undefined reference to `main'", "error - undefined reference to `main'"],
    ['a.c:0:1: warning: x', 'warning a.c x'],
    ["b.cpp:5: error: undefined reference to 'f()'", "error b.cpp:5 undefined reference to 'f()'"],
    ['ld.lld: error: undefined symbol: f()', 'error - ld.lld: error: undefined symbol: f()'],
    [
      'ld: warning: x.o: missing .note.GNU-stack section',
      'warning - ld: warning: x.o: missing .note.GNU-stack section',
    ],
    ['Makefile:3: *** missing separator.  Stop.', 'error Makefile:3 missing separator.  Stop.'],
    [
      "make[1]: *** No rule to make target 'x', needed by 'y'.  Stop.",
      "error - No rule to make target 'x', needed by 'y'.  Stop.",
    ],
    ['make: Circular a <- b dependency dropped.', 'warning - Circular a <- b dependency dropped.'],
    ['make: warning: jobserver unavailable: using -j1.', 'warning - jobserver unavailable: using -j1.'],
  ])('%j', (line, expected) => {
    expect(brief(line)).toEqual([expected]);
  });

  test.each([
    ['a.c:3:5: note: only that'],
    ['a.c: In function ‘f’:'],
    ['12:30:10: done'],
    ['cc -c -Werror a.c'],
    ['error: no place and nobody who says it'],
    ['make: *** Waiting for unfinished jobs....'],
    ['make: *** wait: No child processes.  Stop.'],
    ["make: *** Deleting file 'x'"],
    ["make: Nothing to be done for 'all'."],
    ['make: [Makefile:3: x] Error 1 (ignored)'],
    ['make: *** [Makefile:3: x] Error 1'],
    ['a.c:3: grep found this'],
    ['Makefile:3: this is no make that speaks'],
    ['https://example.org:80: error'],
    [''],
  ])('nothing in %j', (line) => {
    expect(brief(line)).toEqual([]);
  });

  test('longer than any tool writes: its beginning tells', () => {
    const [problem] = scan(`a.c:3:5: error: ${'x'.repeat(100_000)}`).problems;
    expect(problem?.spot?.line).toBe(3);
    expect(problem?.message.length).toBeLessThan(4096);
  });
});

describe('several lines', () => {
  test('gcc: includes, of every problem in that file', () => {
    const [first, second, third] = scan(`In file included from b.h:2,
                 from a.c:1:
/usr/include/x.h:9:1: error: one
a.c:5:1: error: between
/usr/include/x.h:10:1: error: two
`).problems;
    const way = [
      { file: 'b.h', line: 2, column: undefined },
      { file: 'a.c', line: 1, column: undefined },
    ];
    expect([first?.via, second?.via, third?.via]).toEqual([way, [], way]);
  });

  test('clang: includes come the other way round', () => {
    const [problem] = scan(
      'In file included from a.c:1:\nIn file included from ./b.h:2:\n./x.h:9:1: error: one\n',
    ).problems;
    expect(problem?.via.map(({ file }) => file)).toEqual(['./b.h', 'a.c']);
  });

  test('gcc: instantiations end with the next function', () => {
    const [inside, after] = scan(`/usr/x.h: In instantiation of ‘f<int>’:
/usr/y.h:3:1:   recursively required from ‘g<int>’
a.c:7:2:   required from here
/usr/x.h:9:1: error: one
/usr/x.h: In function ‘h’:
/usr/x.h:20:1: error: two
`).problems;
    expect(inside?.via.map(({ file, line }) => `${file}:${line}`)).toEqual(['/usr/y.h:3', 'a.c:7']);
    expect(after?.via).toEqual([]);
  });

  test('clang: instantiations and macros come as notes', () => {
    const [problem] = scan(`/usr/x.h:9:1: error: one
a.cpp:7:2: note: in instantiation of function template specialization 'f<int>' requested here
a.h:3:1: note: expanded from macro 'M'
`).problems;
    expect(problem?.via.map(({ file }) => file)).toEqual(['a.cpp', 'a.h']);
  });

  test('notes belong to the problem before them, and are few', () => {
    const notes = Array.from({ length: 10 }, (_, index) => `b.h:${index + 1}:1: note: n${index}\n`).join('');
    const [first, second] = scan(`a.c:1:1: error: one\n    1 | x\n      | ^\n${notes}a.c:2:1: error: two\n`).problems;
    expect(first?.notes.map(({ text }) => text)).toEqual(['n0', 'n1', 'n2']);
    expect(second?.notes).toEqual([]);
  });

  test('ld: the object whose source is named, and where the other definition is', () => {
    const [first, second] = scan(`ld: lib/b.o: in function \`f':
b.c:(.text+0x1): undefined reference to \`g'
ld: c.o:(.data+0x0): multiple definition of \`x'; b.o:/w/repo/src/b.c:4: first defined here
`).problems;
    expect(first?.spot).toMatchObject({ file: 'b.c', object: 'lib/b.o' });
    expect(second?.via).toEqual([{ file: '/w/repo/src/b.c', line: 4, column: undefined }]);
  });

  test('lld: who refers to it', () => {
    const [problem] = scan(`ld.lld: error: undefined symbol: f()
>>> referenced by b.cpp:5 (src/b.cpp:5)
>>>               b.o:(b())
>>> referenced by c.cpp:6
`).problems;
    expect(problem?.via.map(({ file, line }) => `${file}:${line}`)).toEqual(['src/b.cpp:5', 'c.cpp:6']);
    expect(problem?.notes).toHaveLength(2);
  });

  test('make: a rule that is there twice is one problem', () => {
    const [problem, ...others] = scan(`Makefile:5: warning: overriding recipe for target 'a'
Makefile:3: warning: ignoring old recipe for target 'a'
`).problems;
    expect(problem).toMatchObject({ severity: 'warning', notes: [{ text: "ignoring old recipe for target 'a'" }] });
    expect(others).toEqual([]);
  });
});

describe('make', () => {
  test('enters directories and leaves them', () => {
    const { problems } = scan(`make[1]: Entering directory '/w/repo/d'
make[2]: Entering directory ‘/w/repo/d/e’
a.c:1:1: error: inner
make[1]: *** No rule to make target 'x'.
make[2]: Leaving directory ‘/w/repo/d/e’
a.c:1:1: error: middle
make[1]: Leaving directory '/w/repo/d'
a.c:1:1: error: outer
`);
    expect(problems.map(({ directory }) => directory)).toEqual([
      '/w/repo/d/e',
      '/w/repo/d',
      '/w/repo/d',
      '/w/repo/src',
    ]);
  });

  test('does not always tell where it is', () => {
    const text = 'Makefile:1: *** no.  Stop.\nmake[1]: *** one\nmake: *** two\na.c:1:1: error: three\n';
    const directories = (ofMake: boolean): unknown[] => scan(text, ofMake).problems.map(({ directory }) => directory);
    expect(directories(true)).toEqual([undefined, undefined, '/w/repo/src', undefined]);
    expect(directories(false)).toEqual([undefined, undefined, '/w/repo/src', '/w/repo/src']);
  });

  test('its own remarks count where it speaks, and in makefiles', () => {
    expect(brief('Makefile:3: set FOO\nlib/rules.mk:9: old\na.c:3: text\n', true)).toEqual([
      'warning Makefile:3 set FOO',
      'warning lib/rules.mk:9 old',
    ]);
    expect(brief("make[1]: Entering directory '/w/repo/d'\nMakefile:3: set FOO\n")).toEqual([
      'warning Makefile:3 set FOO',
    ]);
  });

  test('verdicts tell the line of the makefile', () => {
    const { verdicts } = scan('make[1]: *** [sub/Makefile:3: a: b.o] Error 2\nmake: *** [<builtin>: c.o] Killed\n');
    expect(verdicts).toMatchObject([
      ['a: b.o', { spot: { file: 'sub/Makefile', line: 3 }, message: 'a: b.o: Error 2' }],
      ['c.o', { spot: undefined, message: 'c.o: Killed' }],
    ]);
  });
});

test('whatever is printed, it is read to its end', () => {
  const piece = fc.constantFrom(
    ':',
    '1',
    ':1:1: error: ',
    '*** ',
    '/',
    'a',
    '\n',
    '\r',
    ' ',
    'ld: ',
    '\x1b[m',
    'make: ',
    '[',
    ']',
    '(.',
    '; ',
    '\n\n',
    'In file included from ',
    '                 from ',
    ' required from ',
    '>>> referenced by ',
    ': note: ',
    ' first defined here',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
      const { problems } = scan(`${pieces.join('')}\na.c:1:1: error: the last\n`);
      expect(problems.at(-1)?.message).toBe('the last');
    }),
    { numRuns: 1000 },
  );
});
