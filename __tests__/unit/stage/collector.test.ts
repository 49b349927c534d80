import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  rmSync,
  writeFileSync,
  lstatSync,
  existsSync,
} from 'node:fs';
import type { Output } from '../../../src/model/entry.ts';
import { Collector } from '../../../src/stage/home/collector.ts';
import type { Change } from '../../../src/stage/home/placement.ts';
import { RefusedOutput } from '../../../src/stage/home/refused-output.ts';
import { Workspace } from '../../../src/stage/look/workspace.ts';
import { fsPath, type Bytes } from '../../../src/util/bytes.ts';
import { kindAt, look, scratch, setTime, sleep } from './tree-copy.ts';

let root: Bytes;
let outside: Bytes;
let workspace: Workspace;

beforeEach(() => {
  root = scratch();
  outside = scratch();
  workspace = new Workspace(root, { onSkipped: () => undefined });
});

afterEach(() => {
  for (const path of [root, outside]) rmSync(path, { recursive: true, force: true });
});

type FileOutput = Extract<Output, { kind: 'file' }>;

function file(path: Bytes, text: string, more: Partial<FileOutput> = {}): FileOutput {
  const content = Buffer.from(text, 'latin1');
  return { kind: 'file', path, mode: 0o644, time: 0n, size: content.length, content, timeIsSet: false, ...more };
}

/** A file whose content comes in pieces, as large ones do; `read` tells how many were taken. */
function pieces(
  path: Bytes,
  texts: readonly string[],
  more: Partial<FileOutput> = {},
): FileOutput & { read: () => number } {
  let count = 0;
  async function* content(): AsyncGenerator<Buffer> {
    for (const text of texts) {
      await sleep(0);
      count++;
      yield Buffer.from(text, 'latin1');
    }
  }
  return { ...file(path, ''), size: texts.join('').length, content: content(), ...more, read: () => count };
}

async function home(outputs: readonly Output[], foreign?: Bytes): Promise<Bytes[]> {
  const collector = new Collector(workspace, foreign);
  try {
    for (const output of outputs) await collector.add(output);
    return commit(collector).map(({ path }) => path);
  } finally {
    collector.discard();
  }
}

function commit(collector: Collector): Change[] {
  collector.prepare();
  return collector.put();
}

const text = (path: Bytes): string => readFileSync(fsPath(`${root}/${path}`), 'latin1');
const modeOf = (path: Bytes): number => lstatSync(`${root}/${path}`).mode & 0o7777;
const leftovers = (): string[] =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((name) => name.includes('distmake-tmp'));

