import { PassThrough, Readable } from 'node:stream';
import { once } from 'node:events';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ByteReader, EndOfStream } from '../../../src/lane/byte-reader.ts';
import { FrameWriter } from '../../../src/lane/frame-writer.ts';

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

describe('signs of life', () => {
  test('are no lines', async () => {
    const stream = new PassThrough();
    const reader = new ByteReader(stream);
    stream.write('alive\nalive\none\nalive\nalive 2\nalive');
    expect([await reader.line(), await reader.line()]).toEqual(['one', 'alive 2']);
    stream.end('d\n');
    expect(await reader.line()).toBe('alived');
  });

  test('are not heard', async () => {
    const stream = new PassThrough();
    const reader = new ByteReader(stream);
    for (const [text, heard] of [
      ['alive\nalive\n', false],
      ['ali', false],
      ['ve\nal', false],
      ['l', true],
    ] as const) {
      stream.write(text);
      await new Promise(setImmediate);
      expect([text, reader.heard]).toEqual([text, heard]);
    }
  });
});

describe('silence', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  function limited(): { stream: PassThrough; reader: ByteReader } {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const stream = new PassThrough({ highWaterMark: 10 });
    const reader = new ByteReader(stream);
    reader.limitSilence(15);
    return { stream, reader };
  }
  const pass = async (seconds: number): Promise<void> => {
    await jest.advanceTimersByTimeAsync(seconds * 1000);
    await new Promise(setImmediate);
  };

  test('has a limit while somebody waits for what comes, and all that comes breaks it', async () => {
    const { stream, reader } = limited();
    const line = expect(reader.line()).rejects.toThrow('it has said nothing for 15 s');
    for (let i = 0; i < 5; i++) {
      await pass(14.5);
      stream.write(i < 4 ? 'alive\n' : 'wor');
      await pass(0);
    }
    await pass(14.5);
    expect(stream.destroyed).toBe(false);
    await pass(1);
    await line;
    expect(stream.destroyed).toBe(true);
    expect(await reader.ended).toBe('it has said nothing for 15 s');
  });

  test('has none while nobody waits', async () => {
    const { stream, reader } = limited();
    await pass(3600);
    stream.write('word\n');
    expect(await reader.line()).toBe('word');
    await pass(3600);
    expect([stream.destroyed, jest.getTimerCount()]).toEqual([false, 0]);
  });

  test('has the same limit for who waits until something can be sent', async () => {
    const { reader } = limited();
    const full = new PassThrough({ highWaterMark: 10 });
    const writer = new FrameWriter(full, reader);
    writer.add(Buffer.alloc(100));
    let flushed = false;
    const flushing = writer.flush().then(() => (flushed = true));
    await pass(14.5);
    expect(flushed).toBe(false);
    await pass(1);
    await flushing;
    await expect(writer.drain()).rejects.toThrow('it answered before it had everything');
    await expect(reader.line()).rejects.toThrow('it has said nothing for 15 s');
  });
});
