import { describe, expect, jest, test } from '@jest/globals';
import { Duplex, Readable } from 'node:stream';
import type { LaneSetup } from '../../../src/engine/ports.ts';
import type { LaneStream } from '../../../src/lane/lane-stream.ts';
import { PerlLane } from '../../../src/lane/perl-lane.ts';
import { ShLane } from '../../../src/lane/sh-lane.ts';
import type { Entry } from '../../../src/model/entry.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { file } from './lane-rig.ts';

const SETUP: LaneSetup = {
  staging: '/tmp/s',
  workspace: '/w',
  number: 1,
  create: true,
  sandbox: 'tree',
  partial: false,
  token: undefined,
  setup: '',
  startup: '',
  ownersFile: 'optional',
  patience: 15,
};

/**
 * A channel of ssh2 whose connection is lost: it ends, says `close`, is not destroyed, and takes nothing from there on
 * without ever saying so.
 */
function losing(hello: string, lastWords: string): LaneStream {
  let writes = 0;
  const stream = new Duplex({
    emitClose: false,
    autoDestroy: false,
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      if (writes++ === 0) {
        const nonce = /distmake-[0-9a-f]{24}/.exec(bytesOf(chunk))?.[0] ?? '';
        this.push(`\n${nonce} ready\nhello 1 ${hello} 1 - - /t\n`);
        done();
      } else if (writes === 2) {
        this.push(lastWords);
        this.push(null);
        this.once('end', () => this.emit('close'));
      }
    },
  });
  return Object.assign(stream, { stderr: new Readable({ read: () => undefined }) });
}

jest.setTimeout(10_000);

describe.each([
  ['perl', async (last: string) => PerlLane.open(losing('tree plain', last), '', SETUP)],
  ['sh', async (last: string) => ShLane.open(losing('find exact', last), '', SETUP)],
])('a connection that is lost while a lane in %s is sent entries', (_name, open) => {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let i = 0; i < 64; i++) yield await Promise.resolve(Buffer.alloc(262144));
  }
  const many: Entry[] = Array.from({ length: 400 }, (_, i) => file(`f${i}`, 'x'.repeat(65536)));
  const large: Entry = { kind: 'file', path: 'large', mode: 0o644, time: 1n, size: 64 * 262144, content: pieces() };

  test('ends the first staging', async () => {
    const lane = await open('');
    await expect(lane.sync(many)).rejects.toHaveProperty('name', 'EndOfStream');
    await expect(lane.sync([large])).rejects.toHaveProperty('name', 'EndOfStream');
  });

  test('ends a job', async () => {
    const lane = await open('');
    const request = { directory: '', path: '', argv: ['true'], environment: [], umask: 0o022, recipe: 1, merge: false };
    const sink = {
      onApplied: () => undefined,
      onText: () => undefined,
      onEnd: () => undefined,
      onOutput: () => undefined,
    };
    const job = { ...request, entries: many, visible: undefined, keep: undefined };
    await expect(lane.run(job, sink, new AbortController().signal)).rejects.toHaveProperty('name', 'EndOfStream');
  });

  test('does not take its last words along', async () => {
    const lane = await open('trouble no room\n');
    await expect(lane.sync(many)).rejects.toThrow('staging failed there: no room');
  });
});
