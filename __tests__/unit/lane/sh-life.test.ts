import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Transform, type Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import { LeftOut } from '../../../src/engine/left-out.ts';
import { GatheringStream } from '../../../src/ssh/gathering-stream.ts';
import { eventually, LaneRig, linkTools, processesWith, type Around, type Variant } from './lane-rig.ts';

const variant: Variant = { name: 'sh', kind: 'sh', sandbox: 'tree', shell: '/bin/dash' };
let rig: LaneRig | undefined;

afterEach(async () => {
  await rig?.dispose();
  rig = undefined;
});

async function open(patience: number, around: Around = {}): Promise<LaneRig> {
  return (rig = await LaneRig.open(variant, { patience }, around));
}

/** Processes of the lane, whatever they are called: all that stand in its directory. */
function inside({ directory }: LaneRig): string[] {
  const found = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).startsWith(directory);
    } catch {
      return false;
    }
  });
  return [...found, ...processesWith(directory)];
}

const owner = (lane: LaneRig): string => join(lane.directory, 'staging/owner');
const free = (lane: LaneRig): boolean => spawnSync('flock', ['-n', '-x', owner(lane), 'true']).status === 0;

describe('signs of life', () => {
  test('come while a job runs for longer than the patience of the runner', async () => {
    const { outcome, stdout } = await (await open(1)).run('sleep 2.5; echo on');
    expect({ outcome, stdout }).toEqual({ outcome: { kind: 'exited', status: 0 }, stdout: 'on\n' });
  });

  test('come while a large file is on its way over a slow link', async () => {
    const slowly = (stream: Duplex): Duplex => {
      const brake = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          const next = (at: number): void => {
            if (at >= chunk.length) {
              done();
              return;
            }
            this.push(chunk.subarray(at, at + 4096));
            setTimeout(next, 20, at + 4096);
          };
          next(0);
        },
      });
      brake.pipe(stream);
      return new GatheringStream(stream, brake, () => stream.destroy());
    };
    const lane = await open(1, { link: slowly });
    async function* pieces(): AsyncGenerator<Buffer> {
      for (let i = 0; i < 120; i++) yield await Promise.resolve(Buffer.alloc(4096, 'x'));
    }
    const size = 120 * 4096;
    await lane.lane.sync([{ kind: 'file', path: 'f', mode: 0o644, time: 1n, size, content: pieces() }]);
    expect(statSync(join(lane.tree, 'f')).size).toBe(size);
  });

  test('are that its runner takes what it sends, be that slow', async () => {
    const slowly = (stream: Duplex): Duplex => {
      const brake = new Transform({
        transform: (chunk: Buffer, _encoding, done) => void setTimeout(done, chunk.length / 250, undefined, chunk),
      });
      stream.pipe(brake);
      return new GatheringStream(brake, stream, () => stream.destroy());
    };
    const edit = (text: string): string => text.replace('limit=$8 tick=5', 'limit=3 tick=1');
    const lane = await open(60, { edit, link: slowly });
    const { stdout } = await lane.run('head -c 1200000 /dev/zero');
    expect(stdout).toHaveLength(1_200_000);
  }, 20_000);

  test('missing from the runner end the lane, with its job', async () => {
    const lane = await open(60, { edit: (text) => text.replace('limit=$8 tick=5', 'limit=2 tick=1') });
    const job = lane.run('trap "" TERM HUP; sleep 60; sleep 60').catch((error: Error) => error.name);
    expect(await job).toBe('EndOfStream');
    await eventually(() => inside(lane).length === 0);
  });
});

describe('a lane that is killed', () => {
  test('by its job leaves nothing', async () => {
    const lane = await open(1, { edit: (text) => text.replace('tick=5', 'tick=1') });
    await expect(lane.run('setsid sleep 61 & kill -9 $PPID; sleep 62')).rejects.toHaveProperty('name', 'EndOfStream');
    await expect(lane.lane.gone).resolves.toBe('the connection was closed');
    await eventually(() => inside(lane).length === 0 && free(lane));
  });

  test('while it is idle leaves nothing', async () => {
    const lane = await open(15, { edit: (text) => text.replace('tick=5', 'tick=1') });
    lane.process.kill('SIGKILL');
    await expect(lane.lane.gone).resolves.toBe('the connection was closed');
    await eventually(() => inside(lane).length === 0 && free(lane));
  });
});

test('the staging directory has the name of its owner, and is locked for as long as a lane lives', async () => {
  const lane = await open(15);
  expect(readFileSync(owner(lane), 'utf8')).toBe('distmake\n');
  expect(readFileSync(join(lane.directory, 'staging/l1/pid'), 'utf8')).toMatch(/^\d+ \d+\n$/);
  expect(free(lane)).toBe(false);
  // A job does not have it.
  expect((await lane.run(`ls -l /proc/$$/fd | grep -c ${owner(lane)}`)).stdout).toBe('0\n');
  const before = statSync(owner(lane)).mtimeMs;
  await lane.close();
  await eventually(() => free(lane) && inside(lane).length === 0);
  expect(statSync(owner(lane)).mtimeMs).toBeGreaterThan(before);
});

test('says of a name with time and runner whose it is', async () => {
  const staging = '/tmp/make-my-runner-20261122003520-0123456789ab-0123456789ab';
  try {
    rig = await LaneRig.open(variant, { staging });
    expect(readFileSync(`${staging}/owner`, 'utf8')).toBe('distmake my-runner 2026-11-22T00:35:20Z\n');
  } finally {
    await rig?.close();
    rmSync(staging, { recursive: true, force: true });
  }
});

test('what may be over in a while is told from what stays', async () => {
  const fault = async (given: Variant, staging: (directory: string) => string): Promise<unknown> =>
    LaneRig.open(given, (directory) => ({ staging: staging(directory) })).catch((error: unknown) => error);
  const full = await fault(variant, (directory) => {
    writeFileSync(join(directory, 'file'), '');
    return join(directory, 'file/staging');
  });
  expect(full).not.toBeInstanceOf(LeftOut);
  expect((full as Error).message).toMatch(/^cannot make .*\/file\/staging$/);
  const tools = (directory: string): void => linkTools(directory, ['dd', 'env', 'sed', 'cat', 'awk']);
  expect(await fault({ ...variant, tools }, (directory) => join(directory, 's'))).toBeInstanceOf(LeftOut);
});
