import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createStage } from '../../../src/stage/stage.ts';
import { sweepTemporaries, temporaryName } from '../../../src/stage/home/temporary.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { scratch } from './tree-copy.ts';

let root: Bytes;

beforeEach(() => {
  root = scratch();
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The id of a process that has ended. */
function deadProcess(): number {
  return spawnSync('true').pid;
}

test('names differ, and say whose they are', () => {
  const names = [temporaryName(), temporaryName()];
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(new RegExp(`^\\.distmake-tmp-${process.pid}-[0-9a-f]+-\\d+$`));
});

test('what dead processes left is removed at the start, what living ones have stays', () => {
  const other = spawn('sleep', ['60']);
  try {
    const ours = temporaryName();
    const theirs = `.distmake-tmp-${other.pid}-abc-0`;
    const stay = [ours, theirs, '.distmake-tmp-', '.distmake-tmp-x-1', 'file'];
    // Of an earlier process with this very id.
    const go = [`.distmake-tmp-${deadProcess()}-abc-0`, `.distmake-tmp-${process.pid}-0`];
    for (const name of [...stay, ...go]) writeFileSync(`${root}/${name}`, '');
    symlinkSync(`${root}/file`, `${root}/.distmake-tmp-${deadProcess()}-link`);
    mkdirSync(`${root}/.distmake-tmp-${deadProcess()}-directory`);
    createStage(root, () => undefined);
    const left = readdirSync(root).filter((name) => !name.endsWith('-directory'));
    expect(left.sort()).toEqual(stay.sort());
  } finally {
    other.kill();
  }
});

test('where there is nothing to sweep', () => {
  expect(() => sweepTemporaries(`${root}/nowhere`)).not.toThrow();
});
