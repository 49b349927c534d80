import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLocker, type Locker } from '../../../src/build/local-lock.ts';
import { LocalPlaces } from '../../../src/build/local-places.ts';
import { findProgram } from '../../../src/make/programs.ts';

const PATH = process.env['PATH'] ?? '';
let folder: string;
let slots: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-places-'));
  slots = join(folder, 'slots');
});
afterEach(() => {
  for (const child of children.splice(0)) end(child);
  rmSync(folder, { recursive: true });
});

/** Finds that program alone. */
function locker(name: string): Locker {
  const bin = join(folder, name);
  mkdirSync(bin, { recursive: true });
  symlinkSync(findProgram(name, PATH) ?? '', join(bin, name));
  const found = findLocker(bin);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

/** Somebody else, who holds a place until it is killed. */
async function other(number: number): Promise<ChildProcess> {
  const file = join(slots, String(number));
  const child = spawn('flock', ['-x', '-o', file, 'sh', '-c', 'echo held; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

/** With what it has started. */
function end(child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
    process.kill(-child.pid, 'SIGKILL');
}

function isFree(number: number): boolean {
  return spawnSync('flock', ['-x', '-n', join(slots, String(number)), 'true']).status === 0;
}

describe.each(['perl', 'flock'])("the places of the runner's owner, locked by %s", (name) => {
  let lock: Locker;
  beforeEach(() => {
    lock = locker(name);
  });

  test('are as many as the cap, and come back', async () => {
    const places = new LocalPlaces(3, lock, slots);
    const taken = await Promise.all([1, 2, 3].map(() => places.take()));
    expect(taken).not.toContain(undefined);
    expect([1, 2, 3].map(isFree)).toEqual([false, false, false]);
    expect(await places.take()).toBeUndefined();
    taken[1]?.give();
    taken[1]?.give();
    const again = await places.take();
    expect(again).toBeDefined();
    expect(await places.take()).toBeUndefined();
    for (const place of [taken[0], taken[2], again]) place?.give();
    expect([1, 2, 3].map(isFree)).toEqual([true, true, true]);
  });

  test('are shared with other runs, and more than fit one program', async () => {
    const [one, two] = [new LocalPlaces(70, lock, slots), new LocalPlaces(70, lock, slots)];
    const held = [];
    for (let n = 0; n < 69; n++) held.push(await (n % 2 === 0 ? one : two).take());
    expect(held).not.toContain(undefined);
    const last = await two.take();
    expect(last).toBeDefined();
    expect(await one.take()).toBeUndefined();
    last?.give();
    expect(await one.take()).toBeDefined();
  });

  test('are given back by the kernel when their holder dies', async () => {
    mkdirSync(slots);
    const child = await other(1);
    const places = new LocalPlaces(1, lock, slots);
    expect(await places.take()).toBeUndefined();
    const ended = once(child, 'exit');
    end(child);
    await ended;
    expect(await places.take()).toBeDefined();
  });

  test('a file that was cleared away is made again: a lock that nobody sees is none', async () => {
    const cleared: Locker = async (files) => {
      const at = await lock(files);
      rmSync(join(slots, '1'), { force: true });
      return at;
    };
    const places = new LocalPlaces(1, cleared, slots);
    expect(await places.take()).toBeUndefined();
    expect(await new LocalPlaces(1, lock, slots).take()).toBeDefined();
    expect(isFree(1)).toBe(false);
  });
});

describe('what others may have left where the places are', () => {
  const check = (): Promise<void> => new LocalPlaces(1, locker('perl'), slots).check();

  test('nothing: a directory for all users, and files that all can lock', async () => {
    await check();
    expect(statSync(slots).mode & 0o7777).toBe(0o1777);
    expect(statSync(join(slots, '1')).mode & 0o777).toBe(0o644);
  });

  test('a place that is held is no fault', async () => {
    mkdirSync(slots);
    await other(1);
    await expect(check()).resolves.toBeUndefined();
  });

  test.each<[string, () => void]>([
    ['a link', () => symlinkSync('/etc/passwd', join(slots, '1'))],
    ['a directory', () => mkdirSync(join(slots, '1'))],
    [
      'a file with another name',
      () => {
        writeFileSync(join(folder, 'mine'), '');
        linkSync(join(folder, 'mine'), join(slots, '1'));
      },
    ],
    ['a FIFO', () => void spawnSync('mkfifo', [join(slots, '1')])],
  ])('%s is no place', async (_what, make) => {
    mkdirSync(slots);
    make();
    await expect(check()).rejects.toThrow(/^its owner's limit cannot be kept there: .*slots\/1/);
  });

  test('a link in place of the directory is not followed', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync('elsewhere', slots);
    await expect(check()).rejects.toThrow(/limit cannot be kept/);
    expect(() => unlinkSync(join(folder, 'elsewhere/1'))).toThrow();
  });

  test('neither perl nor flock: no locks', () => {
    expect(findLocker(folder)).toBeUndefined();
  });
});
