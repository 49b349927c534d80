import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobOutput } from '../../../src/engine/job-output.ts';
import { DiskOutputStore } from '../../../src/make/output-store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'output-store-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Files of the directory that are open here: they have no name there. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${name}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

async function read(output: JobOutput): Promise<string> {
  let text = '';
  let last = 0;
  for await (const { descriptor, data } of output.texts()) {
    if (descriptor !== last) text += `<${descriptor}>`;
    last = descriptor;
    text += data.toString('latin1');
  }
  return text;
}

const joined = (pieces: readonly (readonly [1 | 2, string])[]): string =>
  pieces
    .map(([descriptor, text], at) => (pieces[at - 1]?.[0] === descriptor ? text : `<${descriptor}>${text}`))
    .join('');

test('whatever is put in comes out in its order, from memory or from the file', async () => {
  const piece = fc.tuple(
    fc.constantFrom<1 | 2>(1, 2),
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' }),
      fc.constantFrom(...[4091, 65_531, 65_536, 150_000].map((n) => 'x'.repeat(n))),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), fc.constantFrom(0, 500, 100_000), async (pieces, memory) => {
      const output = new DiskOutputStore(directory, memory).open();
      for (const [descriptor, text] of pieces) {
        const data = Buffer.from(text, 'latin1');
        output.add(descriptor, data);
        data.fill(0);
      }
      expect(await read(output)).toBe(joined(pieces));
      output.drop();
    }),
    { numRuns: 60 },
  );
  expect(openFiles()).toEqual([]);
});

test('what is long is in a file that nobody else can open, and that is gone when it is dropped', () => {
  const output = new DiskOutputStore(directory, 1000).open();
  output.add(1, Buffer.alloc(800));
  expect(openFiles()).toEqual([]);
  output.add(1, Buffer.alloc(800));
  expect(openFiles()).toHaveLength(1);
  expect(readdirSync(directory)).toEqual([]);
  output.drop();
  output.drop();
  output.add(1, Buffer.alloc(800));
  expect(openFiles()).toEqual([]);
});

test('of a long one the beginning and the end are looked at', () => {
  const output = new DiskOutputStore(directory, 1000).open();
  output.add(1, Buffer.from('first\n'));
  for (let count = 0; count < 100; count++) output.add(1, Buffer.alloc(10_000, '.'));
  output.add(2, Buffer.from('last\n'));
  const text = output
    .excerpt()
    .map(({ data }) => data.toString('latin1'))
    .join('');
  expect(text).toMatch(/^first\n\n\.+\nlast\n$/);
  expect(text.length).toBeLessThan(100_000);
  output.drop();
});

test('what cannot be kept is told, and the rest is there', async () => {
  const output = new DiskOutputStore(join(directory, 'none'), 1000).open();
  output.add(1, Buffer.from('first'));
  expect(output.trouble).toBeUndefined();
  output.add(1, Buffer.alloc(2000));
  output.add(1, Buffer.from('more'));
  expect(output.trouble).toContain('ENOENT');
  expect(await read(output)).toBe('<1>first');
  output.drop();
});
