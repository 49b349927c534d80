import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectNothingLeft, sweepHosts, until } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig } from './command-rig.ts';

const count = (sshd: SshdRig, name: string, command: string): number =>
  Number(sshd.exec(name, `pgrep -fcx '${command}'`, { check: false }));

/** Jobs that sleep on the hosts: the shell that waits, and what it has started. */
const sleepers = (sshd: SshdRig): number =>
  sshd.hosts.reduce((sum, { name }) => sum + count(sshd, name, 'sleep 61'), 0);

const SLEEPERS = `all: 1.o 2.o 3.o 4.o ; echo never >$@
%.o: ; @echo half >$@; sleep 61; echo done >$@
%.l: ; @echo half >$@; sleep 62; echo done >$@
`;

describe('a command that is stopped', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 2 },
        { name: 'beta', user: 'root', slots: 2 },
      ],
    });
  });
  afterEach(() => {
    sweepHosts(sshd);
    for (const { name } of sshd.hosts) sshd.exec(name, 'pkill -KILL -x sleep', { check: false });
  });
  afterAll(() => sshd.dispose());

  const own = (rig: CommandRig): string[] => ['-c', rig.hostsFile, '--local-jobs', '0'];

  test.each([
    ['SIGINT', [], 'alone'],
    ['SIGTERM', [], 'alone'],
    ['SIGHUP', [], 'alone'],
    ['SIGTERM', ['--log', 'fold'], 'alone'],
    // As a terminal does it, and the only way for which make does not wait for what runs here.
    ['SIGINT', ['1.l'], 'with its group'],
    ['SIGTERM', ['1.l'], 'with its group'],
    // The shim in sh.
    ['SIGINT', [], 'with its group, no compiler here'],
    ['SIGTERM', [], 'alone, no compiler here'],
  ] as const)('by %s %j, %s', (name, more, whom) =>
    CommandRig.use(sshd, { Makefile: SLEEPERS }, async (rig) => {
      if (whom.includes('no compiler')) rig.path = rig.withoutCompilers();
      const running = rig.start([...own(rig), ...more, '-j6', 'all']);
      await until(() => sleepers(sshd) === 4, 'all remote jobs run');
      if (more[0] === '1.l')
        await until(() => rig.processes().some((line) => line.endsWith(' sleep 62')), 'a local job runs');
      const begin = performance.now();
      if (whom.startsWith('with')) running.signalGroup(name);
      else running.signal(name);
      const result = await running.result;
      expect(performance.now() - begin).toBeLessThan(5000);
      expect([result.status, result.signal]).toEqual([null, name]);
      expect(sleepers(sshd)).toBe(0);
      await expectNothingLeft(sshd);
      await until(() => rig.processes().length === 0, 'no process is left here');
      expect(rig.list()).toEqual(['Makefile']);
    }),
  );

  test('while hosts are set up', () =>
    CommandRig.use(sshd, { Makefile: SLEEPERS }, async (rig) => {
      const running = rig.start([...own(rig), '--setup', 'sleep 7', 'all']);
      await until(
        () => sshd.hosts.every(({ name }) => count(sshd, name, 'sleep 7') === 1),
        'the hosts are being set up',
      );
      running.signal('SIGTERM');
      const result = await running.result;
      expect([result.status, result.signal]).toEqual([null, 'SIGTERM']);
      expect(result.seconds).toBeLessThan(5);
      // Set-up lines run to their end.
      await expectNothingLeft(sshd);
      await until(() => rig.processes().length === 0, 'no process is left here');
    }));

  test.each(['', ', no compiler here'])('by SIGKILL: nothing runs on%s', (how) =>
    CommandRig.use(sshd, { Makefile: SLEEPERS }, async (rig) => {
      if (how !== '') rig.path = rig.withoutCompilers();
      const running = rig.start([...own(rig), '-j6']);
      await until(() => sleepers(sshd) === 4, 'all remote jobs run');
      running.signal('SIGKILL');
      expect(await running.result).toMatchObject({ signal: 'SIGKILL' });
      await until(() => sleepers(sshd) === 0, 'the remote jobs end');
      await until(() => rig.processes().length === 0, 'make ends');
      expect(rig.list()).toEqual(['Makefile']);
    }),
  );

  test('a shim that is killed frees its slot', () =>
    CommandRig.use(
      sshd,
      {
        Makefile: `all: 1.o 2.o ; @:
1.o: ; @echo half >$@; sleep 61
2.o: go ; @hostname >$@
go: ; @until [ -e started ]; do sleep 0.1; done
`,
        hosts: `${sshd.matrix.split('\n')[0]?.replace(/\d+$/, '1')}\n`,
      },
      async (rig) => {
        const running = rig.start(['-c', 'hosts', '--local-jobs', '0', '-k', '-j2']);
        await until(() => sleepers(sshd) === 1, 'the first job runs');
        // Which of two jobs that make starts at once comes first is nobody's promise: the second waits for our word.
        rig.write({ started: '' });
        await until(() => rig.processes().some((line) => line.includes('hostname >2.o')), 'the second job waits');
        await sleep(200);
        expect(rig.exists('2.o')).toBe(false);
        const shims = rig.processes().filter((line) => line.includes('sleep 61'));
        expect(shims).toHaveLength(1);
        process.kill(Number(shims[0]?.split(' ')[0]), 'SIGKILL');
        const { status, stderr, stdout } = await running.result;
        expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
        expect(stderr).toMatch(/^make: \*\*\* \[Makefile:2: 1\.o\] Killed$/m);
        expect(rig.read('2.o')).toBe('alpha\n');
        expect(rig.exists('1.o')).toBe(false);
        expect(sleepers(sshd)).toBe(0);
        await expectNothingLeft(sshd);
      },
    ));

  test('make that is killed: the end of the run', () =>
    CommandRig.use(sshd, { Makefile: SLEEPERS }, async (rig) => {
      const running = rig.start([...own(rig), '-j4']);
      await until(() => sleepers(sshd) === 4, 'all remote jobs run');
      const make = rig.processes().filter((line) => /^\d+ make /.test(line));
      expect(make).toHaveLength(1);
      process.kill(Number(make[0]?.split(' ')[0]), 'SIGKILL');
      expect(await running.result).toMatchObject({ status: null, signal: 'SIGKILL' });
      await until(() => sleepers(sshd) === 0, 'the remote jobs end');
      await expectNothingLeft(sshd);
      await until(() => rig.processes().length === 0, 'no process is left here');
    }));

  test('what a recipe leaves in the background on a host ends with it', () =>
    CommandRig.use(
      sshd,
      { Makefile: 'x.o: ; @sleep 61 & setsid sleep 61 >/dev/null 2>&1 & echo x >$@\n' },
      async (rig) => {
        const result = await rig.run(own(rig));
        expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
        expect(result.seconds).toBeLessThan(10);
        expect(rig.read('x.o')).toBe('x\n');
        await until(() => sleepers(sshd) === 0, 'nothing runs on');
        await expectNothingLeft(sshd);
      },
    ));
});
