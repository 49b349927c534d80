import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, LaneRig, processesWith, type Around, type Variant } from './lane-rig.ts';

jest.setTimeout(30_000);

const rigs: LaneRig[] = [];
const owners: string[] = [];

afterEach(async () => {
  for (const rig of rigs.splice(0).reverse()) await rig.dispose();
  for (const owner of owners.splice(0)) rmSync(owner, { recursive: true });
});

const root = process.getuid?.() === 0;
const perl: Variant = { name: '', kind: 'perl', sandbox: 'tree', shell: '/bin/dash' };
const jailed: Variant = { ...perl, sandbox: 'overlay', unprivileged: true };

async function open(
  variant = perl,
  setup: Parameters<typeof LaneRig.open>[1] = {},
  around: Around = {},
): Promise<LaneRig> {
  const rig = await LaneRig.open(variant, setup, around);
  rigs.push(rig);
  return rig;
}

const someWord = (): string => `${5_000_000 + Math.floor(Math.random() * 999_999)}`;

/** A daemon, in a session of its own, all of whose descriptors are closed. */
const daemon = (word: string): string => `setsid setsid sh -c 'sleep ${word} & exec <&- >&- 2>&-; sleep ${word}' &`;

describe.each([
  ['in its own tree', perl],
  ['with an overlay, for an ordinary user', jailed],
])('a lane %s', (_name, variant) => {
  test.each(['lane', 'guardian'] as const)('leaves nothing of its job behind when its %s is killed', async (which) => {
    const rig = await open(variant);
    const word = someWord();
    const lost = expect(rig.run(`${daemon(word)} sleep ${word}`)).rejects.toThrow('the connection was closed');
    await eventually(() => processesWith(`sleep\0${word}`).length === 3);
    process.kill(rig.ids[which], 'SIGKILL');
    await lost;
    await eventually(() => processesWith(word).length === 0 && processesWith(rig.directory).length === 0);
  });
});

test('a job that kills its lane costs the host, and nothing is left', async () => {
  const rig = await open();
  const word = someWord();
  await expect(rig.run(`${daemon(word)} sleep ${word} & kill -KILL $PPID; sleep ${word}`)).rejects.toThrow();
  await eventually(() => processesWith(word).length === 0 && processesWith(rig.directory).length === 0);
});

test('a place is taken for as long as anything of the job lives, although its lane was killed', async () => {
  const owner = mkdtempSync(join(tmpdir(), 'lane-owner-'));
  owners.push(owner);
  chmodSync(owner, 0o1777);
  writeFileSync(join(owner, 'distmake.conf'), 'max_jobs: 1\n');
  // What is orphaned is not found at first: the place is given back behind that.
  const edit = (program: string): string =>
    program.replace(
      'my @first = grep',
      'if ($pause < 0.1) { $pause *= 2; select undef, undef, undef, $pause; next } my @first = grep',
    );
  const rig = await open(perl, {}, { owner, edit });
  const other = await open(perl, {}, { owner });
  const word = someWord();
  const lost = expect(rig.run(`${daemon(word)} sleep ${word}`)).rejects.toThrow();
  await eventually(() => processesWith(`sleep\0${word}`).length === 3);
  process.kill(rig.ids.lane, 'SIGKILL');
  await lost;
  while (!(await other.run('true')).ran);
  expect(processesWith(word)).toEqual([]);
});

describe('a staging directory', () => {
  const free = (directory: string): boolean =>
    spawnSync('flock', ['-n', '-x', join(directory, 'staging/owner'), 'true']).status === 0;
  const touched = (directory: string): number => statSync(join(directory, 'staging/owner')).mtimeMs;

  test('says whose it is, and has the ids of those who live there', async () => {
    const name = 'make-my.runner-20261122003538-0123456789ab-0123456789ab';
    const parent = mkdtempSync(join(tmpdir(), 'lane-owner-'));
    owners.push(parent);
    const rig = await open(perl, { staging: join(parent, name) });
    expect(readFileSync(join(parent, name, 'owner'), 'utf8')).toBe('distmake my.runner 2026-11-22T00:35:38Z\n');
    const ids = readFileSync(join(parent, name, 'l1/pid'), 'latin1');
    expect(ids).toMatch(/^\d+ \d+\n$/);
    for (const id of ids.trim().split(' ')) {
      const words = readFileSync(`/proc/${id}/cmdline`, 'latin1');
      expect(words.replace(/[\0 ]+$/, '')).toBe(`distmake-lane ${parent}/${name}/l1`);
    }
    expect(ids.split(' ')[0]).toBe(`${rig.process.pid}`);
  });

  test('is claimed while a lane lives there, and no job holds the claim', async () => {
    const rig = await open();
    const staging = join(rig.directory, 'staging');
    const second = await open(perl, { staging, create: false, number: 2 });
    await rig.close();
    expect(free(rig.directory)).toBe(false);
    const { stdout } = await second.run('ls -l /proc/self/fd');
    expect(stdout).not.toContain('staging/owner');
    await second.close();
    expect(free(rig.directory)).toBe(true);
  });

  test('is touched when a lane comes and when it goes, killed or not', async () => {
    const rig = await open();
    const staging = join(rig.directory, 'staging');
    const old = (): void => utimesSync(join(staging, 'owner'), 1e9, 1e9);
    old();
    const second = await open(perl, { staging, create: false, number: 2 });
    expect(touched(rig.directory)).toBeGreaterThan(1e12);
    old();
    await second.close();
    expect(touched(rig.directory)).toBeGreaterThan(1e12);
    old();
    process.kill(rig.ids.lane, 'SIGKILL');
    await rig.close();
    expect(touched(rig.directory)).toBeGreaterThan(1e12);
  });

  test('that cannot be made now may be made later', async () => {
    const around: Around = {
      prefix: root ? ['unshare', '-m'] : ['unshare', '-rm'],
      before: (directory) => `/bin/mount -t tmpfs -o ro tmpfs '${directory}/closed' || exit 9; `,
    };
    const setup = (directory: string): { staging: string } => {
      mkdirSync(join(directory, 'closed'));
      return { staging: join(directory, 'closed/staging') };
    };
    const error: unknown = await open(perl, setup, around).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'Error' });
    expect(String(error)).toMatch(/cannot make .*\/closed\/staging: Read-only file system/);
  });
});
