import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { beginMarker, endMarker, OutputParser, type OutputParserOptions } from '../../../src/make/output-parser.ts';
import { parseVerdict, type Verdict } from '../../../src/make/verdict.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import type { Job } from '../../../src/model/job.ts';

const NONCE = '0123abcd';
const B = (id: number): string => beginMarker(NONCE, id);
const E = (id: number): string => endMarker(NONCE, id);

function job(id: number, command: string, target = `t${id}`): Job {
  const recipe = { id, make: 1, target, directory: '/w' };
  return { id, recipe, directory: '/w', argv: [], command, environment: [], umask: 0o22, prerequisites: undefined };
}

/** What came out: `[id, echo, output]` for a job, a string for make's text. */
type Piece = readonly [number, string, string] | string;

function pieceOf(event: BuildEvent): Piece {
  if (event.type === 'job-text') return [event.job.id, event.echo, event.output];
  if (event.type === 'make-text') return event.text;
  throw new Error(event.type);
}

function run(chunks: readonly string[], jobs: readonly Job[], more: Partial<OutputParserOptions> = {}): Piece[] {
  const pieces: Piece[] = [];
  const parser = new OutputParser({
    nonce: NONCE,
    jobById: (id) => jobs.find((one) => one.id === id),
    isRecursive: () => false,
    isSynchronised: ({ command }) => !command.startsWith('make '),
    rewrite: (text) => text,
    emit: (event) => pieces.push(pieceOf(event)),
    ...more,
  });
  for (const chunk of chunks) parser.push(Buffer.from(chunk, 'latin1'));
  parser.end();
  return pieces;
}

describe('jobs that follow one another', () => {
  test('an echo belongs to the job behind it, also over several lines with other white space', () => {
    const jobs = [job(1, 'echo one; \\\n\techo two'), job(2, 'echo silent')];
    const stream = `echo one; \\\n  echo two\n${B(1)}one\ntwo\n${E(1)}${B(2)}silent\n${E(2)}`;
    expect(run([stream], jobs)).toEqual([
      [1, 'echo one; \\\n  echo two\n', 'one\ntwo\n'],
      [2, '', 'silent\n'],
    ]);
  });

  test('what stands before the echo is make text', () => {
    const stream = `Makefile:3: target 'x' does not exist\ncc x.c\n${B(1)}${E(1)}`;
    expect(run([stream], [job(1, 'cc x.c')])).toEqual(["Makefile:3: target 'x' does not exist\n", [1, 'cc x.c\n', '']]);
  });

  test('text that only ends like the command is no echo', () => {
    expect(run([`make: cc x.c\n${B(1)}${E(1)}`], [job(1, 'cc x.c')])).toEqual(['make: cc x.c\n', [1, '', '']]);
  });

  test('.ONESHELL: prefixes of inner lines are in the echo and not in the command', () => {
    const stream = `a\n@b\n\t-c\n${B(1)}${E(1)}`;
    expect(run([stream], [job(1, 'a\nb\nc')])).toEqual([[1, 'a\n@b\n\t-c\n', '']]);
  });

  test('an echo of empty lines before the first line of a stream ends the search', () => {
    expect(run([`\n\n${B(1)}${E(1)}`], [job(1, 'x')])).toEqual(['\n\n', [1, '', '']]);
  });

  test('our link is put back in echoes and make text, output stays as it is', () => {
    const rewrite = (text: string): string => text.replaceAll('/tmp/d/sh', '/bin/sh');
    const stream = `info /tmp/d/sh\n/tmp/d/sh x\n${B(1)}out /tmp/d/sh\n${E(1)}`;
    expect(run([stream], [job(1, '/bin/sh x')], { rewrite })).toEqual([
      'info /bin/sh\n',
      [1, '/bin/sh x\n', 'out /tmp/d/sh\n'],
    ]);
  });

  test('a marker with another nonce, or an unknown job, is text', () => {
    const foreign = beginMarker('ffff', 1);
    expect(run([`${B(1)}a${foreign}b${E(1)}${B(9)}c\n${E(9)}`], [job(1, 'x')])).toEqual([
      [1, '', `a${foreign}b`],
      'c\n',
    ]);
  });

  test('a job whose end never comes is closed by the end of the stream', () => {
    expect(run([`${B(1)}half`], [job(1, 'x')])).toEqual([[1, '', 'half']]);
  });
});

