import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../../src/model/entry.ts';
import type { Job } from '../../../src/model/job.ts';
import { digestOf } from '../../../src/stage/look/digest.ts';
import { HostTree } from '../../../src/stage/host-tree.ts';
import { ObjectFiles } from '../../../src/stage/object-files.ts';
import { Workspace } from '../../../src/stage/look/workspace.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { apply, differences, job, look, scratch, sleep, whole } from './tree-copy.ts';

let root: Bytes;
let workspace: Workspace;
let objects: ObjectFiles;
let tree: HostTree;

beforeEach(() => {
  root = scratch();
  workspace = new Workspace(root, { onSkipped: () => undefined });
  objects = new ObjectFiles();
  tree = new HostTree(workspace, objects);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const LINK = job('cc *.o -o prog', 'prog');
const compile = (name: string): Job => job(`cc -c ${name}.c -o ${name}.o`, `${name}.o`);
const write = (path: Bytes, text: string): void => writeFileSync(`${root}/${path}`, text);

/** `kind path` of each entry. */
const words = (entries: Iterable<Entry>): string[] => [...entries].map(({ kind, path }) => `${kind} ${path}`);

async function all(one: HostTree): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of one.everything(() => undefined)) entries.push(entry);
  return entries;
}

/** Sends everything, with all times so old that nothing is listed again. */
async function start(): Promise<void> {
  await refresh();
  await all(tree);
}

async function refresh(): Promise<void> {
  await sleep(30);
  workspace.touch();
  await workspace.refresh();
}

async function missing(one: Job = LINK): Promise<string[]> {
  await refresh();
  return words(tree.missing(one));
}

