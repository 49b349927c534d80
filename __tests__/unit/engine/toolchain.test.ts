import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { machine, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runnerTools } from '../../../src/build/toolchain.ts';
import type { Answer } from '../../../src/engine/ports.ts';
import { ToolCheck, type RunnerTools } from '../../../src/engine/toolchain-check.ts';
import { ToolModel } from '../../../src/engine/toolchain-model.ts';
import { firstDifference, readAnswers, toolProgram, toolsOf, type ToolAnswer } from '../../../src/engine/toolchain.ts';
import { archDiffers } from '../../../src/model/arch.ts';
import { encode } from '../../../src/util/bytes.ts';
import { hostOf, settled } from './rig.ts';

const said = (text: string, status = 0): ToolAnswer => ({ status, text: encode(text) });
const ABSENT = said('', 127);

test.each([
  ['x86_64', 'amd64', false],
  ['aarch64', 'ARM64', false],
  ['i386', 'i686', false],
  [' x86_64 ', 'x86_64', false],
  ['x86_64', 'i686', true],
  ['aarch64', 'x86_64', true],
  ['riscv64', 'riscv64', false],
  ['armv7l', 'aarch64', true],
])('processors %s and %s: differ %s', (a, b, expected) => {
  expect(archDiffers(a, b)).toBe(expected);
  expect(archDiffers(b, a)).toBe(expected);
});

test('what is compared', () => {
  const commands = (...wanted: Parameters<typeof toolsOf>): string[] =>
    toolsOf(...wanted).map(({ command }) => command);
  expect(commands(undefined, 'local')).toEqual(['cc --version', 'uname -m']);
  expect(commands(undefined, 'never')).toEqual(['cc --version', 'cc -dumpmachine']);
  expect(commands([], 'never')).toEqual([]);
  expect(commands(['a', 'b'], 'never')).toEqual(['a', 'b']);
});

