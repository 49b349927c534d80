import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Entry, Output } from '../../../src/model/entry.ts';
import { createStage } from '../../../src/stage/stage.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { apply, job, look, scratch, sending } from './tree-copy.ts';

const LINK = job('cc *.o -o prog', 'prog');

let root: Bytes;
let copy: Bytes;

beforeEach(() => {
  root = scratch();
  copy = scratch();
});

afterEach(() => {
  for (const path of [root, copy]) rmSync(path, { recursive: true, force: true });
});

function file(path: Bytes, text: string): Output {
  const content = Buffer.from(text);
  return { kind: 'file', path, mode: 0o644, time: 0n, size: content.length, content, timeIsSet: false };
}

test('what is excluded never travels; a job that writes such a path has it home, and its host loses it', async () => {
  mkdirSync(`${root}/cache/d`, { recursive: true });
  for (const path of ['a.c', 'cache/d/x', 'old.log']) writeFileSync(`${root}/${path}`, 'x');
  const stage = createStage(root, () => undefined, { exclude: ['cache/', '*.log'] });
  const tree = stage.tree();
  await apply(copy, await tree.everything(() => undefined));
  expect([...look(copy).keys()]).toEqual(['a.c']);

  // A job there makes both, and one file that travels.
  mkdirSync(`${copy}/cache`);
  for (const path of ['cache/new', 'new.log', 'b.c']) writeFileSync(`${copy}/${path}`, 'made');
  const incoming = stage.incoming(sending());
  for (const output of [
    { kind: 'directory', path: 'cache', mode: 0o755 } as const,
    file('cache/new', 'made'),
    file('new.log', 'made'),
    file('b.c', 'made'),
  ]) {
    await incoming.add(output);
  }
  expect(await incoming.commit(tree, true)).toEqual({ kind: 'home' });
  incoming.discard();
  for (const path of ['cache/new', 'new.log', 'b.c']) expect(readFileSync(`${root}/${path}`, 'utf8')).toBe('made');
  expect(readFileSync(`${root}/cache/d/x`, 'utf8')).toBe('x');

  const entries = (await tree.missing(LINK)).entries as Entry[];
  expect(entries.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    'removed cache',
    'removed cache/new',
    'removed new.log',
    'time b.c',
  ]);
  await apply(copy, entries);
  expect([...look(copy).keys()].sort()).toEqual(['a.c', 'b.c']);
  expect((await tree.missing(LINK)).entries).toEqual([]);

  // Another host is told of the one that travels alone.
  const other = await stage.tree().everything(() => undefined);
  const paths: Bytes[] = [];
  for await (const { path } of other) paths.push(path);
  expect(paths).toEqual(['a.c', 'b.c']);
});