describe('recursive recipes', () => {
  const jobs = [job(1, 'make -C d', 'sub'), job(2, 'echo x'), job(3, 'echo hi', 'plus')];
  const stream =
    `make -C d\n${B(1)}make[1]: Entering directory '/w/d'\necho x\n${B(2)}x\n${E(2)}` +
    `make[1]: Leaving directory '/w/d'\n${E(1)}make: Nothing to be done for 'y'.\n`;

  test('jobs inside come out in order, the rest is make text, nothing twice', () => {
    expect(run([stream], jobs, { isRecursive: (id) => id === 1 })).toEqual([
      [1, 'make -C d\n', ''],
      "make[1]: Entering directory '/w/d'\n",
      [2, 'echo x\n', 'x\n'],
      "make[1]: Leaving directory '/w/d'\n",
      "make: Nothing to be done for 'y'.\n",
    ]);
  });

  test('the same when it is known only once a job of the inner make begins', () => {
    let asked = 0;
    const pieces = run([stream], jobs, { isRecursive: (id) => id === 1 && ++asked > 1 });
    expect(pieces).toEqual(run([stream], jobs, { isRecursive: (id) => id === 1 }));
  });

  test('a line marked + is not synchronised either, and keeps its output', () => {
    const mixed = `${B(3)}hi\necho x\n${B(2)}x\n${E(2)}more\n${E(3)}`;
    expect(run([mixed], jobs)).toEqual([
      [2, 'echo x\n', 'x\n'],
      [3, '', 'hi\nmore\n'],
    ]);
  });
});

describe('a make begins and ends while the text of a job is handed out', () => {
  const sub = 'make -C d';
  const jobs = [job(1, '@seq', 'flood'), job(2, sub, 'sub'), job(3, sub, 'other')];
  const text = Array.from({ length: 40 }, (_, at) => `${at} of what it prints\n`).join('');
  const cut = (...at: readonly number[]): string[] => [0, ...at].map((from, index) => text.slice(from, at[index]));
  const [a = '', b = '', c = '', d = '', e = ''] = cut(100, 207, 333, 402);
  /** Known once the first thing has begun or ended behind it; at once; never. */
  const knowing: readonly (() => (id: number) => boolean)[] = [
    () => {
      const asked = new Set<number>();
      return (id) => id > 1 && (asked.has(id) || !asked.add(id));
    },
    () => (id) => id > 1,
    () => () => false,
  ];

  test.each([
    ['within it', a + B(2) + b + E(2) + c + d + e, ''],
    ['before it, and ends within it', B(2) + B(1) + a + b + E(2) + c + d + e, ''],
    ['within it, and ends behind it', a + b + c + B(2) + d + e + E(1) + E(2), ''],
    ['within it, one in another', a + B(2) + b + B(3) + c + E(2) + d + E(3) + e, ''],
    ['before it, and another in it', B(2) + B(1) + a + B(3) + b + E(2) + c + E(3) + d + e, ''],
    ['with an echo in the middle of a line', `${a}${sub}\n${b}${B(2)}${c}${E(2)}${d}${e}`, `${sub}\n`],
    ['with an echo between two lines', `${text.slice(0, 21)}${sub}\n${B(2)}${E(2)}${text.slice(21)}`, `${sub}\n`],
  ])('%s: it stays whole', (_, middle, echo) => {
    const stream = (middle.includes(B(1)) ? '' : B(1)) + middle + (middle.includes(E(1)) ? '' : E(1));
    for (const known of knowing) {
      const all = run([stream], jobs, { isRecursive: known() });
      expect(all.filter((piece) => piece[0] === 1)).toEqual([[1, '', text]]);
      const others = all.filter((piece) => piece[0] !== 1);
      expect(others.map((piece) => (typeof piece === 'string' ? piece : piece[1] + piece[2])).join('')).toBe(echo);
      expect(run([...stream], jobs, { isRecursive: known() })).toEqual(all);
    }
  });

  test('what it prints before and behind that is its own', () => {
    const stream = `${sub}\n${B(2)}one\n@seq\n${B(1)}${a}${B(3)}${b}${E(1)}two\n${E(3)}three\n${E(2)}four\n`;
    const pieces = run([stream], jobs, { isRecursive: (id) => id > 1 });
    expect(pieces.filter((piece) => piece[0] === 1)).toEqual([[1, '@seq\n', a + b]]);
    expect(pieces.filter((piece) => typeof piece === 'string')).toEqual(['one\n', 'two\n', 'three\n', 'four\n']);
  });

  test('a short command is not looked for in what another prints', () => {
    const stream = `${B(1)}use make\nor ninja\n${B(2)}${E(2)}${E(1)}`;
    expect(run([stream], [job(1, '@seq'), job(2, 'make')], { isSynchronised: ({ id }) => id === 1 })).toEqual([
      [2, '', ''],
      [1, '', 'use make\nor ninja\n'],
    ]);
  });

  test('and is not rewritten there', () => {
    const rewrite = (one: string): string => one.replaceAll('/tmp/d/sh', '/bin/sh');
    const stream = `${B(1)}/tmp/d/sh\n/tmp/d/sh x\n${B(2)}${E(2)}${E(1)}`;
    expect(run([stream], [job(1, '@seq'), job(2, '/bin/sh x')], { rewrite })).toEqual([
      [2, '/bin/sh x\n', ''],
      [1, '', '/tmp/d/sh\n'],
    ]);
  });
});

