import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Stage } from '../../../src/engine/ports.ts';
import { createSharedStage, makeToken, removeToken } from '../../../src/stage/shared-stage.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { job, look, scratch } from './tree-copy.ts';

let root: Bytes;
let stage: Stage;

beforeEach(() => {
  root = scratch();
  stage = createSharedStage(root);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a tree lacks nothing, whatever changes', async () => {
  const tree = stage.tree();
  writeFileSync(`${root}/a`, 'x');
  expect(await stage.survey()).toEqual({ files: 0, bytes: 0, directories: [] });
  const entries: unknown[] = [];
  for await (const entry of await tree.everything(() => undefined)) entries.push(entry);
  expect(entries).toEqual([]);
  stage.writerStarted(job('x'));
  writeFileSync(`${root}/b`, 'x');
  stage.writerEnded(job('x'));
  stage.touch();
  const delta = await tree.missing(job('x'));
  expect([delta.entries, delta.visible]).toEqual([[], undefined]);
  await delta.ready;
  delta.applied();
});

test.each(['missing', 'file', 'directory', 'fifo'] as const)(
  'the result is told, whatever the target is: %s',
  async (kind) => {
    mkdirSync(`${root}/d`);
    const target = `${root}/d/target`;
    if (kind === 'file') writeFileSync(target, 'x');
    if (kind === 'directory') mkdirSync(target);
    if (kind === 'fifo') execFileSync('mkfifo', [target]);
    const before = look(root);
    const opened = readdirSync('/proc/self/fd').length;
    for (const recipe of [
      { directory: `${root}/d`, target: 'target' },
      { directory: root, target: 'd/target' },
      { directory: root, target: 'gone/target' },
      { directory: '/', target: 'elsewhere' },
    ]) {
      const one = { ...job('x'), directory: recipe.directory, recipe: { id: 1, make: 1, ...recipe } };
      const incoming = stage.incoming({ job: one, version: 0, visible: undefined, foreign: undefined });
      expect(await incoming.commit(stage.tree(), true)).toEqual({ kind: 'home' });
      incoming.discard();
    }
    expect(look(root)).toEqual(before);
    expect(readdirSync('/proc/self/fd').length).toBe(opened);
  },
);

test('no output comes home', () => {
  const incoming = stage.incoming({ job: job('x'), version: 0, visible: undefined, foreign: undefined });
  expect(() => incoming.add({ kind: 'removed', path: 'x' })).toThrow('Internal error');
});

test('the token: a file of ours whose content is its name, which nobody can guess, for everybody to read', () => {
  const umask = process.umask(0o077);
  try {
    const [one, other] = [makeToken(root), makeToken(root)];
    expect(one).toMatch(/^\.distmake-tmp-.*-[0-9a-f]{32}$/);
    expect(one).not.toBe(other);
    expect(readFileSync(`${root}/${one}`, 'latin1')).toBe(one);
    expect(statSync(`${root}/${one}`).mode & 0o777).toBe(0o644);
    removeToken(root, one);
    expect([existsSync(`${root}/${one}`), existsSync(`${root}/${other}`)]).toEqual([false, true]);
    removeToken(root, one);
  } finally {
    process.umask(umask);
  }
});