describe.each([['dash'], ['bash'], ['busybox', 'sh']])('the program in %s', (...shell) => {
  const answersOf = (commands: readonly string[]): ReturnType<typeof readAnswers> => {
    const program = toolProgram(toolsOf(commands, 'local'), 'n0');
    const [file = '', ...flags] = shell;
    const stdout = execFileSync(file, [...flags, '-c', program], {
      encoding: 'latin1',
      env: { PATH: process.env['PATH'] },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    return readAnswers(stdout, 'n0');
  };

  test('each command has its own shell, no input, and its status', () => {
    const commands = [
      "printf 'a\\n b\\n\\n\\n'",
      'printf none; exit 3',
      'cat; x=1; set -e; false',
      'echo [$x]; echo no >&2; false',
      'echo "it\'s" # a comment',
      'no-such-program',
      'if',
      'echo é',
      'printf "n1 0\\n"',
    ];
    const answers = answersOf(commands) ?? [];
    expect(answers[6]?.status).not.toBe(0);
    expect(answers.toSpliced(6, 1)).toEqual([
      said('a\n b'),
      said('none', 3),
      said('', 1),
      said('[]', 1),
      said("it's"),
      ABSENT,
      said('é'),
      said('n1 0'),
    ]);
  });

  test('one that ends all of them leaves those before it', () => {
    expect(() => answersOf(['echo a', 'kill -9 $$', 'echo b'])).toThrow(expect.objectContaining({ signal: 'SIGKILL' }));
  });
});

test('answers that are not whole', () => {
  expect(readAnswers('', 'n0')).toBeUndefined();
  expect(readAnswers('n0\n', 'n0')).toEqual([]);
  expect(readAnswers('n0\na\nn0 0\nn0 1\nb\n', 'n0')).toEqual([said('a')]);
});

describe('differences', () => {
  const between = (there: ToolAnswer, here: ToolAnswer, command?: string): string | undefined =>
    firstDifference(toolsOf(command === undefined ? undefined : [command], 'local').slice(0, 1), [there], () => ({
      answer: here,
      name: 'the runner',
    }));

  test.each([
    ['the usual ones: the first line counts', said('cc 1\nx'), said('cc 1\ny'), undefined, undefined],
    ['absent there', ABSENT, said('cc 1'), undefined, undefined],
    ['absent here', said('cc 1'), ABSENT, undefined, undefined],
    ['one differs', said('cc 2'), said('cc 1'), undefined, '"cc --version" says "cc 2" there, "cc 1" on the runner'],
    [
      'one fails',
      said('', 1),
      said('cc 1'),
      undefined,
      '"cc --version" says nothing (status 1) there, "cc 1" on the runner',
    ],
    [
      'of many lines, the first that differs',
      said('a\nb\nc'),
      said('a\nB\nC'),
      'v',
      '"v", line 2, says "b" there, "B" on the runner',
    ],
    ['a line more', said('a\nb'), said('a'), 'v', '"v", line 2, says "b" there, nothing on the runner'],
    ['status alone', said('a', 1), said('a'), 'v', '"v" ends with status 1 there, 0 on the runner'],
    [
      'absence of what was asked for',
      ABSENT,
      said('a'),
      'v',
      '"v" says nothing (status 127: it is not there) there, "a" on the runner',
    ],
    ['the same', said('a\nb', 3), said('a\nb', 3), 'v', undefined],
  ])('%s', (_, there, here, command, expected) => {
    expect(between(there, here, command)).toBe(expected);
  });

  test('texts are capped and cannot do harm', () => {
    const text = between(said(`\u001b[31m${'x'.repeat(300)}`), said('##[error]'), 'v') ?? '';
    expect(text).toMatch(/^"v" says "\\x1b\[31mx{110,}…" there, "##\[error\]" on the runner$/);
  });
});

describe('hosts among themselves', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => hostOf(name)) as [
    ReturnType<typeof hostOf>,
    ReturnType<typeof hostOf>,
    ReturnType<typeof hostOf>,
  ];
  const tools = toolsOf(undefined, 'never');
  const one = [said('cc 1'), said('x86')];
  const two = [said('cc 2'), said('x86')];
  const NEVER = 1 << 30;

  test('the first in the matrix is the model, whoever comes first', async () => {
    const model = new ToolModel(tools, [a, b, c], NEVER);
    const order: string[] = [];
    const compared = [
      [c, two],
      [b, one],
    ].map(async ([host, answers]) => {
      const found = await model.compare(host as typeof a, answers as ToolAnswer[]);
      order.push((host as typeof a).name);
      return found;
    });
    await settled();
    expect(order).toEqual([]);
    expect(await model.compare(a, one)).toBeUndefined();
    expect(await Promise.all(compared)).toEqual(['"cc --version" says "cc 2" there, "cc 1" on a', undefined]);
  });

  test('one that is lost is not waited for', async () => {
    const model = new ToolModel(tools, [a, b, c], NEVER);
    const waiting = model.compare(b, two);
    model.gone(a);
    expect(await waiting).toBeUndefined();
    expect(await model.compare(c, one)).toBe('"cc --version" says "cc 1" there, "cc 2" on b');
  });

  test('nor one that takes its time', async () => {
    const model = new ToolModel(tools, [a, b, c], 1);
    expect(await Promise.all([model.compare(c, two), model.compare(b, one)])).toEqual([
      '"cc --version" says "cc 2" there, "cc 1" on b',
      undefined,
    ]);
    expect(await model.compare(a, two)).toBe('"cc --version" says "cc 2" there, "cc 1" on b');
  });

  test('for a tool that the first lacks, the next is the model', async () => {
    const model = new ToolModel(tools, [a, b, c], NEVER);
    expect(await model.compare(a, [ABSENT, ABSENT])).toBeUndefined();
    expect(await model.compare(b, one)).toBeUndefined();
    expect(await model.compare(c, two)).toBe('"cc --version" says "cc 2" there, "cc 1" on b');
  });
});

