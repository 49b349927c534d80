import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asRoot } from '../rig/as-root.mjs';
import { CommandRig, type Files } from './command-rig.ts';

const COMMAND = resolve(fileURLToPath(import.meta.url), '../../../dist/cli/index.js');

/** Runs the command on a runner whose owner has written that file, or none; no other machine sees it. */
function run(
  rig: CommandRig,
  owner: string | undefined,
  words: readonly string[],
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const script =
    'mount -t tmpfs -o mode=755 tmpfs /etc/opt && mkdir /etc/opt/SPROdmake || exit; ' +
    'if [ -n "$1" ]; then printf "$1" >/etc/opt/SPROdmake/dmake.conf; fi; shift; exec "$@"';
  const environment = [`PATH=${rig.path}`, `HOME=${rig.home}`, `TMPDIR=${rig.tmp}`, 'LC_ALL=C'];
  const [file = '', ...rest] = asRoot(['env', '-i', ...environment, 'unshare', '-m', 'sh', '-c', script, 'sh']);
  return spawnSync(file, [...rest, owner ?? '', process.execPath, COMMAND, ...words], {
    cwd: rig.workspace,
    encoding: 'latin1',
    timeout: 30_000,
  });
}

const GOALS = ['1.o', '2.o', '3.o', '4.o'];
const MAKEFILE = `.DIST: %.o sub
${GOALS.join(' ')}: ; @echo + >>log; sleep 0.1; ps -o ni= -p $$$$ >$@; echo - >>log
see.o: ; @{ echo $$A $$B; tool; command -v make; } >$@
sub: ; @$(MAKE) -s 1.o 2.o
`;
const use = (files: Files, body: (rig: CommandRig) => void): Promise<void> =>
  CommandRig.use(undefined, { Makefile: MAKEFILE, ...files }, (rig) => Promise.resolve(body(rig)));

describe('bare localhost in the matrix', () => {
  test('its owner caps its jobs and says their niceness (D10, D11), also where a recipe waits for its sub-make', () =>
    use({ hosts: 'localhost 4\n' }, (rig) => {
      const words = ['-c', 'hosts', '--local-jobs', '0', '-j4'];
      const owner = 'max_jobs: 1\\nnice_prio: 5\\n';
      expect(run(rig, owner, [...words, ...GOALS])).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect(rig.read('log')).toBe('+\n-\n'.repeat(4));
      expect(GOALS.map((goal) => Number(rig.read(goal)))).toEqual([5, 5, 5, 5]);
      expect(run(rig, owner, [...words, '-B', 'sub'])).toMatchObject({ status: 0, stderr: '' });
      expect(rig.read('log')).toBe('+\n-\n'.repeat(6));
    }));

  test('one of a .dmakerc: no file, no jobs, and what to create (D12)', () =>
    use({ rc: 'group g { host localhost { jobs = 4 } }\n' }, (rig) => {
      const result = run(rig, undefined, ['-c', 'rc', '1.o']);
      expect(result.status).toBe(0);
      expect(result.stderr).toMatch(/^distmake: localhost: left out: dmake takes no jobs .*\/etc\/distmake\.conf$/m);
      expect(Number(rig.read('1.o'))).toBe(0);
    }));

  test.each([
    ['startup: "echo out of order; exit 3"', /^distmake: localhost: .*STARTUP.*status 3.*out of order$/m],
    ['chroot: /srv', /^distmake: localhost: .*chroot has no effect there\. Write user@localhost/m],
    ['arch: vax', /^distmake: localhost: left out: its processor is "vax"/m],
  ])('is left out with words: %s', (attribute, words) =>
    use({ 'farm.yml': `hosts:\n- {address: localhost, environment: {A: a}, ${attribute}}\n` }, (rig) => {
      rig.write({ Makefile: 'see.o: ; @echo "<$$A>" >$@\n' });
      const result = run(rig, undefined, ['-c', 'farm.yml', '-j2', 'see.o']);
      expect(result.status).toBe(0);
      expect(result.stderr).toMatch(words);
      expect(rig.read('see.o')).toBe('<>\n');
    }),
  );

  test('environment, path and setup reach its jobs; startup ran first, and once', () =>
    use({ 'bin/tool.sh': '#!/bin/sh\necho own\n' }, (rig) => {
      const bin = join(rig.workspace, 'bin');
      rig.write({
        Makefile: MAKEFILE.replace('tool;', 'tool.sh;'),
        'farm.yml': `hosts:\n- {address: localhost, slots: 2, path: "${bin}", environment: {A: one}, startup: "echo x >>started", setup: "B=$A-$(cat started)"}\n`,
      });
      const result = run(rig, undefined, ['-c', 'farm.yml', '--local-jobs', '0', '-j2', 'see.o', '1.o']);
      expect(result).toMatchObject({ status: 0, stderr: '' });
      // The make of sub-makes is still ours.
      expect(rig.read('see.o')).toMatch(new RegExp(`^one one-x\nown\n${rig.tmp}/.*/bin/make\n$`));
    }));
});
