import { PassThrough, Readable } from 'node:stream';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { ByteReader, EndOfStream } from '../../../src/lane/byte-reader.ts';

test('lines, exact numbers of bytes, and how much has come so far', async () => {
  const stream = new PassThrough();
  const reader = new ByteReader(stream);
  stream.write('one\ntwo');
  expect(await reader.line()).toBe('one');
  expect((await reader.exact(3)).toString()).toBe('two');
  expect(reader.received).toBe(7);
});

test.each([
  ['has been read to its end', (stream: Readable) => stream.resume()],
  ['has been let go', (stream: Readable) => stream.destroy()],
])('a stream that %s before: nobody waits for more', async (_how, end) => {
  const stream = Readable.from(['word\n']);
  end(stream);
  await once(stream, 'close');
  await expect(new ByteReader(stream).line()).rejects.toThrow(EndOfStream);
});
