import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { ByteReader } from '../../../src/lane/byte-reader.ts';

/** Two lanes on one connection: the first waits for what does not come. */
describe('a lane that is silent', () => {
  let received: number;
  let first: PassThrough;
  let others: PassThrough;
  let lost: string | undefined;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    received = 0;
    lost = undefined;
    first = new PassThrough();
    others = new PassThrough();
    for (const stream of [first, others]) stream.on('data', (chunk: Buffer) => (received += chunk.length));
    const reader = new ByteReader(first);
    reader.limitSilence(15, () => received);
    reader.line().catch((error: Error) => (lost = error.message));
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  async function pass(seconds: number, bytesPerSecond: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      others.write(Buffer.alloc(bytesPerSecond));
      await jest.advanceTimersByTimeAsync(1000);
      await new Promise(setImmediate);
    }
  }

  test('is waited for while much comes for another, and lost when no more does', async () => {
    await pass(60, 25_000);
    expect(lost).toBeUndefined();
    await pass(32, 0);
    expect(lost).toBe('it has said nothing for 15 s');
  });

  test('is lost when all that comes for others are signs of life', async () => {
    await pass(16, 1000);
    expect(lost).toBe('it has said nothing for 15 s');
  });

  test('is lost in the end, whatever comes for others', async () => {
    await pass(110, 25_000);
    expect(lost).toBeUndefined();
    await pass(15, 25_000);
    expect(lost).toBe('it has said nothing for 15 s');
  });

  test('has all its time again when it has said something', async () => {
    await pass(110, 25_000);
    first.write('alive\n');
    await pass(110, 25_000);
    expect(lost).toBeUndefined();
  });
});
