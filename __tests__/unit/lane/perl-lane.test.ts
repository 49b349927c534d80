import { expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { laneContract } from './lane-contract.ts';
import { eventually, LaneRig, processesWith, type Variant } from './lane-rig.ts';

laneContract({ name: 'the perl lane, with an overlay', kind: 'perl', sandbox: 'overlay', shell: '/bin/dash' });
laneContract({ name: 'the perl lane, in its own tree', kind: 'perl', sandbox: 'tree', shell: '/bin/dash' });
laneContract({
  name: 'the perl lane, in its own tree, for an ordinary user',
  kind: 'perl',
  sandbox: 'tree',
  shell: '/bin/dash',
  unprivileged: true,
});
laneContract({
  name: 'the perl lane, with an overlay, for an ordinary user',
  kind: 'perl',
  sandbox: 'overlay',
  shell: '/bin/dash',
  unprivileged: true,
});

/** `redirect_dir` has the kernel mark new directories as kernels before 5.14 always do. */
const markAll = (program: string): string => program.replaceAll('redirect_dir=off,index=off', 'redirect_dir=on');
const overlay: Variant = { name: '', kind: 'perl', sandbox: 'overlay', shell: '/bin/dash' };

for (const edit of [undefined, markAll]) {
  test(`jobs that make the same directory at the same time both have their files in it${edit ? ', on an old kernel' : ''}`, async () => {
    const around = edit ? { edit } : {};
    const first = await LaneRig.open(overlay, {}, around);
    const staging = join(first.directory, 'staging');
    const second = await LaneRig.open(overlay, { create: false, number: 2, staging }, around);
    try {
      await first.lane.sync([{ kind: 'directory', path: 'old', mode: 0o755 }]);
      const word = `${6_000_000 + Math.floor(Math.random() * 999_999)}`;
      const slow = second.run(`mkdir -p objects/deep; echo 2 >objects/2; sleep ${word}; rmdir old; mkdir old`);
      await eventually(() => processesWith(`sleep\0${word}`).length > 0);
      await first.run('mkdir -p objects/deep; echo 1 >objects/1; echo 1 >objects/deep/1');
      for (const sleep of processesWith(`sleep\0${word}`)) process.kill(Number(sleep));
      const { outputs } = await slow;
      expect(outputs.filter(({ kind }) => kind === 'removed').map(({ path }) => path)).toEqual(['old']);
      expect(readdirSync(first.tree, { recursive: true }).sort()).toEqual([
        ...['objects', 'objects/1', 'objects/2', 'objects/deep', 'objects/deep/1', 'old'],
      ]);
    } finally {
      await second.dispose();
      await first.dispose();
    }
  });
}
