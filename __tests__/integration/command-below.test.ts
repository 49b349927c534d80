import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, snapshot } from './command-rig.ts';

const MAKE = execFileSync('sh', ['-c', 'command -v make'], { encoding: 'utf8' }).trim();

describe('distmake -- COMMAND', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 2 },
        { name: 'beta', user: 'root', slots: 2 },
      ],
    });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(() => sshd.dispose());

  test('makes that are called by name, by path, and by each other all come to the hosts', () =>
    CommandRig.use(
      sshd,
      {
        'one/Makefile':
          'SHELL := /bin/bash\n.PHONY: all\nall: a.o b.o\nb.o: a.o\n%.o: ; @[[ -n $$BASH ]] && echo a >$@ && echo made $@\n',
        'two/Makefile':
          'include gen.mk\n.PHONY: all\nall: c.o ; $(MAKE) -C sub\ngen.mk: Makefile ; echo X = gen >$@\nc.o: ; echo $(X) $(MAKEFILE_LIST) [$(MAKEFILES)] $${MAKEFILES-unset} >$@\n%: force ; @echo forced $@\nforce: ;\n',
        'two/sub/Makefile': '.PHONY: all\nall: d.o\nd.o: ; echo $(MAKELEVEL) >$@\n',
        'build.sh': `set -e\necho begin\nmake -C one -j2\n${MAKE} -C two\nmake -C two\nexit 3\n`,
      },
      async (rig) => {
        const tree = rig.save('tree');
        const plain = spawnSync('sh', ['build.sh'], { cwd: rig.workspace, encoding: 'latin1' });
        const expected = snapshot(rig.workspace);
        rig.restore(tree);
        const result = await rig.run(['-c', rig.hostsFile, '--dist', '*.o', '--', 'sh', 'build.sh']);
        expect(result).toMatchObject({ status: 3, stdout: plain.stdout, stderr: plain.stderr });
        expect(snapshot(rig.workspace)).toEqual(expected);

        rig.restore(tree);
        const { log, status } = await rig.runFolded(['--dist', '*.o', '--', 'sh', 'build.sh']);
        expect(status).toBe(3);
        for (const target of ['one/a.o', 'one/b.o', 'two/c.o', 'two/sub/d.o']) {
          expect([target, log.groups.find(({ title }) => title.startsWith(`${target}  `))?.title]).toEqual([
            target,
            expect.stringMatching(/ {2}\S+@10\./),
          ]);
        }
      },
    ));

  test("cmake --build, which calls make by its path: plain make's files, made on the hosts", () =>
    CommandRig.use(
      sshd,
      {
        'CMakeLists.txt':
          'cmake_minimum_required(VERSION 3.10)\nproject(small C)\nadd_library(one STATIC one.c)\nadd_executable(two two.c)\ntarget_link_libraries(two one)\n',
        'one.c': 'int one(void) { return 1; }\n',
        'two.c':
          '#include <stdio.h>\nint one(void);\nint main(void) { return printf("%s %d\\n", __FILE__, one()) < 0; }\n',
      },
      async (rig) => {
        const configure = ['-B', 'build', '-G', 'Unix Makefiles'];
        execFileSync('cmake', configure, { cwd: rig.workspace, stdio: 'ignore' });
        const tree = rig.save('tree');
        execFileSync('cmake', ['--build', 'build', '-j4'], { cwd: rig.workspace, stdio: 'ignore' });
        // CMake's own notes of times and of what it asked make.
        const leaveOut = /\.(internal|make|marks|txt|cmake|depend)$|cmake_check_build_system|Progress/;
        const expected = snapshot(rig.workspace, leaveOut);
        rig.restore(tree);
        const { log, status } = await rig.runFolded(['--', 'cmake', '--build', 'build', '-j4']);
        expect(status).toBe(0);
        expect(snapshot(rig.workspace, leaveOut)).toEqual(expected);
        const remote = log.groups.filter(({ title }) => /\.o {2}\S+@10\./.test(title));
        expect(remote).toHaveLength(2);
      },
    ));
});

describe('without hosts', () => {
  test('the real make runs as if nothing stood before it', () =>
    CommandRig.use(
      undefined,
      {
        Makefile:
          'all: ; @echo $(MAKE) $(MAKEFLAGS) $(SHELL) $(MAKEFILE_LIST); env | grep -c -i distmake_[a-z]*= ; exit 4\n',
      },
      async (rig) => {
        const result = await rig.run(['-k', '-j2', 'X=1']);
        const plain = await rig.make(['-k', '-j2', 'X=1']);
        expect([result.status, result.stdout, result.stderr]).toEqual([plain.status, plain.stdout, plain.stderr]);
      },
    ));

  test('below a make whose jobserver has a pipe it takes its tokens from that', () =>
    CommandRig.use(
      undefined,
      {
        Makefile: `all: ; +@${process.execPath} $(COMMAND) --no-print-directory -f sub.mk\n`,
        'sub.mk': 'all: a b\na b: ; @echo $(filter --jobserver%,$(MAKEFLAGS))\n',
      },
      async (rig) => {
        const command = join(import.meta.dirname, '../../dist/cli/index.js');
        const { stdout, stderr, status } = await rig.make(['-j2', `COMMAND=${command}`]);
        expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
        expect(stdout).toMatch(/^(--jobserver-auth=\S+)\n\1\n$/);
      },
    ));

  test('a make that cannot be driven runs undistributed, which is said; never is refused', () =>
    CommandRig.use(undefined, {}, async (rig) => {
      const old = join(rig.folder, 'oldmake');
      writeFileSync(old, '#!/bin/sh\n[ "$1" = --version ] && echo "GNU Make 3.81" || { echo "$0 $*"; exit 5; }\n');
      chmodSync(old, 0o755);
      const { status, stdout, stderr } = await rig.run(['--make', old, '-j2', 'all']);
      expect({ status, stdout }).toEqual({ status: 5, stdout: `${old} -j2 all\n` });
      expect(stderr).toBe(
        `distmake: ${old} is not GNU make 4.0 or newer (--version says "GNU Make 3.81"): it runs undistributed\n`,
      );
      const never = await rig.run(['--fallback', 'never', '--make', old, 'all']);
      expect(never).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('nothing is built') });
    }));

  test('a command that is missing is named', () =>
    CommandRig.use(undefined, {}, async (rig) => {
      expect(await rig.run(['--', 'no-such-program'])).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('no-such-program'),
      });
      expect((await rig.run(['--'])).stderr).toContain('behind -- a command is missing');
    }));
});
