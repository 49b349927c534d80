import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { TAR_END, tarHeader, tarPadding, type TarMember } from '../../../src/lane/tar-writer.ts';
import { bufferOf, bytesOf, type Bytes } from '../../../src/util/bytes.ts';

const TIME = 1_600_000_000_123_456_789n;

function archive(members: readonly TarMember[], text: Bytes, exactTimes: boolean): Buffer {
  const pieces = members.flatMap((member) => [
    tarHeader(member, exactTimes),
    ...(member.kind === 'file' ? [bufferOf(text), tarPadding(text.length)] : []),
  ]);
  return Buffer.concat([...pieces, TAR_END]);
}

describe.each([
  ['GNU tar', ['tar'], true],
  ['busybox tar', ['busybox', 'tar'], false],
] as const)('%s', (_, [program, ...words], exactTimes) => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tar-writer-'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  function unpack(tar: Buffer): void {
    execFileSync(program, [...words, '-xpof', '-'], { cwd: directory, input: tar, stdio: ['pipe', 'pipe', 'pipe'] });
  }

  test('reads any name and target, short or long', () => {
    const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 47);
    const name = fc
      .array(byte, { minLength: 1, maxLength: 240 })
      .map((codes) => String.fromCharCode(...codes))
      .filter((text) => text !== '.' && text !== '..');
    let serial = 0;
    fc.assert(
      fc.property(name, name, fc.boolean(), (one, target, fresh) => {
        const top = `./${serial++}`;
        const path = `${top}/${one}`;
        const time = fresh ? TIME : 0n;
        unpack(
          archive(
            [
              { kind: 'directory', path: top, mode: 0o755 },
              { kind: 'file', path, mode: 0o640, time, size: one.length },
              { kind: 'link', path: `${path.slice(0, 200)}~l`, time, target },
            ],
            one,
            exactTimes,
          ),
        );
        expect(bytesOf(readFileSync(bufferOf(join(directory, path))))).toBe(one);
        const link = readlinkSync(bufferOf(join(directory, `${path.slice(0, 200)}~l`)), { encoding: 'buffer' });
        expect(bytesOf(link)).toBe(target);
      }),
      { numRuns: 40 },
    );
  });

  test('sets mode and time', () => {
    unpack(archive([{ kind: 'file', path: './f', mode: 0o751, time: TIME, size: 4 }], 'text', exactTimes));
    const stats = statSync(join(directory, 'f'), { bigint: true });
    expect(stats.mode & 0o777n).toBe(0o751n);
    expect(stats.mtimeNs).toBe(exactTimes ? TIME : (TIME / 1_000_000_000n) * 1_000_000_000n);
  });

  test('knows sizes that eight gigabytes and more have', () => {
    const size = 10 * 2 ** 30;
    const header = tarHeader({ kind: 'file', path: './huge', mode: 0o644, time: 0n, size }, exactTimes);
    const listed = execFileSync(
      'sh',
      ['-c', `(cat; head -c 100 /dev/zero) | ${[program, ...words].join(' ')} -tvf - 2>/dev/null || :`],
      {
        input: header,
      },
    );
    expect(listed.toString()).toContain(String(size));
  });
});

test('content is filled up to whole blocks', () => {
  expect([0, 1, 511, 512, 513].map((size) => tarPadding(size).length)).toEqual([0, 511, 1, 0, 511]);
});
