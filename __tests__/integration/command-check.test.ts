import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { expectNothingLeft, sweepHosts, until } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig } from './command-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', slots: 2 },
      { name: 'beta', user: 'root', slots: 2 },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

const nameOf = (name: string): string => sshd.host(name).matrixLine().split(' ')[0] ?? '';

describe('--check', () => {
  test('a table of all hosts, status 1 when one of them takes no jobs; nothing is built or left', async () => {
    await CommandRig.use(sshd, { Makefile: 'all: ; touch built\n' }, async (rig) => {
      const good = await rig.run(['-c', rig.hostsFile, '--check', 'all']);
      expect(good.stdout).toMatch(/\n\n2 of 2 hosts can take jobs\n$/);
      expect(good).toMatchObject({ status: 0, stderr: '' });
      sshd.stopListening('alpha');
      const bad = await rig.run(['-c', rig.hostsFile, '--check'], { environment: { GITHUB_ACTIONS: 'true' } });
      await sshd.host('alpha').listen();
      expect(bad.stdout).toContain(`\n${nameOf('alpha')} takes no jobs: nothing listens on port 2022 there`);
      expect(bad.stdout).toMatch(/\n1 of 2 hosts can take jobs\n::\w+::\n$/);
      expect(bad.status).toBe(1);
      expect(rig.list()).toEqual(['Makefile']);
      await expectNothingLeft(sshd);
    });
  });

  test('without hosts there is nothing to check; a signal ends it, and what was made is removed', async () => {
    await CommandRig.use(sshd, { Makefile: 'all:\n' }, async (rig) => {
      const none = await rig.run(['--check']);
      expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining('there are no hosts to check') });
      const running = rig.start(['-c', rig.hostsFile, '--toolchain', 'sleep 60', '--check']);
      await until(() => sshd.exec('beta', 'ls -d /tmp/make-* 2>/dev/null || true') !== '', 'it is there');
      running.signal('SIGINT');
      const { signal, stdout } = await running.result;
      expect(signal).toBe('SIGINT');
      expect(stdout).toMatch(/\n0 of 2 hosts can take jobs, of 2 it is not known\n$/);
      await expectNothingLeft(sshd);
    });
  });
});

test('-dD tells of hosts, staging directories, places and retrievals, wherever it stands (B11)', async () => {
  const files = { Makefile: '.DIST: a.o b.o\nall: a.o b.o c ; @:\n%.o: ; echo $@ >$@\nc: ; @true c\n' };
  await CommandRig.use(sshd, files, async (rig) => {
    const { stderr, status } = await rig.run(['-c', rig.hostsFile, '-j2', '-dD', 'all']);
    expect(status).toBe(0);
    const lines = stderr.trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^\[ *\d+\.\d{3}\] \S/);
    const said = lines.map((line) => line.replace(/^\[.*?\] /, ''));
    expect(said[0]).toMatch(/^distribution enabled: 2 hosts, 4 slots, 2 jobs at one time, /);
    const [alpha, beta] = [nameOf('alpha'), nameOf('beta')];
    expect(said).toEqual(expect.arrayContaining([`host ${alpha}: 2 slots`, `host ${beta}: 2 slots`]));
    for (const name of [alpha, beta]) {
      expect(said.filter((line) => line.startsWith(`staging ${name}:/tmp/make-`))).toHaveLength(1);
    }
    for (const target of ['a.o', 'b.o']) {
      const place = said.find((line) => line.startsWith(`${target} -> `))?.split(' ')[2] ?? '';
      expect([alpha, beta]).toContain(place);
      expect(said.find((line) => line.startsWith(`${target} <- ${place}:/tmp/make-`))).toMatch(/ 1 file, .* ran /);
    }
    expect(said).toContainEqual(expect.stringMatching(/^c -> local \(not in dist/));
    expect(said.find((line) => line.startsWith('end: '))).toMatch(/^end: status 0 after .* recipes: 2 on hosts, /);
    expect((await rig.run(['-c', rig.hostsFile, '-j2', '-Br', 'all'])).stderr).toBe('');
  });
});

test("--version and --help have make's words and ours, without hosts", async () => {
  await CommandRig.use(undefined, {}, async (rig) => {
    const { stdout: own } = await rig.make(['--version']);
    const version = await rig.run(['--version']);
    expect(version).toMatchObject({ status: 0, stderr: '' });
    expect(version.stdout).toMatch(/^GNU Make /);
    expect(version.stdout.startsWith(own)).toBe(true);
    expect(version.stdout).toMatch(/\ndistmake \d+\.\d+\.\d+\n$/);
    const help = await rig.run(['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toMatch(/^usage: distmake [^]*--check[^]*\nUsage: .*make [^]*--output-sync/);
  });
});
