import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { EndlessOutput, RefusedOutput } from '../../../src/stage/home/refused-output.ts';
import { Spool, type FileOutput } from '../../../src/stage/home/spool.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { scratch } from './tree-copy.ts';

let root: Bytes;

beforeEach(() => {
  root = scratch();
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(size: number, content: FileOutput['content']): FileOutput {
  return { kind: 'file', path: 'd/f', mode: 0o644, time: 0n, size, content, timeIsSet: false };
}

/** Counts what is taken of it. */
function stream(pieces: number): { content: AsyncIterable<Buffer>; taken: () => number } {
  let count = 0;
  async function* content(): AsyncGenerator<Buffer> {
    for (; count < pieces; count++) yield Buffer.alloc(10, 'x');
  }
  return { content: content(), taken: () => count };
}

test('small files wait in memory up to a limit, then on disk; nothing is left', async () => {
  const spool = new Spool(root, undefined, 25);
  const waiting = [];
  for (const letter of ['a', 'b', 'c', 'd']) waiting.push(await spool.take(file(10, Buffer.alloc(10, letter))));
  expect(waiting.map((one) => Buffer.isBuffer(one))).toEqual([true, true, false, false]);
  const texts = waiting.map((one) => (Buffer.isBuffer(one) ? String(one) : readFileSync(one.temporary, 'latin1')));
  expect(texts).toEqual(['a', 'b', 'c', 'd'].map((letter) => letter.repeat(10)));
  expect(readdirSync(root).length).toBe(2);
  spool.discard();
  expect(readdirSync(root)).toEqual([]);
});

describe('more than the file system has room for', () => {
  const huge = (): number => {
    const { bavail, bsize } = statfsSync(root);
    return bavail * bsize * 2 + 1;
  };

  test('is refused with its name before anything of it is written, and read to its end', async () => {
    const { content, taken } = stream(5);
    const spool = new Spool(root, undefined);
    let seen: string[] = ['not looked'];
    async function* watched(): AsyncGenerator<Buffer> {
      for await (const piece of content) {
        seen = readdirSync(root);
        yield piece;
      }
    }
    const size = Math.min(huge(), 2 ** 40);
    const taking = spool.take(file(size, watched()));
    await expect(taking).rejects.toThrow(RefusedOutput);
    await expect(taking).rejects.toThrow(`d/f has ${size} bytes, for which there is no room on the runner`);
    expect([seen, taken()]).toEqual([[], 5]);
  });

  test('is not waited for when it has no end', async () => {
    const { content, taken } = stream(1000);
    const taking = new Spool(root, undefined).take(file(2 ** 52, content));
    await expect(taking).rejects.toThrow(EndlessOutput);
    await expect(taking).rejects.toThrow('d/f');
    expect(taken()).toBe(0);
    expect(readdirSync(root)).toEqual([]);
  });

  test('what others are still waiting for counts as taken', async () => {
    const { bavail, bsize } = statfsSync(root);
    const size = Math.floor(bavail * bsize * 0.6);
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    async function* slow(): AsyncGenerator<Buffer> {
      await gate;
      yield Buffer.from('x');
    }
    const first = new Spool(root, undefined);
    const second = new Spool(root, undefined);
    const waiting = first.take(file(size, slow()));
    await expect(second.take(file(size, stream(1).content))).rejects.toThrow('no room');
    go();
    await waiting;
    await second.take(file(size, stream(1).content));
    first.discard();
    second.discard();
  });
});

test("the runner's own trouble is said to be that", async () => {
  mkdirSync(`${root}/w`);
  const spool = new Spool(`${root}/w`, undefined, 0);
  rmSync(`${root}/w`, { recursive: true });
  const { content, taken } = stream(3);
  await expect(spool.take(file(30, content))).rejects.toThrow(RefusedOutput);
  expect(taken()).toBe(3);
  const again = spool.take(file(1, Buffer.from('x')));
  await expect(again).rejects.toThrow(/^d\/f could not be written in the workspace on the runner: .*ENOENT/);
});
