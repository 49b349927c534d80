import { expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { laneContract } from './lane-contract.ts';
import { eventually, file, LaneRig, NOW, processesWith, type Around, type Variant } from './lane-rig.ts';

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

async function withLane(
  around: Around,
  use: (rig: LaneRig) => Promise<void>,
  sandbox = overlay.sandbox,
): Promise<void> {
  const rig = await LaneRig.open({ ...overlay, sandbox }, {}, around);
  try {
    await use(rig);
  } finally {
    await rig.dispose();
  }
}

test('a directory that another lane makes at the same moment is no trouble', () =>
  withLane(
    { edit: (program) => program.replaceAll('mkdir $path, 0700 or', 'mkdir $path, 0700; mkdir $path, 0700 or') },
    async (rig) => {
      await rig.lane.sync([{ kind: 'directory', path: 'd', mode: 0o755 }]);
      await rig.run('mkdir -p d/e; echo 1 >d/e/f');
      expect(readdirSync(rig.tree, { recursive: true }).sort()).toEqual(['d', 'd/e', 'd/e/f']);
    },
  ));

test('a job does not run behind entries that are in trouble', () =>
  withLane({}, async (rig) => {
    await rig.lane.sync([{ kind: 'link', path: 'door', time: NOW, target: '/' }]);
    await expect(rig.run('echo 1 >made', { entries: [file('door/f', 'x')] })).rejects.toThrow('staging failed there');
    expect((await rig.run('ls', { entries: [file('f', 'x')] })).stdout).toBe('door\nf\n');
  }));

test('a lane that is told to end ends its job too', () =>
  withLane({}, async (rig) => {
    const word = `${5_000_000 + Math.floor(Math.random() * 999_999)}`;
    const running = expect(rig.run(`setsid sleep ${word} & sleep ${word}`)).rejects.toThrow();
    await eventually(() => processesWith(`sleep\0${word}`).length === 2);
    rig.process.kill('SIGTERM');
    await running;
    await eventually(() => processesWith(word).length === 0);
  }));

test('a lane in which perl gives up ends its job too', () =>
  withLane(
    { edit: (program) => program.replace('sub hear_kill {\n', 'sub hear_kill {\n    die "gone" if $input ne "";\n') },
    async (rig) => {
      const word = `${5_000_000 + Math.floor(Math.random() * 999_999)}`;
      const stop = new AbortController();
      const running = expect(rig.run(`sleep ${word} & sleep ${word}`, {}, stop.signal)).rejects.toThrow();
      await eventually(() => processesWith(`sleep\0${word}`).length === 2);
      stop.abort();
      await running;
      await eventually(() => processesWith(word).length === 0);
    },
  ));

for (const sandbox of ['overlay', 'tree'] as const) {
  test(`a file may be older than any clock: ${sandbox}`, () =>
    withLane(
      {},
      async (rig) => {
        const { outputs } = await rig.run('touch -d 1960-01-01 old');
        expect(outputs).toMatchObject([{ kind: 'file', path: 'old', time: 0n, timeIsSet: true }]);
      },
      sandbox,
    ));
}
