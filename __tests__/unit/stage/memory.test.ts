import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { Entry } from '../../../src/model/entry.ts';
import { HostTree } from '../../../src/stage/host-tree.ts';
import { ObjectFiles } from '../../../src/stage/object-files.ts';
import { Workspace } from '../../../src/stage/look/workspace.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { job, scratch, whole } from './tree-copy.ts';

const MB = 1024 * 1024;
const LINK = job('cc *.o -o prog', 'prog');

let root: Bytes;
let workspace: Workspace;
let tree: HostTree;

beforeEach(() => {
  root = scratch();
  workspace = new Workspace(root, { onSkipped: () => undefined });
  tree = new HostTree(workspace, new ObjectFiles());
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Takes it in pieces, and others get their turn between them. */
async function takeSlowly(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<{ bytes: number; most: number }> {
  let bytes = 0;
  let most = 0;
  const begin = process.memoryUsage().arrayBuffers;
  for await (const entry of entries) {
    if (entry.kind !== 'file') continue;
    const pieces = Buffer.isBuffer(entry.content) ? [entry.content] : entry.content;
    for await (const piece of pieces) {
      bytes += piece.length;
      await new Promise((resolve) => void setImmediate(resolve));
      most = Math.max(most, process.memoryUsage().arrayBuffers - begin);
    }
  }
  return { bytes, most };
}

test('a file of 200 MB goes through without being in memory, in the first staging and later', async () => {
  writeFileSync(`${root}/large`, '');
  truncateSync(`${root}/large`, 200 * MB);
  await workspace.refresh();
  const first = await takeSlowly(tree.everything(() => undefined));
  expect(first.bytes).toBe(200 * MB);
  expect(first.most).toBeLessThan(100 * MB);
  truncateSync(`${root}/large`, 201 * MB);
  workspace.touch();
  await workspace.refresh();
  const later = await takeSlowly(tree.missing(LINK));
  expect(later.bytes).toBe(201 * MB);
  expect(later.most).toBeLessThan(100 * MB);
});

test('of many files that have changed, some are in memory and the rest is read while it is sent', async () => {
  await workspace.refresh();
  const content = (n: number): Buffer => Buffer.alloc(200_000, `file ${n} `);
  for (let n = 0; n < 200; n++) writeFileSync(`${root}/${n}`, content(n));
  workspace.touch();
  await workspace.refresh();
  const entries = tree.missing(LINK).filter((entry) => entry.kind === 'file');
  const held = entries.filter((entry) => Buffer.isBuffer(entry.content));
  expect(held.length).toBeGreaterThan(10);
  expect(held.length * 200_000).toBeLessThan(20 * MB);
  expect(entries).toHaveLength(200);
  for (const { path, size, content: found } of entries) {
    expect(size).toBe(200_000);
    expect((await whole(found)).equals(content(Number(path)))).toBe(true);
  }
});
