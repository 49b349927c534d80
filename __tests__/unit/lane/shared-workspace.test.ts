import { afterEach, describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { eventually, LaneRig, processesWith, type Around, type Variant } from './lane-rig.ts';

const TOKEN = '.distmake-tmp-token';
const DONE = { kind: 'exited', status: 0 };

/** No process in it may make a mount namespace. */
const REFUSED: Around = {
  prefix: ['unshare', '-Ur'],
  before: () => 'echo 0 >/proc/sys/user/max_mnt_namespaces || exit 9; ',
};

const perl = { kind: 'perl', sandbox: 'shared', shell: '/bin/dash' } as const;
const sh = { kind: 'sh', sandbox: 'shared' } as const;
const variants: (Variant & { readonly around?: Around; readonly privateTmp: boolean })[] = [
  { ...perl, name: 'the perl lane', privateTmp: true },
  { ...perl, name: 'the perl lane, for an ordinary user', privateTmp: true, unprivileged: true },
  { ...perl, name: 'the perl lane, without namespaces', privateTmp: false, around: REFUSED },
  { ...sh, name: 'the sh lane', shell: '/bin/dash', privateTmp: false },
  { ...sh, name: 'the sh lane, in bash', shell: '/bin/bash', privateTmp: false },
  { ...sh, name: 'the sh lane, in busybox', shell: '/bin/busybox', privateTmp: false },
];

for (const variant of variants) {
  describe(`in a shared workspace, ${variant.name}`, () => {
    const rigs: LaneRig[] = [];
    afterEach(async () => {
      for (const rig of rigs.splice(0)) await rig.dispose();
    });

    async function open(prepare?: (workspace: string) => void, token = TOKEN): Promise<LaneRig> {
      const rig = await LaneRig.open(
        variant,
        (directory) => {
          const workspace = join(directory, 'work space');
          mkdirSync(workspace);
          chmodSync(workspace, 0o777);
          writeFileSync(join(workspace, 'in'), 'in');
          if (prepare) prepare(workspace);
          else writeFileSync(join(workspace, TOKEN), TOKEN);
          return { workspace, token };
        },
        variant.around,
      );
      rigs.push(rig);
      return rig;
    }

    test('runs jobs in the workspace itself and collects nothing', async () => {
      const rig = await open();
      const workspace = join(rig.directory, 'work space');
      expect([rig.lane.sandbox, rig.lane.treePath]).toEqual(['shared', workspace]);
      await rig.lane.sync([]);
      const ran = await rig.run('pwd; echo "$PWD"; cat in; mkdir d; echo out >d/out; rm in');
      expect([ran.outcome, ran.stdout, ran.outputs]).toEqual([DONE, `${workspace}\n${workspace}\nin`, []]);
      expect(readdirSync(workspace).sort()).toEqual([TOKEN, 'd']);
      const next = await rig.run('cat out; exit 3', { directory: 'd', keep: { except: 'd/out' } });
      expect([next.outcome, next.stdout, next.outputs]).toEqual([{ kind: 'exited', status: 3 }, 'out\n', []]);
      expect(readFileSync(join(workspace, 'd/out'), 'latin1')).toBe('out\n');
      expect(statSync(join(rig.directory, 'staging')).mode & 0o777).toBe(0o700);
    });

    test('gives each recipe a place of its own for temporary files', async () => {
      const rig = await open();
      const where = variant.privateTmp ? '/tmp' : '"$TMPDIR"';
      const first = await rig.run(`echo "\${TMPDIR-/tmp}"; mkdir ${where}/d; echo kept >${where}/d/f; echo "$TEMP"`, {
        recipe: 1,
      });
      expect(first.stdout).toBe(variant.privateTmp ? '/tmp\n\n' : `${rig.directory}/staging/r1\n\n`);
      expect((await rig.run(`ls -A ${where}`, { recipe: 2 })).stdout).not.toMatch(/^d$/m);
      expect((await rig.run(`cat ${where}/d/f`, { recipe: 1 })).stdout).toBe('kept\n');
    });

    test('is found also through a link that leads to a directory below /tmp', async () => {
      const elsewhere = mkdtempSync('/var/tmp/distmake-link-');
      chmodSync(elsewhere, 0o755);
      try {
        const workspace = join(elsewhere, 'link');
        const rig = await LaneRig.open(
          variant,
          (directory) => {
            mkdirSync(join(directory, 'ws'));
            chmodSync(join(directory, 'ws'), 0o777);
            writeFileSync(join(directory, 'ws', TOKEN), TOKEN);
            symlinkSync(join(directory, 'ws'), workspace);
            return { workspace, token: TOKEN };
          },
          variant.around,
        );
        rigs.push(rig);
        const ran = await rig.run('echo out >out; echo "$PWD"; echo x >"${TMPDIR-/tmp}/x"');
        expect([ran.outcome, ran.stdout]).toEqual([DONE, `${workspace}\n`]);
        expect(readFileSync(join(rig.directory, 'ws/out'), 'latin1')).toBe('out\n');
      } finally {
        rmSync(elsewhere, { recursive: true });
      }
    });

    test('ends jobs, and leaves no process', async () => {
      const rig = await open();
      const word = `${5_000_000 + Math.floor(Math.random() * 999_999)}`;
      const stop = new AbortController();
      const running = rig.run(`setsid sleep ${word} & sleep ${word}`, {}, stop.signal);
      await eventually(() => processesWith(word).length >= 2);
      stop.abort();
      expect((await running).outcome).toEqual({ kind: 'cancelled' });
      await eventually(() => processesWith(word).length === 0);
      expect((await rig.run('echo next')).stdout).toBe('next\n');
    });

    test('is refused where the workspace is not the one of the runner', async () => {
      const message = (why: string): RegExp =>
        new RegExp(`/work space is not the runner's workspace there \\(.*${why}.*'staging: none' needs it`);
      await expect(open(() => undefined)).rejects.toThrow(message(TOKEN));
      await expect(open((at) => writeFileSync(join(at, TOKEN), `${TOKEN}\n`))).rejects.toThrow(
        message('not the runner'),
      );
      await expect(open((at) => writeFileSync(join(at, TOKEN), 'other'))).rejects.toThrow(message('not the runner'));
      await expect(open(() => undefined, '')).rejects.toThrow(/is not the runner's workspace/);
    });

    if (variant.unprivileged === true) {
      test('is refused where it may not write', async () => {
        const prepare = (at: string): void => {
          writeFileSync(join(at, TOKEN), TOKEN);
          chmodSync(at, 0o555);
        };
        await expect(open(prepare)).rejects.toThrow(/cannot write there: Permission denied/);
      });
    }
  });
}
