import { Duplex, Readable } from 'node:stream';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { sweepHost } from '../../../../src/build/clean/sweep-host.ts';
import { removedText } from '../../../../src/build/clean/swept.ts';
import type { HostChannel, HostChannels } from '../../../../src/ssh/channels.ts';
import { deferred } from '../../../../src/util/deferred.ts';

const NAME = 'make-runner-20261121101112-0123456789ab-0123456789a';
const DAY = 86_400;

/** A host that says something when it has been sent the script; `says` is given the nonce. */
function host(says: (nonce: string) => string, status: number | undefined, stderr = ''): HostChannels {
  const exec = (): Promise<HostChannel> => {
    const exited = deferred<number | undefined>();
    let text = '';
    const channel = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _, done) => {
        text += chunk.toString();
        done();
      },
      final: (done) => {
        channel.push(says(/\nsweep ([0-9a-f]+) /.exec(text)?.[1] ?? ''));
        setImmediate(() => exited.resolve(status));
        done();
      },
    });
    return Promise.resolve(Object.assign(channel, { stderr: Readable.from([stderr]), exited: exited.promise }));
  };
  return { exec, close: () => undefined };
}

afterEach(() => {
  jest.useRealTimers();
});

describe('what a host says of its staging directories', () => {
  test('is told, between whatever its login script prints', async () => {
    const says = (nonce: string): string =>
      [
        'Welcome',
        `${nonce} removed ${NAME}1 172800 12 `,
        `${nonce} used ${NAME}2 5 - `,
        `${nonce} failed ${NAME}3 - - rm: cannot remove it`,
        `${nonce} end`,
        '',
      ].join('\n');
    const sweep = await sweepHost(host(says, 0), { staleAfter: DAY });
    expect(sweep).toEqual({
      found: [
        { path: `/tmp/${NAME}1`, what: 'removed', age: 172_800, bytes: 12_288, why: undefined },
        { path: `/tmp/${NAME}2`, what: 'used', age: 5, bytes: undefined, why: undefined },
        { path: `/tmp/${NAME}3`, what: 'failed', age: undefined, bytes: undefined, why: 'rm: cannot remove it' },
      ],
      trouble: undefined,
    });
    expect(removedText(sweep)).toBe(`removed a directory of a run that is gone: /tmp/${NAME}1`);
  });

  test('counts only where it has the form', async () => {
    const says = (nonce: string): string =>
      [
        `${nonce} removed ../../etc 1 1 `,
        `${nonce} burnt ${NAME}1 1 1 `,
        `${nonce} removed ${NAME}1 many 1 `,
        `${nonce} removed ${NAME}1 -9 1 `,
        `other removed ${NAME}1 1 1 `,
      ].join('\n');
    for (const line of says('N').split('\n')) {
      const sweep = await sweepHost(
        host((nonce) => `${line.replace(/^N/, nonce)}\n${nonce} end\n`, 0),
        { staleAfter: DAY },
      );
      const trouble = line.startsWith('N') ? 'part of what it said about them cannot be read' : undefined;
      expect(sweep).toEqual({ found: [], trouble });
      expect(removedText(sweep)).toBeUndefined();
    }
  });

  test('and why it did not come to its end', async () => {
    const part = (nonce: string): string => `${nonce} removed ${NAME}1 9 - \n`;
    expect(await sweepHost(host(part, undefined), { staleAfter: DAY })).toMatchObject({
      found: [{ what: 'removed' }],
      trouble: 'the command to look for them did not end well',
    });
    expect(
      await sweepHost(
        host(() => '', 1, '/tmp cannot be entered\n'),
        { staleAfter: DAY },
      ),
    ).toEqual({
      found: [],
      trouble: '/tmp cannot be entered',
    });
    const lost = { exec: () => Promise.reject(new Error('it is gone')), close: () => undefined };
    expect(await sweepHost(lost, { staleAfter: DAY })).toEqual({ found: [], trouble: 'it is gone' });
  });
});

test('a host that says nothing is given up', async () => {
  jest.useFakeTimers();
  const silent = { exec: () => new Promise<HostChannel>(() => undefined), close: () => undefined };
  const sweep = sweepHost(silent, { staleAfter: DAY, limit: 2 });
  await jest.advanceTimersByTimeAsync(7000);
  expect(await sweep).toEqual({ found: [], trouble: 'it has not ended within 7 s' });
});
