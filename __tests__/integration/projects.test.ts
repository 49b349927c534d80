import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { homedir } from 'node:os';
import { expectNothingLeft, sweepHosts } from '../rig/action-rig.ts';
import { SharedFolder } from '../rig/shared-folder.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import {
  expectAlike,
  expectAlikeByAction,
  expectAlikeByCommand,
  isObject,
  MINUTES,
  Tree,
  type Project,
} from './project-tree.ts';

// All without the compiler's time. The makefile of lua calls a make in a directory.
const LUA: Project = { source: 'lua5.4', words: ['linux', 'MYCFLAGS=-O0'] };
/** A configure that somebody has written by hand. */
const ZLIB: Project = {
  source: 'zlib',
  configure: ['env', 'CFLAGS=-O0', './configure'],
  words: [],
  isMade: (path) => isObject(path) && !path.startsWith('objs/'),
};
/** A tree of makefiles written by hand; the library's objects come from one recipe, which is no object and stays here. */
const LZ4: Project = {
  source: 'lz4',
  words: ['lib', 'lz4', 'CFLAGS=-O0', 'V=1'],
  isMade: (path) => /^programs\/.*\.o$/.test(path),
};
/** automake: recursive makes, headers and sources made by programs that were just built, depfiles in directories of their own. */
const DASH: Project = { source: 'dash', configure: ['./configure', '-q'], words: ['CFLAGS=-O0'] };
const DEBUG_LUA: Project = { source: 'lua5.4', words: ['linux', 'MYCFLAGS=-g -O0'] };

describe('on hosts with sandboxes', () => {
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

  // The workspace is not there on the hosts: not below their own /var/tmp, and not below a home that root alone may enter.
  test.each([
    ['zlib', ZLIB, homedir()],
    ['lz4', LZ4, '/var/tmp'],
    ...(process.env['DISTMAKE_FULL'] === undefined ? [] : [['dash', DASH, '/var/tmp'] as const]),
  ] as const)(
    '%s is what plain make makes',
    (_name, project, parent) => Tree.use(project, (tree) => expectAlike(tree, sshd), parent),
    3 * MINUTES,
  );

  test(
    'lua is what plain make makes, by the command and by the action',
    () =>
      Tree.use(LUA, async (tree) => {
        expectAlikeByCommand(tree, sshd);
        tree.reset();
        await expectAlikeByAction(tree, sshd);
      }),
    3 * MINUTES,
  );

  test(
    'debug information names the same directory',
    () =>
      Tree.use(DEBUG_LUA, async (tree) => {
        expect(await tree.action.main(tree.inputs(sshd))).toMatchObject({ status: 0 });
        expect(tree.action.outputs).toMatchObject({ remote: tree.objects, retried: 0 });
        expect(tree.action.read('src/lua.o')).toContain(tree.action.workspace);
        expect(tree.built).toEqual(tree.expected);
        await tree.action.post();
        await expectNothingLeft(sshd);
      }),
    2 * MINUTES,
  );
});

describe('lua, whose rules name every header', () => {
  let sshd: SshdRig;
  let shared: SharedFolder;
  beforeAll(async () => {
    shared = new SharedFolder();
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 4 },
        { name: 'beta', user: 'root', slots: 4 },
      ],
    });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(async () => {
    shared.dispose();
    await sshd.dispose();
  });

  test(
    'staging: declared, is what plain make makes; a prerequisite that is left out is found, by name',
    () =>
      Tree.use(LUA, async (tree) => {
        const inputs = { ...tree.inputs(sshd), staging: 'declared' };
        const main = await tree.action.main(inputs);
        expect(main).toMatchObject({ status: 0 });
        expect(main.log.annotations).toEqual([]);
        expect(tree.action.outputs).toMatchObject({ remote: tree.objects, retried: 0 });
        expect(tree.built).toEqual(tree.expected);
        await tree.action.post();
        await expectNothingLeft(sshd);

        tree.reset();
        const makefile = tree.action.read('src/Makefile').replace(/^(lzio\.o: .*) lmem\.h(.*)$/m, '$1$2');
        expect(makefile).not.toBe(tree.action.read('src/Makefile'));
        tree.action.write({ 'src/Makefile': makefile });
        const second = await tree.action.main(inputs);
        expect(second).toMatchObject({ status: 0 });
        expect(second.log.annotations.map(({ message }) => message)).toEqual([
          expect.stringMatching(
            /: the recipe of lzio\.o failed without src\/lmem\.h, which the makefile does not name among its prerequisites$/,
          ),
        ]);
        expect(tree.action.outputs).toMatchObject({ remote: tree.objects - 1, retried: 1 });
        await tree.action.post();
      }),
    2 * MINUTES,
  );

  test(
    'staging: none, is what plain make makes',
    () =>
      Tree.use(
        LUA,
        async (tree) => {
          // Root may write there.
          const hosts = sshd.host('beta').matrixLine();
          const main = await tree.action.main({ ...tree.inputs(sshd), hosts, staging: 'none' });
          expect(main).toMatchObject({ status: 0 });
          expect(main.log.annotations).toEqual([]);
          expect(tree.action.outputs).toMatchObject({ remote: tree.objects, retried: 0 });
          expect(tree.built).toEqual(tree.expected);
          await tree.action.post();
          await expectNothingLeft(sshd);
        },
        shared.path,
      ),
    2 * MINUTES,
  );
});

describe('on hosts that refuse namespaces', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 2, noUserNamespaces: true },
        { name: 'beta', user: 'root', slots: 2, noUserNamespaces: true },
      ],
    });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(() => sshd.dispose());

  test(
    'lua is what plain make makes',
    () =>
      Tree.use(LUA, async (tree) => {
        const main = await tree.action.main(tree.inputs(sshd));
        expect(main).toMatchObject({ status: 0 });
        expect(tree.built).toEqual(tree.expected);
        expect(main.log.annotations).toEqual([]);
        expect(tree.action.outputs).toMatchObject({ remote: tree.objects, retried: 0 });
        await tree.action.post();
        await expectNothingLeft(sshd);
      }),
    2 * MINUTES,
  );

  test(
    'what names a directory of the host is made again on the runner',
    () =>
      Tree.use(DEBUG_LUA, async (tree) => {
        expect(await tree.action.main(tree.inputs(sshd))).toMatchObject({ status: 0 });
        expect(tree.built).toEqual(tree.expected);
        // The first of each host shows it; the others are not tried there.
        expect(tree.action.outputs.retried).toBeGreaterThan(0);
        expect(tree.action.outputs.retried).toBeLessThanOrEqual(4);
        expect(tree.action.outputs.remote).toBe(0);
        await tree.action.post();
        await expectNothingLeft(sshd);
      }),
    2 * MINUTES,
  );
});
