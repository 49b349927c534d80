import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { appendFileSync, readdirSync } from 'node:fs';
import { until } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { newStaging } from './clean-rig.ts';
import { CommandRig } from './command-rig.ts';

/** A job for each of two hosts, which waits for a file there. */
const FILES = {
  Makefile: 'all: a.o b.o\na.o b.o:\n\twhile ! [ -e /run/$(GO) ]; do sleep 0.05; done; hostname >$@\n',
};
const STAGED = /\/tmp\/make-\S+/g;

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'root', slots: 1 },
      { name: 'beta', slots: 1 },
    ],
  });
});
afterEach(() => {
  for (const { name } of sshd.hosts) sshd.exec(name, 'rm -rf /tmp/* /run/go');
});
afterAll(() => sshd.dispose());

function staged(): string[] {
  return sshd.hosts.flatMap(({ name }) => sshd.exec(name, 'ls -d /tmp/* 2>/dev/null || true').match(STAGED) ?? []);
}

function waiting(): number {
  const count = ({ name }: { name: string }): number =>
    Number(sshd.exec(name, 'pgrep -fc "while ! .* /run/[g]o"', { check: false }));
  return sshd.hosts.map(count).filter((found) => found > 0).length;
}

function go(): void {
  for (const { name } of sshd.hosts) sshd.exec(name, 'touch /run/go');
}

test('--clean removes what a killed build has left, here and there, and nothing of one that runs', () =>
  CommandRig.use(sshd, FILES, async (rig) => {
    const words = ['-c', rig.hostsFile, '--local-jobs', '0', '-j2', 'GO=go'];
    const killed = rig.start(words);
    await until(() => waiting() === 2, 'both jobs run');
    killed.killAll();
    await killed.result;
    await until(() => waiting() === 0, 'both jobs have ended');
    const [left, here] = [staged(), readdirSync(rig.tmp)];
    expect([left.length, here.length]).toEqual([2, 1]);

    const build = rig.start(words);
    await until(() => waiting() === 2, 'the jobs of the other build run');
    const used = staged().filter((path) => !left.includes(path));
    const cleaned = await rig.run(['-c', rig.hostsFile, '--clean']);
    const line = (path: string, what: string): unknown =>
      expect.stringMatching(new RegExp(`${path} +\\d+ (s|min) .* ${what}(\\n|$)`));
    for (const path of left) expect(cleaned.stdout).toEqual(line(path, 'removed'));
    for (const path of used) expect(cleaned.stdout).toEqual(line(path, 'in use'));
    expect(cleaned.stdout).toEqual(line(here[0] ?? '', 'removed'));
    expect(cleaned.stdout).toContain('\n3 removed, 3 in use\n');
    expect(cleaned).toMatchObject({ status: 0, stderr: '' });
    expect(staged()).toEqual(used);

    go();
    expect(await build.result).toMatchObject({ status: 0 });
    expect([rig.read('a.o'), rig.read('b.o')].sort()).toEqual(['alpha\n', 'beta\n']);
    expect([staged(), readdirSync(rig.tmp), rig.processes()]).toEqual([[], [], []]);
  }));

test('a build whose hosts are not up yet keeps what it has here', () =>
  CommandRig.use(sshd, FILES, async (rig) => {
    const setup = ': >/tmp/up; while ! [ -e /run/go ]; do sleep 0.05; done';
    const build = rig.start(['-c', rig.hostsFile, '--setup', setup, '--local-jobs', '0', '-j2', 'GO=go']);
    const isUp = (): boolean => sshd.hosts.some(({ name }) => sshd.exec(name, 'ls /tmp').includes('up'));
    await until(() => isUp() && readdirSync(rig.tmp).length === 1, 'a host is being set up');
    const [here = ''] = readdirSync(rig.tmp);
    const cleaned = await rig.run(['-c', rig.hostsFile, '--clean']);
    expect(cleaned.stdout).toMatch(new RegExp(`/${here} .* in use\n`));
    expect(readdirSync(rig.tmp)).toEqual([here]);
    go();
    expect(await build.result).toMatchObject({ status: 0 });
    expect(readdirSync(rig.tmp)).toEqual([]);
  }));

test('a host that cannot be reached is named, and what is too young stays', () =>
  CommandRig.use(sshd, FILES, async (rig) => {
    const young = newStaging();
    sshd.exec('alpha', `mkdir -m 700 ${young}`);
    appendFileSync(rig.hostsFile, '127.0.0.1:1 2\n');
    const { status, stdout } = await rig.run(['-c', rig.hostsFile, '--clean', '--stale-after', '1h']);
    expect(stdout).toMatch(/^\S+:\d+ +\/tmp\/make-\S+ +\d+ s .*too young: kept$/m);
    expect(stdout).toMatch(/^127\.0\.0\.1:1 .* not reached$/m);
    expect(stdout).toMatch(/^127\.0\.0\.1:1: .*ECONNREFUSED/m);
    expect(stdout).toMatch(/^0 removed, 1 too young, 1 machine not looked at$/m);
    expect(status).toBe(1);
    expect(staged()).toEqual([young]);
  }));

test('the next build removes what is old enough', () =>
  CommandRig.use(sshd, FILES, async (rig) => {
    const [old, young] = [newStaging(), newStaging()];
    sshd.exec('alpha', `mkdir -m 700 ${old} ${young}; touch -d '2 hours ago' ${old}`);
    const build = rig.start(['-c', rig.hostsFile, '--log', 'fold', '--stale-after', '1h', '-j2', 'GO=go']);
    await until(() => !staged().includes(old), 'it has been removed');
    go();
    const { status, stdout } = await build.result;
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`::notice.*removed a directory of a run that is gone: ${old}`));
    expect(staged()).toEqual([young]);
  }));
