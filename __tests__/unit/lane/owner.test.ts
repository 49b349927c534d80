import { afterEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LaneSetup } from '../../../src/engine/ports.ts';
import { eventually, LaneRig, linkTools, processesWith, type Variant } from './lane-rig.ts';

const root = process.getuid?.() === 0;
const perl: Variant = { name: 'perl', kind: 'perl', sandbox: 'tree', shell: '/bin/dash' };
const sh: Variant = { name: 'sh', kind: 'sh', sandbox: 'tree', shell: '/bin/dash' };

const rigs: LaneRig[] = [];
const owners: string[] = [];

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.dispose();
  for (const owner of owners.splice(0)) rmSync(owner, { recursive: true });
});

/** A directory in place of the one that the owner's files and the places are in. */
function owner(files: Record<string, string> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'lane-owner-'));
  chmodSync(directory, 0o1777);
  owners.push(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

async function open(variant: Variant, directory: string, setup: Partial<LaneSetup> = {}): Promise<LaneRig> {
  const rig = await LaneRig.open(variant, setup, { owner: directory });
  rigs.push(rig);
  return rig;
}

/** A job that holds its place until it is ended. */
async function holding(rig: LaneRig): Promise<{ end: () => Promise<void> }> {
  const word = `${3_000_000 + Math.floor(Math.random() * 999_999)}`;
  const stop = new AbortController();
  const running = rig.run(`sleep ${word}; exit 0`, {}, stop.signal);
  await eventually(() => processesWith(`sleep\0${word}`).length > 0);
  return {
    end: async () => {
      stop.abort();
      expect((await running).ran).toBe(true);
    },
  };
}

describe.each([perl, sh])('what its owner says to the $name lane', (variant) => {
  test.each([
    ['# ours\n\n  max_jobs :\t3 # of 4\r\n\nnice_prio:0', 3],
    ['nice_prio: 19\nmax_jobs:9999', 9999],
    ['nice_prio: -0\nmax_jobs: 1', 1],
  ])('is taken: %j', async (text, cap) => {
    expect((await open(variant, owner({ 'distmake.conf': text }))).lane.facts.cap).toBe(cap);
  });

  test.each([
    ['max_jobs: lots', 1, 'max_jobs: lots'],
    ['\nmax_jobs:', 2, 'max_jobs:'],
    ['max_jobs 8', 1, 'max_jobs 8'],
    ['max_jobs: -1', 1, 'max_jobs: -1'],
    ['max_jobs: 08', 1, 'max_jobs: 08'],
    ['max_jobs: 10000', 1, 'max_jobs: 10000'],
    ['max_jobs: 2\nmax_jobs: 3', 2, 'max_jobs: 3'],
    ['max_jobs: 2\nnice_prio: 20', 2, 'nice_prio: 20'],
    ['max_jobs: 2\n\n#\nnice_prio: -21', 4, 'nice_prio: -21'],
    ['max_jobs: 2\nnicer: 5', 2, 'nicer: 5'],
    ['max_jobs: *', 1, 'max_jobs: *'],
    [`max_jobs: ${'x'.repeat(200)}`, 1, `max_jobs: ${'x'.repeat(70)}`],
  ])('is refused where it is wrong: %j', async (text, line, words) => {
    const directory = owner({ 'distmake.conf': text });
    await expect(open(variant, directory)).rejects.toThrow(
      `line ${line} of its owner's file ${directory}/distmake.conf is wrong: "${words}"; there is to be ` +
        '"max_jobs: 8" (0 to 9999) and, if wanted, "nice_prio: 5" (-20 to 19), each once',
    );
  });

  test('is refused without a number of jobs, and with none', async () => {
    const without = owner({ 'distmake.conf': 'nice_prio: 5\n' });
    await expect(open(variant, without)).rejects.toThrow(
      `its owner's file ${without}/distmake.conf does not say how many jobs it takes: a line "max_jobs: 8" is missing`,
    );
    const none = owner({ 'distmake.conf': 'max_jobs: 0\n' });
    await expect(open(variant, none)).rejects.toThrow(
      `its owner allows no jobs (max_jobs: 0 in ${none}/distmake.conf)`,
    );
  });

  test('is refused where it cannot be read', async () => {
    for (const make of [
      (at: string) => mkdirSync(at),
      (at: string) => symlinkSync('nowhere', at),
      ...(root ? [(at: string) => writeFileSync(at, 'max_jobs: 2\n', { mode: 0o600 })] : []),
    ]) {
      const directory = owner();
      make(join(directory, 'distmake.conf'));
      await expect(open({ ...variant, unprivileged: true }, directory)).rejects.toThrow(
        `its owner's file ${directory}/distmake.conf cannot be read`,
      );
    }
  });

  test("stands in dmake's file first", async () => {
    const directory = owner({ 'dmake.conf': 'max_jobs: 4\n', 'distmake.conf': 'max_jobs: 2\n' });
    expect((await open(variant, directory)).lane.facts.cap).toBe(4);
  });

  test('is asked for where a host takes no jobs without it, before anything is made there', async () => {
    const directory = owner();
    const staging = join(directory, 'staging');
    await expect(open(variant, directory, { ownersFile: 'required', staging })).rejects.toThrow(
      'dmake takes no jobs to a host whose owner has not said how many it may have, in ' +
        `${directory}/dmake.conf or ${directory}/distmake.conf: as root on that host, ` +
        `echo "max_jobs: N" >${directory}/distmake.conf`,
    );
    expect(readdirSync(directory)).toEqual([]);
    writeFileSync(join(directory, 'distmake.conf'), 'max_jobs: 5\n');
    const rig = await open(variant, directory, { ownersFile: 'required' });
    expect(rig.lane.facts.cap).toBe(5);
  });

  test('costs nothing where there is nothing: no place is looked for', async () => {
    const directory = owner();
    const rig = await open(variant, directory);
    expect((await rig.run('true')).ran).toBe(true);
    expect(existsSync(join(directory, 'slots'))).toBe(false);
  });

  test('leaves the niceness alone where it may not be lower', async () => {
    const directory = owner({ 'distmake.conf': 'max_jobs: 2\nnice_prio: -5\n' });
    const rig = await open({ ...variant, unprivileged: true }, directory);
    const niceness = readFileSync('/proc/self/stat', 'latin1').replace(/.*\) /s, '').split(' ')[16] ?? '';
    const { stdout, stderr } = await rig.run('read -r line </proc/self/stat; set -- ${line##*) }; echo "${17}"');
    expect([stdout, stderr]).toEqual([`${niceness}\n`, '']);
  });
});