describe("make's verdicts", () => {
  test.each<[string, Partial<Verdict> | undefined]>([
    [
      'make: *** [Makefile:3: foo] Error 1',
      { makefileLine: 'Makefile:3', target: 'foo', status: 1, ignored: false, level: 0 },
    ],
    [
      'gmake[12]: *** [../a b.mk:30: x.o] Error 127',
      { makefileLine: '../a b.mk:30', target: 'x.o', status: 127, level: 12 },
    ],
    ['make: *** [<builtin>: x.o] Error 1', { makefileLine: '<builtin>', target: 'x.o' }],
    ['make: *** [all] Error 2', { makefileLine: undefined, target: 'all', status: 2 }],
    ['make: [Makefile:5: a] Error 1 (ignored)', { target: 'a', status: 1, ignored: true }],
    ['make: *** [Makefile:5: y] Killed', { target: 'y', status: undefined, ignored: false }],
    ['make: *** [Makefile:5: y] Segmentation fault (core dumped)', { target: 'y', status: undefined }],
    ['make: *** [Makefile:5: y] Error 1 shuffle=7', { target: 'y', status: 1 }],
    ["make: *** No rule to make target 'x'.  Stop.", undefined],
    ['make: *** Waiting for unfinished jobs....', undefined],
    ['make: [a] Error 1', undefined],
    ['tool: [info] done', undefined],
  ])('%s', (line, expected) => {
    const verdict = parseVerdict(line);
    if (expected === undefined) expect(verdict).toBeUndefined();
    else expect(verdict).toMatchObject(expected);
  });

  test('the hook is called before the event; a dropped line is gone and not told', () => {
    const seen: unknown[] = [];
    const stream = `${B(1)}${E(1)}make: *** [Makefile:1: t1] Error 1\nmake: *** [Makefile:2: c] Error 130\nmake: rest\n`;
    run([stream], [job(1, 'false')], {
      onVerdict: (verdict) => seen.push(`verdict ${verdict.target}`),
      dropVerdict: (target) => target === 'c',
      emit: (event) => seen.push(pieceOf(event)),
    });
    expect(seen).toEqual([[1, '', ''], 'verdict t1', 'make: *** [Makefile:1: t1] Error 1\n', 'make: rest\n']);
  });

  test('it comes out at once, not only with the next job', () => {
    const pieces: Piece[] = [];
    const parser = new OutputParser({
      nonce: NONCE,
      jobById: () => undefined,
      isRecursive: () => false,
      isSynchronised: () => true,
      rewrite: (text) => text,
      emit: (event) => pieces.push(pieceOf(event)),
    });
    parser.push(Buffer.from('make: *** [Makefile:1: t1] Error 1\n'));
    expect(pieces).toEqual(['make: *** [Makefile:1: t1] Error 1\n']);
  });

  test('it ends a job whose shim was killed', () => {
    const stream = `${B(1)}half\nmake: *** [Makefile:1: t1] Killed\necho x\n${B(2)}x\n${E(2)}`;
    expect(run([stream], [job(1, 'cc'), job(2, 'echo x')])).toEqual([
      [1, '', 'half\n'],
      'make: *** [Makefile:1: t1] Killed\n',
      [2, 'echo x\n', 'x\n'],
    ]);
  });

  test('in the output of a job it is just output', () => {
    const stream = `${B(1)}make[1]: *** [Makefile:1: other] Error 1\n${E(1)}`;
    const told: Verdict[] = [];
    expect(run([stream], [job(1, 'x')], { onVerdict: (verdict) => told.push(verdict) })).toEqual([
      [1, '', 'make[1]: *** [Makefile:1: other] Error 1\n'],
    ]);
    expect(told).toEqual([]);
  });
});