describe('a check', () => {
  const host = hostOf('a');
  const answering = (text: string): ((program: string) => Promise<Answer>) => {
    return (program) => {
      const [, nonce = ''] = /^printf '(\w+)/.exec(program) ?? [];
      const stdout = text === '' ? '' : `${nonce}\n${text.replaceAll('@', nonce)}`;
      return Promise.resolve({ outcome: { kind: 'exited', status: 0 }, stdout, stderr: 'no sh\n' });
    };
  };
  const checkOf = (runner: RunnerTools['ask'], toolchain?: readonly string[], timeout = 50): ToolCheck =>
    new ToolCheck({
      tools: toolsOf(toolchain, 'local'),
      fallback: 'local',
      runner: { arch: 'x86_64', ask: runner },
      hosts: [host],
      grace: 0,
      timeout,
    });
  const none = (): Promise<Answer> => Promise.reject(new Error('asked'));

  test('asks nobody when there is nothing to compare', async () => {
    const check = checkOf(none, []);
    check.start();
    await check.check({ host, ask: none });
  });

  test('asks the runner once', async () => {
    let asked = 0;
    const runner = answering('cc 1\n@ 0\nx\n@ 0\n');
    const check = checkOf((program) => {
      asked++;
      return runner(program);
    });
    check.start();
    await check.check({ host, ask: runner });
    await check.check({ host, ask: answering('cc 1\n@ 0\n\n@ 127\n') });
    await expect(check.check({ host, ask: answering('cc 1\n@ 0\ny\n@ 0\n') })).rejects.toThrow(
      /^left out: "uname -m" says "y" there, "x" on the runner\. Install .* setup .* path .* toolchain/,
    );
    expect(asked).toBe(1);
  });

  test('without sh, or with a command that ends it', async () => {
    const check = checkOf(answering('cc 1\n@ 0\n'), ['v']);
    await expect(check.check({ host, ask: answering('') })).rejects.toThrow(
      'left out: a command for sh does not work there: "no sh',
    );
    await expect(check.check({ host, ask: answering('cc 1\n') })).rejects.toThrow(
      'left out: "v" ended the shell that ran it there.',
    );
    await expect(checkOf(answering('cc'), ['v']).check({ host, ask: answering('cc\n@ 0\n') })).rejects.toThrow(
      'left out: "v" ended the shell that ran it on the runner.',
    );
  });

  test.each(['local', 'never'] as const)('a host that is full is asked again; fallback %s', async (fallback) => {
    const runner = { arch: 'x86_64', ask: answering('1\n@ 0\n') };
    const tools = toolsOf(['v'], fallback);
    const check = new ToolCheck({ tools, fallback, runner, hosts: [host], grace: 0, timeout: 5 });
    let [asked, waited] = [0, 0];
    const ask = async (program: string, signal: AbortSignal): Promise<Answer> => {
      if (++asked === 3) return answering('1\n@ 0\n')(program);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { outcome: { kind: 'cancelled' }, stdout: '', stderr: '' };
    };
    await check.check({ host, ask }, () => waited++);
    expect([asked, waited]).toEqual([3, fallback === 'never' ? 0 : 2]);
  });

  test('an arch of the matrix counts unless hosts alone are compared', () => {
    const other = { ...host, arch: 'arm64' };
    const check = checkOf(none, []);
    expect(() => check.checkArch(other)).toThrow('left out: its processor is "arm64" by the matrix');
    check.checkArch({ ...host, arch: 'amd64' });
    check.checkArch(host);
    const runner = { arch: 'x86_64', ask: none };
    new ToolCheck({ tools: [], fallback: 'never', runner, hosts: [host], grace: 0 }).checkArch(other);
  });
});

describe('the runner', () => {
  test('answers where make starts, with its environment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'distmake-tools-'));
    try {
      writeFileSync(join(folder, 'cc'), '#!/bin/sh\necho "cc of $OWN"\n');
      chmodSync(join(folder, 'cc'), 0o755);
      const runner = runnerTools(folder, [`PATH=${folder}:/usr/bin:/bin`, encode('OWN=Łódź')]);
      expect(runner.arch).toBe(machine());
      const answer = await runner.ask('cc; pwd; echo e >&2; exit 3', new AbortController().signal);
      const stdout = encode(`cc of Łódź\n${folder}\n`);
      expect(answer).toEqual({ outcome: { kind: 'exited', status: 3 }, stdout, stderr: 'e\n' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a command that hangs is ended with all that it has started', async () => {
    const runner = runnerTools('/', ['PATH=/usr/bin:/bin']);
    const tools = toolsOf(['echo fine', 'sleep 1000 & sleep 1000'], 'local');
    const check = new ToolCheck({ tools, fallback: 'local', runner, hosts: [], grace: 0, timeout: 200 });
    const ask = (program: string, signal: AbortSignal): Promise<Answer> => runner.ask(program, signal);
    await expect(check.check({ host: hostOf('a'), ask })).rejects.toThrow(
      'left out: "sleep 1000 & sleep 1000" did not end within 0.2 s there.',
    );
  });

  test('what a command leaves in the background is not waited for', async () => {
    const { stdout } = await runnerTools('/', ['PATH=/usr/bin:/bin']).ask(
      'echo a; sleep 1000 &',
      new AbortController().signal,
    );
    expect(stdout).toBe('a\n');
  });

  test('a directory that is gone', async () => {
    const { outcome, stderr } = await runnerTools('/nowhere', []).ask('echo', new AbortController().signal);
    expect(outcome).toEqual({ kind: 'exited', status: 127 });
    expect(stderr).toContain('ENOENT');
  });
});