describe.each([perl, sh])('the places of the $name lane', (variant) => {
  const two = { 'distmake.conf': 'max_jobs: 2\n' };
  const one = { 'distmake.conf': 'max_jobs: 1\n' };

  test('are shared with the other kind', async () => {
    const directory = owner(two);
    const other = variant === perl ? sh : perl;
    const jobs = [await holding(await open(variant, directory)), await holding(await open(other, directory))];
    const third = await open(variant, directory);
    expect((await third.run('true')).ran).toBe(false);
    for (const job of jobs) await job.end();
    expect((await third.run('true')).ran).toBe(true);
  });

  test('are made for all users, and kept by no job', async () => {
    const directory = owner(one);
    const rig = await open(variant, directory);
    const { stdout } = await rig.run('for fd in /proc/self/fd/*; do readlink "$fd"; done; umask');
    expect(stdout).not.toContain('slots');
    expect(stdout).toMatch(/^0022$/m);
    expect(statSync(join(directory, 'slots')).mode & 0o7777).toBe(0o1777);
    expect(statSync(join(directory, 'slots/1')).mode & 0o7777).toBe(0o644);
    for (let i = 0; i < 3; i++) await rig.run('true');
    const kept = readdirSync(`/proc/${rig.process.pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${rig.process.pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
    expect(kept.filter((name) => name.includes('slots')).length).toBeLessThan(2);
  });

  test('are had by another user than the one who made them', async () => {
    const directory = owner(one);
    mkdirSync(join(directory, 'slots'));
    chmodSync(join(directory, 'slots'), 0o1777);
    writeFileSync(join(directory, 'slots/1'), '');
    if (root) {
      chownSync(join(directory, 'slots'), 1234, 1234);
      chownSync(join(directory, 'slots/1'), 1235, 1235);
    }
    const job = await holding(await open({ ...variant, unprivileged: true }, directory));
    const second = await open(variant, directory);
    expect((await second.run('true')).ran).toBe(false);
    await job.end();
    expect((await second.run('true')).ran).toBe(true);
  });

  test('are counted right where somebody clears them away', async () => {
    const directory = owner(one);
    const first = await open(variant, directory);
    expect((await first.run('true')).ran).toBe(true);
    const slots = join(directory, 'slots');
    for (const clear of [
      () => rmSync(join(slots, '1')),
      () => rmSync(slots, { recursive: true }),
      () => renameSync(slots, `${slots}.old`),
    ]) {
      clear();
      const job = await holding(first);
      const second = await open(variant, directory);
      expect((await second.run('true')).ran).toBe(false);
      await job.end();
      expect((await second.run('true')).ran).toBe(true);
    }
  });

  test('pass over what is no place', async () => {
    const directory = owner({ 'distmake.conf': 'max_jobs: 5\n' });
    const slots = join(directory, 'slots');
    mkdirSync(slots);
    chmodSync(slots, 0o1777);
    symlinkSync('../target', join(slots, '1'));
    symlinkSync('../distmake.conf', join(slots, '2'));
    execFileSync('mkfifo', [join(slots, '3')]);
    mkdirSync(join(slots, '4'));
    const first = await open(variant, directory);
    const second = await open(variant, directory);
    const job = await holding(first);
    expect((await second.run('true')).ran).toBe(false);
    await job.end();
    expect((await second.run('true')).ran).toBe(true);
    expect(existsSync(join(directory, 'target'))).toBe(false);
    expect(readdirSync(slots)).toEqual(['1', '2', '3', '4', '5']);
  });

  test('cannot be had at all: that is said at the start, and later too', async () => {
    const linked = owner(one);
    mkdirSync(join(linked, 'elsewhere'));
    symlinkSync('elsewhere', join(linked, 'slots'));
    await expect(open(variant, linked)).rejects.toThrow(
      new RegExp(`^its owner's limit cannot be kept there: ${linked}/slots.*[Nn]ot a directory`),
    );
    expect(readdirSync(join(linked, 'elsewhere'))).toEqual([]);
    const piped = owner(one);
    mkdirSync(join(piped, 'slots'));
    execFileSync('mkfifo', [join(piped, 'slots/1')]);
    await expect(open(variant, piped)).rejects.toThrow(/^its owner's limit cannot be kept there: .*slots/);
    const later = owner(one);
    const rig = await open(variant, later);
    rmSync(join(later, 'slots'), { recursive: true });
    writeFileSync(join(later, 'slots'), '');
    await expect(rig.run('true')).rejects.toThrow(`${later}/slots`);
  });
});

test('a file that has another name too is no place', async () => {
  const directory = owner({ 'distmake.conf': 'max_jobs: 1\n', mine: '' });
  mkdirSync(join(directory, 'slots'));
  linkSync(join(directory, 'mine'), join(directory, 'slots/1'));
  await expect(open(perl, directory)).rejects.toThrow('slots/1 is no plain file, or has another name too');
});

test('the lane in sh does not take a lock on a file that is cleared away at that moment', async () => {
  const directory = owner({ 'distmake.conf': 'max_jobs: 1\n' });
  const clear = `if [ -e "${directory}/clear" ]; then rm "${directory}/clear" "$places/$place"; fi; flock -x -n 5`;
  const edit = (program: string): string => program.replace('flock -x -n 5', clear);
  const rig = await LaneRig.open(sh, {}, { owner: directory, edit });
  rigs.push(rig);
  writeFileSync(join(directory, 'clear'), '');
  expect((await rig.run('true')).ran).toBe(false);
  expect((await rig.run('true')).ran).toBe(true);
});

describe('without perl', () => {
  const all =
    'awk cat chmod cp dd env find flock grep ln ls mkdir mkfifo mv readlink renice rm rmdir sed setsid sleep stat tar touch wc';
  const without = (missing: string): Variant => ({
    ...sh,
    tools: (directory) =>
      linkTools(
        directory,
        all.split(' ').filter((name) => name !== missing),
      ),
  });

  test('a host needs flock for its owner, and only for him', async () => {
    const directory = owner({ 'distmake.conf': 'max_jobs: 4\n' });
    await expect(open(without('flock'), directory)).rejects.toThrow(
      "there is neither perl nor flock on its PATH, without which its owner's limit cannot be kept (max_jobs: 4 in " +
        `${directory}/distmake.conf)`,
    );
    expect((await open(without('flock'), owner())).lane.facts.cap).toBeUndefined();
  });

  test('a host needs renice for a higher niceness, and only for that', async () => {
    const directory = owner({ 'distmake.conf': 'max_jobs: 4\nnice_prio: 19\n' });
    await expect(open(without('renice'), directory)).rejects.toThrow(
      `it cannot run jobs at its owner's niceness (nice_prio: 19 in ${directory}/distmake.conf): there is neither perl nor ` +
        'renice on its PATH',
    );
    const low = owner({ 'distmake.conf': 'max_jobs: 4\nnice_prio: -20\n' });
    expect((await open(without('renice'), low)).lane.facts.cap).toBe(4);
  });
});

test('the lane in perl looks at the load where the host has such figures, and at its processors in any case', async () => {
  const edit = (program: string): string =>
    program.replaceAll('/proc/loadavg', '/proc/none').replaceAll('/sys/devices/system/cpu/online', '/proc/none');
  const rig = await LaneRig.open(perl, {}, { edit });
  rigs.push(rig);
  const getconf = Number(execFileSync('getconf', ['_NPROCESSORS_ONLN'], { encoding: 'utf8' }));
  expect(rig.lane.facts).toEqual({ processors: getconf, cap: undefined, load: undefined });
  expect([(await rig.run('true')).load, await rig.lane.load()]).toEqual([undefined, undefined]);
  const [first, second] = ['0-3,8,10-11\n', '0\n'].map((text) => {
    const file = join(owner({ online: text }), 'online');
    return (program: string): string => program.replaceAll('/sys/devices/system/cpu/online', file);
  });
  for (const [change, count] of [
    [first, 7],
    [second, 1],
  ] as const) {
    const other = await LaneRig.open(perl, {}, change ? { edit: change } : {});
    rigs.push(other);
    expect(other.lane.facts.processors).toBe(count);
  }
});

test('the lane in sh counts processors without getconf, and says nothing of a load that is none', async () => {
  const cpuinfo = 'processor\t: 0\nmodel\t: x\n\nprocessor\t: 1\n\nprocessor\t: 2\n';
  for (const [text, load] of [
    ['0.10 2.00 13.25 1/90 1234\n', [0.1, 2, 13.25]],
    ['here there is none\n', undefined],
    ['0.10\n', undefined],
  ] as const) {
    const directory = owner({ cpuinfo, loadavg: text });
    const edit = (program: string): string =>
      program
        .replaceAll('/proc/loadavg', `${directory}/loadavg`)
        .replaceAll('/proc/cpuinfo', `${directory}/cpuinfo`)
        .replaceAll('getconf', 'no-getconf');
    const rig = await LaneRig.open(sh, {}, { edit });
    rigs.push(rig);
    expect(rig.lane.facts).toEqual({ processors: 3, cap: undefined, load });
    expect((await rig.run('true')).load).toEqual(load);
  }
});
