import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, type RunningCommand } from './command-rig.ts';

/** Each waits until all of them have begun: with fewer at one time it never ends. */
const MEETING = `N := 1 2 3 4 5 6
all: $N ; @echo all
$N: ; @touch begun.$@; until test -e begun.1 -a -e begun.2 -a -e begun.3 -a -e begun.4 -a -e begun.5 -a -e begun.6; do sleep 0.05; done
`;

describe('recipes that wait for each other run at one time, as -j says', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({ hosts: [{ name: 'alpha', user: 'root', slots: 2 }] });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(() => sshd.dispose());

  test('with bare localhost', () =>
    CommandRig.use(undefined, { Makefile: MEETING, hosts: 'localhost 6\n' }, async (rig) => {
      expect(await rig.run(['-c', 'hosts', '-j6'])).toMatchObject({ status: 0, stdout: 'all\n', stderr: '' });
    }));

  test('on the runner of a farm, one after the other where it has fewer processors', () =>
    CommandRig.use(sshd, { Makefile: MEETING }, async (rig) => {
      const result = await rig.run(['-c', rig.hostsFile, '-j6']);
      expect(result).toMatchObject({ status: 0, stdout: 'all\n', stderr: '' });
    }));
});

async function begun(running: RunningCommand, rig: CommandRig, file: string): Promise<void> {
  while (!rig.exists(file)) {
    if (running.stderr !== '') throw new Error(running.stderr);
    await setTimeout(20);
  }
}

test.each(['SIGQUIT', 'SIGTERM'] as const)('%s ends it as it ends make, and nothing is left', (name) =>
  CommandRig.use(
    undefined,
    { Makefile: 'all: half\nhalf: ; @echo x >$@; sleep 30\n', hosts: 'localhost 2\n' },
    async (rig) => {
      const running = rig.start(['-c', 'hosts', '-j2']);
      await begun(running, rig, 'half');
      running.signalGroup(name);
      const { status, signal } = await running.result;
      expect([status, signal]).toEqual(name === 'SIGQUIT' ? [expect.any(Number), null] : [null, 'SIGTERM']);
      expect(status).not.toBe(0);
      expect(rig.exists('half')).toBe(false);
      expect(readdirSync(rig.tmp)).toEqual([]);
      expect(rig.processes()).toEqual([]);
    },
  ),
);

describe("dmake's marks without hosts", () => {
  test('stand in makefiles of sub-makes too', () =>
    CommandRig.use(
      undefined,
      {
        Makefile: 'all: ; @$(MAKE) --no-print-directory -C sub\n',
        'sub/Makefile':
          '.PHONY: all late x y\nall: early .WAIT late\nearly: ; @sleep 0.3; touch $@\nlate: x y ; @test -e early && echo $@\nx + y: ; @echo once\n',
      },
      async (rig) => {
        const result = await rig.run(['-j4']);
        expect(result).toMatchObject({ status: 0, stderr: '' });
        expect(result.stdout.split('\n').filter((line) => line !== '')).toEqual(['once', 'late']);
      },
    ));

  test('both streams stay what they are', () =>
    CommandRig.use(
      undefined,
      { Makefile: '.PHONY: all a b\nall: a .WAIT b\na b: ; @echo out $@; echo err $@ >&2\n' },
      async (rig) => {
        expect(await rig.run(['-j4'])).toMatchObject({ status: 0, stdout: 'out a\nout b\n', stderr: 'err a\nerr b\n' });
        expect(existsSync(join(rig.workspace, '.WAIT'))).toBe(false);
      },
    ));
});
