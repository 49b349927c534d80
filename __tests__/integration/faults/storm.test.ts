import { expect, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import type { NamespaceHost } from '../../rig/sshd-rig.ts';
import { Storm } from './storm.ts';

test('a fault that cannot be made is told when the storm is ended, and not before', async () => {
  const unhandled: unknown[] = [];
  const hear = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', hear);
  try {
    const fail = (): never => {
      throw new Error('there is no such host');
    };
    const host = new Proxy({}, { get: () => fail });
    const storm = new Storm([host as NamespaceHost], 7, 0);
    while (Object.keys(storm.counts).length === 0) await setImmediate();
    await setImmediate();
    await expect(storm.end()).rejects.toThrow('there is no such host');
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', hear);
  }
});
