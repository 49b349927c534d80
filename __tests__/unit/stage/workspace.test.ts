import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { digestOf } from '../../../src/stage/look/digest.ts';
import { Workspace } from '../../../src/stage/look/workspace.ts';
import { fsPath, type Bytes } from '../../../src/util/bytes.ts';
import { scratch, sleep } from './tree-copy.ts';

let root: Bytes;
let skipped: Bytes[];
let workspace: Workspace;

/** Entries that are looked at without a thread. */
let few: number;
const newWorkspace = (exclude: string[] = []): Workspace =>
  new Workspace(root, { onSkipped: (path) => skipped.push(path), exclude, few });

beforeEach(() => {
  root = scratch();
  skipped = [];
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (path: Bytes, text: string): void => writeFileSync(fsPath(`${root}/${path}`), text);

/** Paths that have changed since the last call, or that are listed again to be sure. */
let seen = 0;
async function changes(): Promise<Bytes[]> {
  workspace.touch();
  await workspace.refresh();
  const paths = [...workspace.changesSince(seen)].sort();
  seen = workspace.version;
  return paths;
}

/** Long enough that a later change cannot have the same time. */
async function settle(): Promise<void> {
  await sleep(30);
  await changes();
}

beforeEach(() => {
  seen = 0;
});

describe.each([
  ['where we are', Infinity],
  ['in a thread', 0],
])('looks %s:', (_, entries) => {
  beforeEach(() => {
    few = entries;
    workspace = newWorkspace();
  });

  test('what changes soon after a look is found as long as that was said', async () => {
    await settle();
    workspace.touch(60_000);
    for (const path of ['a', 'b', 'c']) {
      await workspace.refresh();
      write(path, 'x');
      await workspace.refresh();
      expect(workspace.has(path)).toBe(true);
    }
    // Not for ever.
    workspace = newWorkspace();
    workspace.touch(1);
    await sleep(5);
    await workspace.refresh();
    const { version } = workspace;
    write('d', 'x');
    await workspace.refresh();
    expect(workspace.version).toBe(version);
  });

  describe('what a look finds', () => {
    test('everything at first, empty directories too, directories before what is in them', async () => {
      mkdirSync(`${root}/d/e`, { recursive: true });
      mkdirSync(`${root}/empty`);
      write('d/e/f', 'x');
      write('a', 'x');
      symlinkSync('nowhere', `${root}/l`);
      await workspace.refresh();
      const paths = [...workspace.changesSince(0)];
      expect([...paths].sort()).toEqual(['a', 'd', 'd/e', 'd/e/f', 'empty', 'l']);
      expect(paths.indexOf('d')).toBeLessThan(paths.indexOf('d/e'));
      expect(paths.indexOf('d/e')).toBeLessThan(paths.indexOf('d/e/f'));
      expect([workspace.has('d/e/f'), workspace.has('nothing')]).toEqual([true, false]);
    });

    test.each<[string, () => void, Bytes[]]>([
      ['a new file', () => write('new', ''), ['new']],
      ['an edit in place of the same size', () => write('d/f', 'YYYY'), ['d/f']],
      ['an edit of another size', () => write('d/f', 'y'), ['d/f']],
      [
        'an edit with the old time set again',
        () => {
          write('d/f', 'YYYY');
          utimesSync(`${root}/d/f`, 1000, 1000);
        },
        ['d/f'],
      ],
      ['a replacement', () => (write('d/t', 'YYYY'), renameSync(`${root}/d/t`, `${root}/d/f`)), ['d/f']],
      ['a rename', () => renameSync(`${root}/d/f`, `${root}/g`), ['d/f', 'g']],
      ['a rename of a directory', () => renameSync(`${root}/d`, `${root}/e`), ['d', 'd/f', 'd/g', 'e', 'e/f', 'e/g']],
      ['a deletion', () => rmSync(`${root}/d/f`), ['d/f']],
      ['a deletion of a directory', () => rmSync(`${root}/d`, { recursive: true }), ['d', 'd/f', 'd/g']],
      ['a mode', () => chmodSync(`${root}/d/f`, 0o755), ['d/f']],
      ['a mode of a directory', () => chmodSync(`${root}/d`, 0o700), ['d']],
      ['a time', () => utimesSync(`${root}/d/f`, 1, 1), ['d/f']],
      ['another target of a link', () => (rmSync(`${root}/l`), symlinkSync('g', `${root}/l`)), ['l']],
      ['a file instead of a link', () => (rmSync(`${root}/l`), write('l', 'f')), ['l']],
      [
        'a file instead of a directory',
        () => (rmSync(`${root}/d`, { recursive: true }), write('d', '')),
        ['d', 'd/f', 'd/g'],
      ],
      [
        'a directory instead of a file',
        () => (rmSync(`${root}/d/f`), mkdirSync(`${root}/d/f`), write('d/f/x', '')),
        ['d/f', 'd/f/x'],
      ],
      ['an empty directory', () => mkdirSync(`${root}/d/e`), ['d/e']],
    ])('%s', async (_, change, expected) => {
      mkdirSync(`${root}/d`);
      write('d/f', 'xxxx');
      write('d/g', 'xxxx');
      utimesSync(`${root}/d/f`, 1000, 1000);
      symlinkSync('f', `${root}/l`);
      await settle();
      change();
      await sleep(30);
      expect(await changes()).toEqual(expected);
      expect(await changes()).toEqual([]);
    });

    test('nothing again when nothing has changed', async () => {
      mkdirSync(`${root}/d`);
      write('d/f', 'x');
      await settle();
      const { version } = workspace;
      for (let n = 0; n < 3; n++) expect(await changes()).toEqual([]);
      expect(workspace.version).toBe(version);
    });

    test('what has only just changed once more, until a further change cannot have the same time', async () => {
      let again: Bytes[] = [];
      for (let n = 0; n < 20 && again.length === 0; n++) {
        write('f', String(n));
        expect(await changes()).toEqual(['f']);
        // Nothing, where the machine was so slow that the change is old by now.
        again = await changes();
      }
      expect(again).toEqual(['f']);
      await sleep(30);
      await changes();
      expect(await changes()).toEqual([]);
    });

    test('an edit in the same tick of the clock', async () => {
      for (let n = 0; n < 100; n++) {
        write('f', `a${n % 10}`);
        expect(await changes()).toContain('f');
        write('f', `b${n % 10}`);
        expect(await changes()).toContain('f');
      }
    });

    test('.git at any level and files of ours are left out', async () => {
      mkdirSync(`${root}/.git/objects`, { recursive: true });
      mkdirSync(`${root}/module`);
      write('module/.git', 'gitdir: ../.git/modules/module');
      write('.gitignore', '');
      write('.distmake-tmp-1-2', '');
      expect(await changes()).toEqual(['.gitignore', 'module']);
    });

    test('names that are no UTF-8', async () => {
      const name = 'd\xff/\xe9\xfe';
      mkdirSync(fsPath(`${root}/d\xff`));
      write(name, 'x');
      expect(await changes()).toEqual(['d\xff', name]);
      rmSync(fsPath(`${root}/${name}`));
      expect(await changes()).toContain(name);
      expect(workspace.has(name)).toBe(false);
    });

    test('sockets are not listed; a file that became one is gone', async () => {
      write('s', 'x');
      await settle();
      rmSync(`${root}/s`);
      const server = createServer();
      await new Promise<void>((resolve) => void server.listen(`${root}/s`, resolve));
      expect(await changes()).toEqual(['s']);
      expect(workspace.has('s')).toBe(false);
      await new Promise((resolve) => void server.close(resolve));
    });

    test('directories that cannot be read are told of, once, and the rest is found', async () => {
      mkdirSync(`${root}/closed`);
      write('closed/f', 'x');
      write('z', 'x');
      chmodSync(`${root}/closed`, 0);
      // Root reads everything.
      const isRoot = process.getuid?.() === 0;
      if (isRoot) process.seteuid?.(65534);
      try {
        expect(await changes()).toEqual(['closed', 'z']);
        await changes();
        expect(skipped).toEqual(['closed']);
      } finally {
        if (isRoot) process.seteuid?.(0);
        chmodSync(`${root}/closed`, 0o755);
      }
    });
  });

  describe('when it looks', () => {
    test('only when something may have changed', async () => {
      await workspace.refresh();
      write('f', 'x');
      await workspace.refresh();
      expect(workspace.version).toBe(0);
      workspace.touch();
      await workspace.refresh();
      expect(workspace.version).toBe(1);
    });

    test('always while a recipe runs here, and once after it', async () => {
      await workspace.refresh();
      const writer = {};
      workspace.writerStarted(writer);
      write('a', '');
      await workspace.refresh();
      expect(workspace.has('a')).toBe(true);
      write('b', '');
      await workspace.refresh();
      expect(workspace.has('b')).toBe(true);
      write('c', '');
      workspace.writerEnded(writer);
      await workspace.refresh();
      expect(workspace.has('c')).toBe(true);
      write('d', '');
      await workspace.refresh();
      expect(workspace.has('d')).toBe(false);
    });

    test('the end of a recipe that never started here is no reason', async () => {
      await workspace.refresh();
      write('a', '');
      workspace.writerEnded({});
      await workspace.refresh();
      expect(workspace.has('a')).toBe(false);
    });

    test('calls that wait for a look share it, and see what was there when they called', async () => {
      const first = workspace.refresh();
      write('a', '');
      const second = workspace.refresh();
      expect(second).toBe(first);
      await second;
      expect(workspace.has('a')).toBe(true);
      // A change behind the look is not lost.
      write('b', '');
      workspace.touch();
      await workspace.refresh();
      expect(workspace.has('b')).toBe(true);
    });

    test('without a change since it began, a look that is under way is waited for', async () => {
      write('a', '');
      const look = workspace.refresh();
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      await workspace.refresh();
      expect(workspace.has('a')).toBe(true);
      await look;
    });
  });

  describe('what we write ourselves', () => {
    test('is in the journal at once and not again at the next look', async () => {
      await workspace.refresh();
      write('f', 'content');
      const version = workspace.note('f', digestOf(Buffer.from('content')));
      expect(version).toBe(1);
      expect(workspace.versionOf('f')).toBe(1);
      expect([...workspace.changesSince(0)]).toEqual(['f']);
      seen = version;
      expect(await changes()).toEqual([]);
      await sleep(30);
      expect(await changes()).toEqual([]);
    });

    test('an edit of it in the same tick is found', async () => {
      for (let n = 0; n < 50; n++) {
        write('f', `a${n % 10}`);
        workspace.note('f', digestOf(Buffer.from(`a${n % 10}`)));
        seen = workspace.version;
        write('f', `b${n % 10}`);
        expect(await changes()).toEqual(['f']);
      }
    });

    test('a removal, with all that was below', async () => {
      mkdirSync(`${root}/d/e`, { recursive: true });
      write('d/e/f', '');
      write('dd', '');
      await changes();
      rmSync(`${root}/d`, { recursive: true });
      expect(workspace.note('d')).toBe(workspace.versionOf('d'));
      expect([...workspace.changesSince(seen)].sort()).toEqual(['d', 'd/e', 'd/e/f']);
      expect(['d', 'd/e', 'd/e/f', 'dd'].map((path) => workspace.has(path))).toEqual([false, false, false, true]);
    });

    test('a directory that replaces another: what was in the old one is gone', async () => {
      mkdirSync(`${root}/d`);
      write('d/old', '');
      await changes();
      rmSync(`${root}/d`, { recursive: true });
      workspace.note('d');
      mkdirSync(`${root}/d`);
      workspace.note('d');
      expect([...workspace.changesSince(seen)].sort()).toEqual(['d', 'd/old']);
      expect([workspace.has('d'), workspace.has('d/old')]).toEqual([true, false]);
    });

    test('what was never there and is not there leaves no trace', () => {
      expect(workspace.note('nothing')).toBe(0);
      expect(workspace.version).toBe(0);
    });
  });

  describe('what is excluded', () => {
    test('is not found, nor what is in it, and comes into sight when it is renamed', async () => {
      workspace = newWorkspace(['*.log', '/build/', '!keep.log', '# a comment', '', 'café/']);
      for (const path of ['build/d', 'src/build', 'caf\xc3\xa9'])
        mkdirSync(fsPath(`${root}/${path}`), { recursive: true });
      for (const path of ['a.log', 'A.LOG', 'keep.log', 'build/d/f', 'src/build/f', 'src/x.log', 'caf\xc3\xa9/f'])
        write(path, 'x');
      expect(await changes()).toEqual(['A.LOG', 'keep.log', 'src', 'src/build', 'src/build/f']);
      renameSync(`${root}/build`, `${root}/out`);
      await sleep(30);
      expect(await changes()).toEqual(expect.arrayContaining(['out', 'out/d', 'out/d/f']));
      renameSync(`${root}/out`, `${root}/build`);
      expect(await changes()).toEqual(['out', 'out/d', 'out/d/f']);
      expect(workspace.has('out/d/f')).toBe(false);
    });

    test('leaves no trace when we write it ourselves', async () => {
      workspace = newWorkspace(['*.log', 'build/']);
      await changes();
      mkdirSync(`${root}/build`);
      for (const path of ['a.log', 'build/f']) write(path, 'x');
      expect(['a.log', 'build', 'build/f'].map((path) => workspace.note(path))).toEqual([0, 0, 0]);
      expect([workspace.version, await changes()]).toEqual([0, []]);
    });

    test('takes along what was a file and became an excluded directory', async () => {
      workspace = newWorkspace(['build/']);
      write('build', 'x');
      await settle();
      rmSync(`${root}/build`);
      mkdirSync(`${root}/build`);
      expect(workspace.note('build')).toBeGreaterThan(0);
      expect([workspace.has('build'), await changes()]).toEqual([false, ['build']]);
    });
  });
});
