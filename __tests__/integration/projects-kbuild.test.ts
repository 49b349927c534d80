import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { expectAlike, MINUTES, Tree, type Project } from './project-tree.ts';

/** What is not built, and half of the files. */
const PRUNE = 'rm -rf testsuite docs examples */*_test';
const OPTION = 'echo \'CONFIG_EXTRA_CFLAGS="-O0"\' >mini.config';
const VARIABLES = ['KCONFIG_NOTIMESTAMP=1', 'KCONFIG_ALLCONFIG=mini.config'];
const APPLETS = ['CAT', 'ECHO', 'ASH', 'SED', 'GREP'].join('|');
const CONFIGURE = [
  ...[PRUNE, OPTION, `make ${VARIABLES.join(' ')} allnoconfig </dev/null`],
  `sed -Ei 's/^# (CONFIG_(${APPLETS})) is not set/\\1=y/' .config`,
  `yes '' | ${VARIABLES.join(' ')} scripts/kconfig/conf -o Config.in`,
].join(' && ');

/** Linux's Kbuild: a make for each directory, `.x.o.cmd` files that fixdep writes, links of `built-in.o`, shared temporaries. */
const configured = (words: readonly string[]): Project => ({
  source: 'busybox',
  configure: ['sh', '-c', CONFIGURE],
  words,
});

const DIRECTORIES = configured(['coreutils/', 'shell/', 'editors/']);
const BUSYBOX = configured(['busybox']);
/** Compiles conf, then runs it. */
const KCONFIG: Project = {
  source: 'busybox',
  configure: ['sh', '-c', `${PRUNE} && ${OPTION}`],
  words: [...VARIABLES, 'allnoconfig'],
};

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'unprivileged', slots: 4 },
      { name: 'beta', user: 'root', slots: 4 },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

test(
  'directories of Kbuild, with their command files and links',
  () =>
    Tree.use(DIRECTORIES, async (tree) => {
      const made = ['coreutils/.cat.o.cmd', 'coreutils/built-in.o', 'coreutils/.lib.a.cmd', 'shell/lib.a'];
      expect(Object.keys(tree.expected)).toEqual(expect.arrayContaining(made));
      await expectAlike(tree, sshd);
    }),
  3 * MINUTES,
);

if (process.env['DISTMAKE_FULL'] !== undefined) {
  test('the whole of busybox', () => Tree.use(BUSYBOX, (tree) => expectAlike(tree, sshd)), 10 * MINUTES);
  test('Kconfig, which is built first', () => Tree.use(KCONFIG, (tree) => expectAlike(tree, sshd)), 5 * MINUTES);
}
