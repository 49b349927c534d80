import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LaneSetup } from '../../../src/engine/ports.ts';
import type { Entry } from '../../../src/model/entry.ts';
import { eventually, file, LaneRig, processesWith, type Variant } from './lane-rig.ts';

const MiB = 1_048_576;
const root = process.getuid?.() === 0;

/** The staging directory is on a file system of its own, mounted for the lane alone. */
function small(options: string): Parameters<typeof LaneRig.open>[2] {
  return {
    prefix: root ? ['unshare', '-m'] : ['unshare', '-rm'],
    before: (directory) => `/bin/mount -t tmpfs -o ${options} tmpfs '${directory}/small' || exit 9; `,
  };
}

const variants: Variant[] = [
  { name: 'the perl lane, with an overlay', kind: 'perl', sandbox: root ? 'overlay' : 'tree', shell: '/bin/dash' },
  { name: 'the perl lane, in its own tree', kind: 'perl', sandbox: 'tree', shell: '/bin/dash' },
  { name: 'the sh lane', kind: 'sh', sandbox: 'tree', shell: '/bin/dash' },
  { name: 'the sh lane, in busybox', kind: 'sh', sandbox: 'tree', shell: '/bin/busybox' },
];

for (const variant of variants) {
  describe(`on a full disk ${variant.name}`, () => {
    const rigs: LaneRig[] = [];
    afterEach(async () => {
      for (const rig of rigs.splice(0)) await rig.dispose();
    });

    async function open(options: string, sandbox = variant.sandbox): Promise<LaneRig> {
      const setup = (directory: string): Partial<LaneSetup> => {
        mkdirSync(join(directory, 'small'), { mode: 0o777 });
        const shared = sandbox === 'shared' ? { workspace: directory, token: 'token' } : {};
        writeFileSync(join(directory, 'token'), 'token');
        return { staging: join(directory, 'small/staging'), sandbox, ...shared };
      };
      const rig = await LaneRig.open({ ...variant, sandbox }, setup, small(options));
      rigs.push(rig);
      return rig;
    }

    const fillUp = 'head -c 40000000 /dev/zero >big';

    test('a job that fails is none of its makefile: the lane is lost and says why', async () => {
      const rig = await open('size=16m');
      await expect(rig.run(`${fillUp} || { echo no; exit 1; }`)).rejects.toThrow(
        /^no space left in .*\/small\/staging: \d+ kB free$/,
      );
      await expect(rig.run('true')).rejects.toThrow();
      await eventually(() => processesWith(rig.directory).length === 0);
    });

    test('nor one that removed what it could not finish, if it said so', async () => {
      const rig = await open('size=16m');
      await expect(rig.run(`${fillUp}; rm big; echo "cc: No space left on device" >&2; exit 1`)).rejects.toThrow(
        /^no space left in .*\/small\/staging: 1\d{4} kB free$/,
      );
    });

    test('the same without inodes', async () => {
      const rig = await open('size=64m,nr_inodes=200');
      await expect(rig.run('i=0; while : >f$i; do i=$((i+1)); done; exit 1')).rejects.toThrow(
        /^no inodes left in .*\/small\/staging$/,
      );
    });

    test('a job that fails for another reason is told as it is, and so is one that was ended', async () => {
      const rig = await open('size=16m');
      expect((await rig.run('echo error; exit 2')).outcome).toEqual({ kind: 'exited', status: 2 });
      const stop = new AbortController();
      const word = `${4_000_000 + Math.floor(Math.random() * 999_999)}`;
      const running = rig.run(`head -c 14500000 /dev/zero >big; sleep ${word}`, {}, stop.signal);
      await eventually(() => processesWith(`sleep\0${word}`).length > 0);
      stop.abort();
      expect((await running).outcome).toEqual({ kind: 'cancelled' });
    });

    test('entries that do not fit are told so first', async () => {
      const rig = await open('size=8m');
      const entries = Array.from({ length: 30 }, (_, i) => file(`f${i}`, 'x'.repeat(MiB / 2)));
      await expect(rig.lane.sync(entries)).rejects.toThrow(
        /^staging failed there: no space left in .*\/small\/staging: \d+ kB free/,
      );
    });

    if (variant.kind === 'perl') {
      test('the first staging does not go on when there is no room', async () => {
        const rig = await open('size=8m');
        let count = 0;
        const text = 'x'.repeat(MiB / 4);
        function* entries(): Generator<Entry> {
          for (; count < 2000; count++) yield file(`f${count}`, text);
        }
        await expect(rig.lane.sync(entries())).rejects.toThrow(/^staging failed there: no space left in /);
        expect(count).toBeLessThan(1000);
      });

      test('nor in the middle of a file', async () => {
        const rig = await open('size=8m');
        let count = 0;
        async function* pieces(): AsyncGenerator<Buffer> {
          for (; count < 2000; count++) yield await Promise.resolve(Buffer.alloc(MiB / 4));
        }
        const size = 500 * MiB;
        const large: Entry = { kind: 'file', path: 'large', mode: 0o644, time: 1n, size, content: pieces() };
        await expect(rig.lane.sync([large])).rejects.toThrow(/^staging failed there: no space left in /);
        expect(count).toBeLessThan(1000);
      });
    }

    test('in a shared workspace too', async () => {
      const rig = await open('size=16m', 'shared');
      expect((await rig.run('exit 2')).outcome).toEqual({ kind: 'exited', status: 2 });
      const where = '"${TMPDIR-/tmp}"';
      await expect(rig.run(`head -c 40000000 /dev/zero >${where}/big || exit 1`)).rejects.toThrow(/^no space left in/);
    });
  });
}

test('a job that prints more than the sh lane can keep does not lose it in silence', async () => {
  const rig = await LaneRig.open(
    { name: '', kind: 'sh', sandbox: 'tree', shell: '/bin/dash' },
    (directory) => {
      mkdirSync(join(directory, 'small'));
      return { staging: join(directory, 'small/staging') };
    },
    small('size=8m'),
  );
  try {
    await expect(rig.run('head -c 20000000 /dev/zero; exit 0')).rejects.toThrow(/^no space left in/);
  } finally {
    await rig.dispose();
  }
});