describe('bounds', () => {
  test('a long output keeps its head and its tail', () => {
    const [piece] = run([`${B(1)}${'a'.repeat(500)}${'b'.repeat(700)}${E(1)}`], [job(1, 'x')], { jobTextLimit: 100 });
    expect(piece).toEqual([1, '', `${'a'.repeat(50)}\n[... 1100 bytes left out ...]\n${'b'.repeat(50)}`]);
  });

  test('megabytes of lines outside of jobs come out before the stream ends, all of them', () => {
    const line = `${'x'.repeat(99)}\n`;
    const text = line.repeat(30_000);
    const pieces = run([text], []);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.every((piece) => typeof piece === 'string' && piece.endsWith('\n'))).toBe(true);
    expect(pieces.join('') === text).toBe(true);
  });

  test('megabytes of short lines inside a job take no more than moments', () => {
    const text = 'warning: x\n'.repeat(400_000);
    const start = performance.now();
    const [piece] = run([B(1) + text + E(1)], [job(1, 'x')]);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(piece?.[2] === text).toBe(true);
  });
});

describe('the whole of a long output', () => {
  /** Files that were opened, by job; undefined: discarded. */
  function spooling(refuse = false) {
    const files = new Map<number, string | undefined>();
    const spool: OutputParserOptions['spool'] = ({ id }) => {
      if (refuse) return undefined;
      files.set(id, (files.get(id) ?? '') + '<');
      return {
        write: (text) => files.set(id, (files.get(id) ?? '') + text),
        close: () => `output/${id}`,
        discard: () => files.set(id, undefined),
      };
    };
    return { files, spool };
  }

  function filesOf(stream: string, more: Partial<OutputParserOptions>): unknown[] {
    const found: unknown[] = [];
    const emit: OutputParserOptions['emit'] = (event) => {
      if (event.type === 'job-text') found.push([event.job.id, event.file, event.output.length]);
    };
    run([stream], [job(1, 'x'), job(2, 'y')], { ...more, emit });
    return found;
  }

  test('goes to a file once a log may leave some out, all of it', () => {
    const { files, spool } = spooling();
    const text = 'a line of what it prints\n'.repeat(500_000);
    const stream = `${B(1)}${text}${E(1)}${B(2)}${'z\n'.repeat(999)}${E(2)}`;
    expect(filesOf(stream, { spool, jobTextLimit: 600_000 })).toEqual([
      [1, 'output/1', expect.any(Number)],
      [2, undefined, 1998],
    ]);
    expect(files.get(1) === `<${text}`).toBe(true);
    expect(files.has(2)).toBe(false);
  });

  test('the lines of a recipe are shown together: what comes behind the first thousand goes to files', () => {
    const { files, spool } = spooling();
    const jobs = [1, 2, 3, 4].map((id) => ({
      ...job(id, 'x'),
      recipe: { ...job(1, 'x').recipe, id: id === 4 ? 2 : 1 },
    }));
    const text = 'x\n'.repeat(600);
    run([jobs.map(({ id }) => B(id) + text + E(id)).join('')], jobs, { spool });
    expect([...files]).toEqual([
      [2, `<${text}`],
      [3, `<${text}`],
    ]);
  });

  test('so do few lines of many bytes', () => {
    const { files, spool } = spooling();
    filesOf(`${B(1)}${'x'.repeat(200_000)}${E(1)}`, { spool });
    expect(files.get(1)).toHaveLength(200_001);
  });

  test('also of a job that was killed, and at the end of the stream', () => {
    const { files, spool } = spooling();
    const text = 'x'.repeat(20) + '\n';
    expect(
      filesOf(`${B(1)}${text}make: *** [Makefile:1: t1] Killed\n${B(2)}${text}`, { spool, jobTextLimit: 10 }),
    ).toEqual([
      [1, 'output/1', expect.any(Number)],
      [2, 'output/2', expect.any(Number)],
    ]);
    expect([...files.values()]).toEqual([`<${text}`, `<${text}`]);
  });

  test('where there is no place for it nothing changes', () => {
    const stream = `${B(1)}${'x'.repeat(20)}${E(1)}`;
    expect(run([stream], [job(1, 'x')], { ...spooling(true), jobTextLimit: 10 })).toEqual(
      run([stream], [job(1, 'x')], { jobTextLimit: 10 }),
    );
  });

  test('what turns out to be the text of a make has none', () => {
    const { files, spool } = spooling();
    let asked = 0;
    const stream = `${B(1)}${'x'.repeat(2_000_000)}${B(2)}${E(2)}${E(1)}`;
    filesOf(stream, { spool, isRecursive: (id) => id === 1 && ++asked > 1 });
    expect([...files]).toEqual([[1, undefined]]);
  });
});