describe('what comes home', () => {
  test('files, small and large, links, directories, removals', async () => {
    writeFileSync(`${root}/old`, '');
    const changed = await home([
      { kind: 'directory', path: 'd', mode: 0o750 },
      file('d/small', 'content', { mode: 0o755 }),
      pieces('d/large', ['one', 'two'], { mode: 0o600 }),
      { kind: 'link', path: 'd/link', time: 0n, target: '../d/small' },
      { kind: 'removed', path: 'old' },
    ]);
    expect(changed.sort()).toEqual(['d', 'd/large', 'd/link', 'd/small', 'old']);
    expect([text('d/small'), text('d/large'), readlinkSync(`${root}/d/link`)]).toEqual([
      'content',
      'onetwo',
      '../d/small',
    ]);
    expect(['d', 'd/small', 'd/large'].map((path) => modeOf(path).toString(8))).toEqual(['750', '755', '600']);
    expect(kindAt(`${root}/old`)).toBeUndefined();
    expect(leftovers()).toEqual([]);
  });

  test('nothing shows before commit, and nothing is left after discard', async () => {
    const collector = new Collector(workspace, undefined);
    await collector.add(file('a', 'x'));
    await collector.add(pieces('b', ['x', 'y']));
    await collector.add({ kind: 'directory', path: 'd', mode: 0o755 });
    expect([...look(root).keys()].filter((path) => !path.startsWith('.distmake-tmp-'))).toEqual([]);
    expect(leftovers().length).toBe(1);
    collector.discard();
    expect(leftovers()).toEqual([]);
    expect(readdirSync(root)).toEqual([]);
  });

  test('each change has its place in the journal', async () => {
    const collector = new Collector(workspace, undefined);
    await collector.add({ kind: 'directory', path: 'd', mode: 0o755 });
    await collector.add(file('d/f', 'x'));
    for (const { path, version } of commit(collector)) expect(workspace.versionOf(path)).toBe(version);
    expect([...workspace.changesSince(0)]).toEqual(['d', 'd/f']);
  });

  test('directories without setgid and sticky', async () => {
    await home([{ kind: 'directory', path: 'd', mode: 0o7777 }]);
    expect(modeOf('d')).toBe(0o777);
  });

  test('a file is replaced, never written to: who has it open reads the old one', async () => {
    writeFileSync(`${root}/f`, 'old');
    const before = statSync(`${root}/f`).ino;
    await home([file('f', 'new')]);
    expect(text('f')).toBe('new');
    expect(statSync(`${root}/f`).ino).not.toBe(before);
  });

  test('a link is replaced, and what it pointed to stays', async () => {
    writeFileSync(`${root}/f`, 'old');
    symlinkSync('f', `${root}/l`);
    symlinkSync('f', `${root}/m`);
    await home([file('l', 'new'), { kind: 'link', path: 'm', time: 0n, target: 'g' }]);
    expect([text('f'), text('l'), kindAt(`${root}/l`), readlinkSync(`${root}/m`)]).toEqual(['old', 'new', 'file', 'g']);
  });

  test('kinds change', async () => {
    mkdirSync(`${root}/d/e`, { recursive: true });
    writeFileSync(`${root}/d/e/f`, '');
    writeFileSync(`${root}/f`, '');
    mkdirSync(`${root}/g`);
    writeFileSync(`${root}/g/x`, '');
    symlinkSync('d', `${root}/l`);
    await home([
      file('d', 'a file now'),
      { kind: 'directory', path: 'f', mode: 0o755 },
      file('f/x', 'below'),
      { kind: 'link', path: 'g', time: 0n, target: 'd' },
      { kind: 'directory', path: 'l', mode: 0o755 },
      file('l/x', 'below'),
    ]);
    expect([text('d'), text('f/x'), readlinkSync(`${root}/g`), text('l/x')]).toEqual([
      'a file now',
      'below',
      'd',
      'below',
    ]);
  });

  test('a directory made anew has nothing of the old one', async () => {
    mkdirSync(`${root}/d/sub`, { recursive: true });
    writeFileSync(`${root}/d/old`, '');
    await home([
      { kind: 'removed', path: 'd' },
      { kind: 'directory', path: 'd', mode: 0o755 },
      file('d/sub', 'x'),
      file('d/new', 'x'),
    ]);
    expect(readdirSync(`${root}/d`).sort()).toEqual(['new', 'sub']);
  });

  test('what is removed with its directory is not made again', async () => {
    mkdirSync(`${root}/d/e`, { recursive: true });
    writeFileSync(`${root}/d/e/f`, '');
    await home([
      { kind: 'removed', path: 'd' },
      { kind: 'removed', path: 'd/e' },
      { kind: 'removed', path: 'd/e/f' },
      { kind: 'removed', path: 'never/was' },
    ]);
    expect(readdirSync(root)).toEqual([]);
  });

  test('a directory that has gone at home meanwhile is made, and told of', async () => {
    expect(await home([file('d/e/f', 'x')])).toEqual(['d', 'd/e', 'd/e/f']);
    expect(text('d/e/f')).toBe('x');
  });

  test('files in a directory that is read-only', async () => {
    await home([{ kind: 'directory', path: 'd', mode: 0o555 }, file('d/f', 'x', { mode: 0o444 })]);
    expect([modeOf('d'), modeOf('d/f')]).toEqual([0o555, 0o444]);
    chmodSync(`${root}/d`, 0o755);
  });

  test('as another user than root: large files that are read-only', async () => {
    const isRoot = process.getuid?.() === 0;
    chmodSync(root, 0o777);
    if (isRoot) process.seteuid?.(65534);
    try {
      await home([
        pieces('large', ['x'], { mode: 0o444 }),
        { kind: 'directory', path: 'd', mode: 0o555 },
        file('d/f', 'x', { mode: 0o400 }),
      ]);
      expect([text('large'), text('d/f')]).toEqual(['x', 'x']);
      chmodSync(`${root}/d`, 0o755);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  test('names and targets that are no UTF-8', async () => {
    await home([
      { kind: 'directory', path: 'd\xff', mode: 0o755 },
      file('d\xff/\xe9', '\x00\xff'),
      pieces('d\xff/\xe8', ['\xfe']),
      { kind: 'link', path: '\xfd', time: 0n, target: 'd\xff/\xe9' },
    ]);
    expect([text('d\xff/\xe9'), text('d\xff/\xe8'), text('\xfd')]).toEqual(['\x00\xff', '\xfe', '\x00\xff']);
    await home([{ kind: 'removed', path: 'd\xff' }]);
    expect(kindAt(`${root}/d\xff`)).toBeUndefined();
  });
});

describe('times', () => {
  const timeOf = (path: Bytes): bigint => lstatSync(`${root}/${path}`, { bigint: true }).mtimeNs;

  test("the runner's own, in the order in which the host wrote, never older than what was there", async () => {
    writeFileSync(`${root}/source`, 'x');
    await home([
      pieces('c', ['late'], { time: 3000n }),
      file('b', 'x', { time: 2000n }),
      pieces('a', ['early'], { time: 1000n }),
      file('d', 'x', { time: 4000n }),
    ]);
    writeFileSync(`${root}/after`, 'x');
    const times = ['source', 'a', 'b', 'c', 'd', 'after'].map(timeOf);
    expect(times).toEqual([...times].sort((one, other) => Number(one - other)));
  });

  test('the time of a spooled file is that of its arrival, not that of its first piece', async () => {
    const collector = new Collector(workspace, undefined);
    await collector.add(pieces('large', ['x']));
    await sleep(30);
    writeFileSync(`${root}/source`, 'x');
    commit(collector);
    expect(timeOf('large')).toBeGreaterThanOrEqual(timeOf('source'));
  });

  test.each([
    0n,
    1n,
    999n,
    1_700_000_000_000_000_000n,
    1_700_000_000_123_456_789n,
    ...Array.from({ length: 30 }, (_, index) => 1_700_000_000_000_000_000n + BigInt(index) * 31_415_927_000n),
    1_731_234_567_999_999_999n,
    4_000_000_000_000_000_001n,
  ])('one that the job set is kept: %s', async (time) => {
    await home([file('f', 'x', { time, timeIsSet: true }), pieces('g', ['x'], { time, timeIsSet: true })]);
    for (const path of ['f', 'g']) {
      // A copy that kept its time must not be older than the original: rounding goes up, by two microseconds at most.
      expect(timeOf(path) - time).toBeGreaterThanOrEqual(0n);
      expect(timeOf(path) - time).toBeLessThan(2000n);
    }
  });

  test('a copy with the time of an original here is not older', async () => {
    for (let n = 0; n < 20; n++) {
      writeFileSync(`${root}/original`, 'x');
      setTime(`${root}/original`, 1_700_000_000_000_000_000n + BigInt(n) * 12_345_679n);
      const time = timeOf('original');
      await home([file('copy', 'x', { time, timeIsSet: true })]);
      expect(timeOf('copy')).toBeGreaterThanOrEqual(time);
    }
  });
});

describe('refused: nothing of the job is written', () => {
  const link = (path: Bytes, target: Bytes): Output => ({ kind: 'link', path, time: 0n, target });

  async function refused(outputs: readonly Output[], words: string, foreign?: Bytes): Promise<void> {
    const before = look(root);
    await expect(home([file('innocent', 'x'), ...outputs], foreign)).rejects.toThrow(RefusedOutput);
    await expect(home([file('innocent', 'x'), ...outputs], foreign)).rejects.toThrow(words);
    expect(look(root)).toEqual(before);
    expect(readdirSync(outside)).toEqual([]);
  }

  test.each([
    '..',
    '../x',
    'a/../x',
    'a/..',
    '/etc/x',
    '',
    '/',
    'a//b',
    'a/',
    './a',
    'a/./b',
    'a\0b',
    '.git',
    '.git/config',
    '.git/hooks/post-checkout',
    'module/.git/config',
    'module/.git',
    '.distmake-tmp-1-1',
    'd/.distmake-tmp-1-1',
    'x'.repeat(256),
  ])('the path %j', async (path) => {
    const every: Output[] = [
      file(path, 'x'),
      { kind: 'directory', path, mode: 0o755 },
      { kind: 'removed', path },
      link(path, 'x'),
      { kind: 'unknown', path },
    ];
    for (const output of every) await refused([output], 'is not a path that a job may write');
  });

  test.each([
    ['l', '/etc/passwd'],
    ['l', '..'],
    ['l', '../x'],
    ['d/l', '../..'],
    ['d/l', '../../x'],
    ['d/l', 'e/../../..'],
    ['l', '/'],
    ['l', ''],
    ['l', './../x'],
    ['l', 'x\0'],
    ['l', '.git/config'],
    ['d/l', '../.git'],
    ['d/l', 'e/..'],
    ['d/l', 'up/../x'],
    // `..` behind a name leads nobody knows where once the name is a link.
    ['l', 'd/up/../..'],
    ['l', 'd/..'],
  ])('the link %s to %j', async (path, target) => {
    mkdirSync(`${root}/d`);
    await refused([link(path, target)], 'leads out of the workspace');
  });

  test('absolute links that only begin like the workspace, or leave it again', async () => {
    for (const target of [`${root}x/y`, `${root}/../x`, `${root}/a/../../x`])
      await refused([link('l', target)], 'leads out of the workspace');
  });

  test('links inside are taken', async () => {
    const targets: [Bytes, Bytes][] = [
      ['l', 'x'],
      ['d/m', '../x'],
      ['d/e/n', '../../x'],
      ['o', root],
      ['p', `${root}/d/x`],
      ['q', '.'],
      ['d/r', './../d/./x'],
      ['s', '..x'],
      ['d/t', '..'],
    ];
    await home(targets.map(([path, target]) => link(path, target)));
    for (const [path, target] of targets) expect(readlinkSync(`${root}/${path}`)).toBe(target);
  });

  test('what is below a link here, whatever it is', async () => {
    symlinkSync(outside, `${root}/l`);
    mkdirSync(`${root}/d`);
    symlinkSync(outside, `${root}/d/m`);
    for (const path of ['l/x', 'l/a/b', 'd/m/x']) {
      const every: Output[] = [
        file(path, 'x'),
        pieces(path, ['x']),
        { kind: 'directory', path, mode: 0o755 },
        link(path, 'x'),
      ];
      for (const output of every)
        await refused([{ ...output, ...(output.kind === 'file' && { content: Buffer.from('x') }) }], 'a link here');
    }
    writeFileSync(`${outside}/x`, 'precious');
    await expect(home([{ kind: 'removed', path: 'l/x' }])).rejects.toThrow(RefusedOutput);
    expect(existsSync(`${outside}/x`)).toBe(true);
  });

  test('what is below a link, or a file, of the same job', async () => {
    mkdirSync(`${root}/d`);
    await refused([link('l', 'd'), file('l/x', 'x', { time: 1n })], 'a link here');
    await refused([{ kind: 'removed', path: 'd' }, link('d', 'e'), file('d/x', 'x', { time: 1n })], 'a link here');
    await refused([file('f', 'x'), file('f/x', 'x', { time: 1n })], 'a file here');
  });

  test('a file here where a directory should be', async () => {
    writeFileSync(`${root}/f`, 'x');
    await refused([file('f/x', 'x')], 'a file here');
  });

  test.each([
    [0o4755, 'setuid'],
    [0o2755, 'setgid'],
    [0o1644, 'sticky'],
    [0o6755, 'setuid and the setgid'],
  ])('files of mode %o', async (mode, name) => {
    await refused([file('f', 'x', { mode })], `f has the ${name} bit set`);
  });

  test('devices and the like', async () => {
    await refused([{ kind: 'special', path: 'fifo' }], 'fifo is not a file, a directory or a link that can be read');
  });

  test('a path of the host in any content', async () => {
    const foreign = '/tmp/make-x/tree';
    await refused([file('f', `a\0${foreign}/b`)], 'f names a directory of that host', foreign);
    await refused([link('l', `d${foreign}`)], 'l names a directory of that host', foreign);
    expect(await home([file('f', '/tmp/make-y/tree /tmp/make-x')], foreign)).toEqual(['f']);
  });

  test('a path of the host across the border of two pieces, wherever it is, and to the end of the stream', async () => {
    const foreign = '/tmp/make-x';
    const content = `before ${foreign} behind`;
    for (let at = 1; at < content.length; at++) {
      for (const step of [1, 3, content.length]) {
        const cut: string[] = [content.slice(0, at)];
        for (let from = at; from < content.length; from += step) cut.push(content.slice(from, from + step));
        const output = pieces('f', cut);
        await expect(home([output], foreign)).rejects.toThrow('names a directory of that host');
        expect(output.read()).toBe(cut.length);
      }
    }
    expect(leftovers()).toEqual([]);
  });

  test('a stream that breaks off', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('x');
      throw new Error('the connection was closed');
    }
    await expect(home([file('f', '', { size: 2, content: broken() })])).rejects.toThrow('the connection was closed');
    expect(readdirSync(root)).toEqual([]);
  });

  test('what the file system refuses half-way leaves nothing behind', async () => {
    await expect(home([file('a', 'x'), link('b', 'x'.repeat(5000))])).rejects.toThrow('ENAMETOOLONG');
    expect(readdirSync(root)).toEqual([]);
  });
});
