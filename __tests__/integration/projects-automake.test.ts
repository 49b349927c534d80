import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { expectAlike, MINUTES, Tree, type Project } from './project-tree.ts';

/** The libraries, and a program that `make check` would make. */
const EVERYTHING = 'all: ; $(MAKE) -f Makefile all && $(MAKE) -C test/bin json_process';

/** automake and libtool: each library object is compiled twice, depfiles are renamed, `.lo` files name both objects. */
const JANSSON: Project = {
  source: 'jansson',
  configure: ['sh', '-c', `autoreconf -i && ./configure -q CFLAGS='-g -O0' && echo '${EVERYTHING}' >everything.mk`],
  words: ['-f', 'everything.mk'],
  isMade: (path) => path.endsWith('.lo') || path === 'test/bin/json_process.o',
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
  'libraries of automake and libtool are what plain make makes',
  () =>
    Tree.use(JANSSON, async (tree) => {
      const made = ['.libs/dump.o', 'dump.o', 'dump.lo', '.deps/dump.Plo', '.libs/libjansson.a', '.libs/libjansson.so'];
      expect(Object.keys(tree.expected)).toEqual(
        expect.arrayContaining([...made.map((path) => `src/${path}`), 'test/bin/json_process']),
      );
      await expectAlike(tree, sshd);
    }),
  3 * MINUTES,
);