/** Streams of markers in any order, echoes, verdicts, pieces of markers, and bytes. */
const jobs = [job(1, 'cc -c a.c'), job(2, 'make -C d'), job(3, '\n  x \\\n y'), job(4, '')];
const token = fc.oneof(
  fc.constantFrom(1, 2, 3, 4, 77).map(B),
  fc.constantFrom(1, 2, 3, 4, 77).map(E),
  fc.constantFrom('cc -c a.c\n', 'make -C d\n', ' x \\\n\ty\n', '\n', 'make: *** [Makefile:1: t1] Error 1\n'),
  fc.constantFrom(
    "make[1]: Entering directory '/'\n",
    'make: [t3] Error 1 (ignored)\n',
    '\x1e',
    `\x1eD${NONCE}`,
    `${B(1).slice(0, -1)}`,
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text).toString('latin1')),
);
const streams = fc.array(token, { maxLength: 40 }).map((tokens) => tokens.join(''));
const isRecursive = (id: number): boolean => id === 2;

describe('any stream', () => {
  test('gives the same events however it is cut', () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(200), { maxLength: 30 }), (stream, sizes) => {
        const chunks: string[] = [];
        let rest = stream;
        for (const size of sizes) {
          chunks.push(rest.slice(0, size));
          rest = rest.slice(size);
        }
        const whole = run([stream], jobs, { isRecursive });
        expect(run([...chunks, rest], jobs, { isRecursive })).toEqual(whole);
        expect(run([...stream], jobs, { isRecursive })).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  test('loses no byte and doubles none', () => {
    const sorted = (text: string): string => [...text].sort().join('');
    fc.assert(
      fc.property(streams, (stream) => {
        // Every marker that the parser can see goes, everything else stays.
        const text = stream.replace(new RegExp(`\\x1eD${NONCE}[BE]\\d{1,15}\\x1e`, 'g'), '');
        const pieces = run([stream], jobs, { isRecursive });
        expect(
          sorted(pieces.flatMap((piece) => (typeof piece === 'string' ? piece : [piece[1], piece[2]])).join('')),
        ).toBe(sorted(text));
      }),
      { numRuns: 500 },
    );
  });
});