describe('an empty tree', () => {
  test('gets nothing below what was no directory when it was sent', async () => {
    for (const path of ['a', 'b', 'c']) write(path, path);
    mkdirSync(`${root}/d`);
    write('d/f', 'x');
    await refresh();
    const copy = scratch();
    try {
      const entries: Entry[] = [];
      for await (const entry of tree.everything(() => undefined)) {
        entries.push(entry);
        if (entry.path !== 'b') continue;
        // While the rest is on its way.
        rmSync(`${root}/b`);
        mkdirSync(`${root}/b/in`, { recursive: true });
        write('b/in/f', 'x');
        mkdirSync(`${root}/d/new`);
        write('d/new/f', 'x');
        await refresh();
      }
      expect(words(entries)).toEqual([
        'file a',
        'file b',
        'file c',
        'directory d',
        'file d/f',
        'directory d/new',
        'file d/new/f',
      ]);
      await apply(copy, entries);
      await refresh();
      await apply(copy, tree.missing(LINK));
      expect(differences(look(root), look(copy))).toEqual([]);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  test('gets everything, directories first, each entry reported as it is sent', async () => {
    mkdirSync(`${root}/d`, { mode: 0o750 });
    write('d/f', 'content');
    chmodSync(`${root}/d/f`, 0o755);
    symlinkSync('d/f', `${root}/a`);
    await refresh();
    const reported: Entry[] = [];
    const entries: Entry[] = [];
    for await (const entry of tree.everything((one) => reported.push(one))) {
      expect(reported.at(-1)).toBe(entry);
      entries.push(entry);
    }
    expect(words(entries)).toEqual(['link a', 'directory d', 'file d/f']);
    expect(entries[0]).toMatchObject({ target: 'd/f' });
    expect(entries[1]).toMatchObject({ mode: 0o750 });
    expect(entries[2]).toMatchObject({ mode: 0o755, size: 7, content: Buffer.from('content') });
    expect(await missing()).toEqual([]);
  });

  test('directories come first also where their mode changed last', async () => {
    mkdirSync(`${root}/d`);
    write('d/f', 'x');
    await refresh();
    chmodSync(`${root}/d`, 0o700);
    await refresh();
    expect(words(await all(tree))).toEqual(['directory d', 'file d/f']);
  });

  test('setuid stays here', async () => {
    write('f', 'x');
    chmodSync(`${root}/f`, 0o4755);
    await refresh();
    expect(await all(tree)).toMatchObject([{ mode: 0o755 }]);
  });

  test('what changes while it is sent comes with the next job', async () => {
    write('a', 'x');
    write('b', 'x');
    await refresh();
    for await (const { path } of tree.everything(() => undefined)) {
      if (path === 'a') {
        write('a', 'yy');
        rmSync(`${root}/b`);
        await refresh();
      }
    }
    expect((await missing()).sort()).toEqual(['file a', 'removed b']);
  });

  test('large files are read while they are sent, whole', async () => {
    const content = Buffer.alloc(700_001, 'abcdefg');
    writeFileSync(`${root}/large`, content);
    await refresh();
    const [entry] = await all(tree);
    if (entry?.kind !== 'file') throw new Error('no file');
    expect(Buffer.isBuffer(entry.content)).toBe(false);
    expect(entry.size).toBe(700_001);
    expect((await whole(entry.content)).equals(content)).toBe(true);
  });

  test.each<[string, () => void]>([
    ['shrinks', () => truncateSync(`${root}/large`, 10)],
    ['goes', () => rmSync(`${root}/large`)],
    ['becomes a link', () => (rmSync(`${root}/large`), symlinkSync('/dev/zero', `${root}/large`))],
  ])('a large file that %s meanwhile keeps its size on the way, and is sent again', async (_, change) => {
    writeFileSync(`${root}/large`, Buffer.alloc(600_000, 'x'));
    await refresh();
    const [entry] = await all(tree);
    if (entry?.kind !== 'file') throw new Error('no file');
    change();
    const sent = await whole(entry.content);
    expect(sent.length).toBe(600_000);
    expect(sent.subarray(300_000).every((byte) => byte === 0)).toBe(true);
    expect((await missing()).map((word) => word.split(' ')[1])).toEqual(['large']);
  });
});

describe('what a tree lacks', () => {
  test('is only what changed, removals first', async () => {
    for (const path of ['a', 'b', 'c', 'd']) write(path, 'x');
    await start();
    write('a', 'y');
    rmSync(`${root}/d`);
    expect(await missing()).toEqual(['removed d', 'file a']);
    expect(await missing()).toEqual([]);
  });

  test('a file instead of a directory, and the other way round', async () => {
    mkdirSync(`${root}/d`);
    write('d/f', 'x');
    write('e', 'x');
    await start();
    rmSync(`${root}/d`, { recursive: true });
    write('d', 'x');
    rmSync(`${root}/e`);
    mkdirSync(`${root}/e`);
    write('e/f', 'x');
    expect(await missing()).toEqual(['removed d/f', 'file d', 'directory e', 'file e/f']);
  });

  test('a directory that went after the look, and came back, does not cost the host', async () => {
    mkdirSync(`${root}/d/e`, { recursive: true });
    write('d/e/f', 'x');
    await refresh();
    const copy = mkdtempSync(join(root, '..', 'copy-'));
    try {
      rmSync(`${root}/d`, { recursive: true });
      await apply(copy, tree.missing(LINK));
      mkdirSync(`${root}/d/e`, { recursive: true });
      write('d/e/f', 'new');
      await refresh();
      await apply(copy, tree.missing(LINK));
      expect(differences(look(root), look(copy))).toEqual([]);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  test.each<[string, () => void]>([
    ['a link', () => symlinkSync('other', `${root}/d`)],
    ['a file', () => write('d', 'x')],
  ])(
    'a directory that became %s after the look: nothing is read through it, nothing sent below it',
    async (_, replace) => {
      for (const path of ['d', 'other']) {
        mkdirSync(`${root}/${path}`);
        write(`${path}/f`, path);
      }
      await refresh();
      const copy = mkdtempSync(join(root, '..', 'copy-'));
      try {
        rmSync(`${root}/d`, { recursive: true });
        replace();
        await apply(
          copy,
          tree.everything(() => undefined),
        );
        await refresh();
        await apply(copy, tree.missing(LINK));
        expect(differences(look(root), look(copy))).toEqual([]);
      } finally {
        rmSync(copy, { recursive: true });
      }
    },
  );

  test('a file that cannot be read does not stay there in its old state', async () => {
    write('f', 'x');
    await start();
    chmodSync(`${root}/f`, 0);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      expect(await missing()).toEqual(['removed f']);
      expect(await missing()).toEqual([]);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    chmodSync(`${root}/f`, 0o644);
    expect(await missing()).toEqual(['file f']);
  });
});

describe('what a job there wrote itself', () => {
  test('comes back as a time only, and not at all where there is none', async () => {
    await start();
    write('f', 'x');
    mkdirSync(`${root}/d`);
    symlinkSync('f', `${root}/l`);
    for (const path of ['f', 'd', 'l']) tree.has(path, workspace.note(path));
    const entries = tree.missing(LINK);
    expect(words(entries)).toEqual(['time f']);
    expect(entries).toMatchObject([{ time: BigInt(0) + (await timeOf('f')) }]);
    expect(words(tree.missing(LINK))).toEqual([]);
  });

  test('unless it changed once more here', async () => {
    await start();
    write('f', 'x');
    tree.has('f', workspace.note('f'));
    write('f', 'yy');
    expect(await missing()).toEqual(['file f']);
  });

  test('goes to other hosts', async () => {
    const other = new HostTree(workspace, objects);
    await start();
    await all(other);
    write('f', 'x');
    tree.has('f', workspace.note('f'));
    expect(words(other.missing(LINK))).toEqual(['file f']);
  });

  async function timeOf(path: Bytes): Promise<bigint> {
    const { lstatSync } = await import('node:fs');
    return lstatSync(`${root}/${path}`, { bigint: true }).mtimeNs;
  }
});

describe('objects', () => {
  beforeEach(() => {
    for (const name of ['x', 'y', 'z']) objects.learn(compile(name));
  });

  test('do not go to compiles that do not name them, and to every other job', async () => {
    await start();
    write('x.o', '1');
    write('y.o', '1');
    write('x.d', '1');
    expect(await missing(compile('z'))).toEqual(['file x.d']);
    expect(await missing(compile('z'))).toEqual([]);
    expect(await missing(compile('x'))).toEqual(['file x.o']);
    expect(await missing(LINK)).toEqual(['file y.o']);
    expect(await missing(LINK)).toEqual([]);
  });

  test("libtool's go with their sibling", async () => {
    await start();
    mkdirSync(`${root}/.libs`);
    write('.libs/x.o', '1');
    write('x.lo', '1');
    expect(await missing(compile('z'))).toEqual(['directory .libs']);
    expect(await missing(job('libtool cc -c q.c x.lo -o q.lo', 'q.lo'))).toEqual(['file .libs/x.o', 'file x.lo']);
  });

  test('an old one does not stay where the new one is not sent', async () => {
    write('x.o', '1');
    await start();
    write('x.o', '22');
    expect(await missing(compile('z'))).toEqual(['removed x.o']);
    write('x.o', '333');
    expect(await missing(compile('z'))).toEqual([]);
    expect(await missing(LINK)).toEqual(['file x.o']);
  });

  test('one that a job there made is not sent, one made elsewhere meanwhile replaces it', async () => {
    await start();
    write('x.o', '1');
    tree.has('x.o', workspace.note('x.o', digestOf(readFileSync(`${root}/x.o`))));
    expect(await missing(compile('z'))).toEqual(['time x.o']);
    write('x.o', '22');
    expect(await missing(compile('z'))).toEqual(['removed x.o']);
    expect(await missing(LINK)).toEqual(['file x.o']);
  });

  test('a removed one is removed, whether it was sent or not', async () => {
    write('x.o', '1');
    await start();
    write('y.o', '1');
    expect(await missing(compile('z'))).toEqual([]);
    rmSync(`${root}/x.o`);
    rmSync(`${root}/y.o`);
    expect(await missing(compile('z'))).toContain('removed x.o');
    expect((await missing(LINK)).filter((word) => word.startsWith('file'))).toEqual([]);
  });
});

describe('what is not known any more', () => {
  test('is sent again, once', async () => {
    write('f', 'x');
    write('g', 'x');
    await start();
    tree.forget('f');
    tree.forget('nothing');
    expect(await missing()).toEqual(['removed nothing', 'file f']);
    expect(await missing()).toEqual([]);
  });

  test('a directory with all that is in it', async () => {
    mkdirSync(`${root}/d/e`, { recursive: true });
    write('d/e/f', 'x');
    write('d/g', 'x');
    write('dd', 'x');
    await start();
    tree.forget('d');
    expect(await missing()).toEqual(['directory d', 'directory d/e', 'file d/e/f', 'file d/g']);
  });

  test('an object that no job needs yet, too: what stands there may be anything', async () => {
    objects.learn(compile('x'));
    write('x.o', '1');
    await start();
    tree.forget('x.o');
    expect(await missing(compile('z'))).toEqual(['file x.o']);
  });

  test('nothing that a look has not found is ever read: a host may name what it likes', async () => {
    await start();
    const secret = scratch();
    try {
      writeFileSync(`${secret}/key`, 'secret');
      symlinkSync(secret, `${root}/l`);
      mkdirSync(`${root}/.git`);
      write('.git/config', 'secret');
      await refresh();
      tree.missing(LINK);
      const paths = [`../${secret.split('/').at(-1)}/key`, 'l/key', '.git/config', `/${secret}/key`, 'l/../l/key'];
      for (const path of paths) tree.forget(path);
      for (const entry of tree.missing(LINK)) expect(entry.kind).toBe('removed');
    } finally {
      rmSync(secret, { recursive: true });
    }
  });
});

test('a change of the time alone is a change', async () => {
  write('f', 'x');
  await start();
  utimesSync(`${root}/f`, 1, 1);
  expect(await missing()).toEqual(['file f']);
});
