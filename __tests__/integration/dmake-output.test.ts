import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hostname } from 'node:os';
import { sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig } from './command-rig.ts';

/** Both recipes print on both streams while the other does; each waits until the other has begun. */
const MAKEFILE = `.PHONY: all
all: a.o b.o ; @echo all
a.o: ; echo a1; touch begun.a; until [ -e begun.b ]; do sleep 0.05; done; echo a2 >&2; touch $@
b.o: ; echo b1; touch begun.b; until [ -e begun.a ]; do sleep 0.05; done; echo b2 >&2; until [ -e a.o ]; do sleep 0.05; done; sleep 0.3; touch $@
`;
const [A, B] = MAKEFILE.split('\n')
  .slice(2, 4)
  .map((line, at) => `${line.slice(7).replace('$@', `${'ab'.charAt(at)}.o`)}\n`) as [string, string];

describe('DMAKE_OUTPUT_MODE (D19)', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({ hosts: [{ name: 'alpha', user: 'root', slots: 2 }] });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(() => sshd.dispose());

  test('TXT1: what starts where, and each output whole when it ends', () =>
    CommandRig.use(undefined, { Makefile: MAKEFILE, hosts: 'localhost 2\n' }, async (rig) => {
      const environment = { DMAKE_OUTPUT_MODE: 'TXT1' };
      const { status, stdout, stderr } = await rig.run(['-c', 'hosts', '-j2'], { environment });
      const me = hostname();
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toBe(
        `${me} --> 1 job\n${A}${me} --> 2 jobs\n${B}` +
          `${me} --> Job output\n${A}a1\na2\n${me} --> Job output\n${B}b1\nb2\n` +
          `${me} --> 1 job\n${me} --> Job output\nall\n`,
      );
    }));

  test('TXT2: no headers', () =>
    CommandRig.use(undefined, { Makefile: MAKEFILE, hosts: 'localhost 2\n' }, async (rig) => {
      const { status, stdout } = await rig.run(['-c', 'hosts', '-x', 'DMAKE_OUTPUT_MODE=TXT2', '-j2']);
      expect({ status, stdout }).toEqual({ status: 0, stdout: `${A}a1\na2\n${B}b1\nb2\nall\n` });
    }));

  test('TXT1 names the host; in dmake mode every target may leave that may run beside others', () =>
    CommandRig.use(
      sshd,
      {
        Makefile:
          'all: one two ; @echo all\n.NO_PARALLEL: two\n.LOCAL: three\none two three: ; @echo $@ >$@; echo made $@\n',
      },
      async (rig) => {
        const environment = { DMAKE_OUTPUT_MODE: 'TEXT1' };
        const { status, stdout } = await rig.run(['-c', rig.hostsFile, 'all', 'three'], { environment });
        expect(status).toBe(0);
        const starts = [...stdout.matchAll(/^(\S+) --> 1 job\n(?:.*\n)?\1 --> Job output\n(?:echo .*\n)?(.*)$/gm)];
        const places = Object.fromEntries(starts.map(([, place, text = '']) => [text, place === hostname()]));
        expect(places).toEqual({ 'made one': false, 'made two': true, all: false, 'made three': true });
      },
    ));
});
