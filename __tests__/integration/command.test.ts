import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionsTo, expectNothingLeft, sweepHosts } from '../rig/action-rig.ts';
import { RunnerLog } from '../rig/runner-log.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, snapshot, type CommandResult, type Files } from './command-rig.ts';

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

const words = ({ status, signal, stdout, stderr }: CommandResult): object => ({ status, signal, stdout, stderr });
const connections = (): number => sshd.hosts.reduce((sum, { name }) => sum + connectionsTo(sshd, name), 0);
const HOSTS = /^(alpha|beta)\n$/;

describe('output, status and results are those of make', () => {
  const files: Files = {
    Makefile: `all: good.o sub/good.o text
good.o: good.c ; $(CC) -Wall -c -o $@ $<
sub/good.o: ; $(MAKE) -C sub good.o
text: ; @echo out; echo err >&2; echo made >$@
fail: bad.o text
bad.o: ; @echo before; echo trouble >&2; echo half >$@; exit 3
ignored: ; -@echo x >ignored.o; sh -c 'exit 7'
	@echo after
ignored.o: ; -exit 4
	@echo done
both: bad.o good.o
signal.o: ; kill -TERM $$$$
missing.o: ; no-such-tool -c -o $@; exit $$?
big.o: ; @seq 50000; seq 20000 >&2; seq 9; echo >$@
simple.o: ; no-such-tool -c -o $@
.PHONY: both
`,
    'good.c': 'static int unused;\nint good(void) { return 1; }\n',
    'sub/Makefile': 'good.o: good.c ; cc -c -o $@ $<\n',
    'sub/good.c': 'int sub;\n',
    'broken.mk': 'all: ; echo\n  this is no makefile\n',
  };
  const cases = [
    [],
    ['-s'],
    ['-n'],
    ['-n', 'good.o', 'bad.o'],
    ['-q', 'good.o'],
    ['-t', 'good.o', 'text'],
    ['-B', 'good.o'],
    ['fail'],
    ['-k', 'both', 'text'],
    ['-i', 'bad.o', 'text'],
    ['ignored', 'ignored.o'],
    ['signal.o'],
    ['missing.o'],
    ['big.o'],
    ['--no-print-directory', 'sub/good.o'],
    ['-C', 'sub'],
    ['-f', 'broken.mk'],
    ['-f', 'none.mk'],
    ['no-such-target'],
    ['--no-such-option'],
    ['-v'],
    ['good.o', '-O'],
    ['.DELETE_ON_ERROR='],
    ['--eval=.DELETE_ON_ERROR:', 'bad.o'],
  ];
  test.each([
    ['without hosts', []] as const,
    ...(process.env['DISTMAKE_FULL'] === undefined ? [] : [['with hosts', ['-c', '../hosts']] as const]),
    ['with hosts alone', ['-c', '../hosts', '--local-jobs', '0', '--dist', '*.o']],
  ])(
    '%s',
    (_name, own) =>
      CommandRig.use(sshd, files, async (rig) => {
        const original = rig.save('original');
        for (const given of cases) {
          rig.restore(original);
          const expected = await rig.make(given);
          const tree = snapshot(rig.workspace);
          rig.restore(original);
          const result = await rig.run([...own, ...given]);
          expect([given, words(result)]).toEqual([given, words(expected)]);
          expect([given, snapshot(rig.workspace)]).toEqual([given, tree]);
        }
        await expectNothingLeft(sshd);
      }),
    120_000,
  );

  test.each([[[]], [['-c', '../hosts', '--local-jobs', '0']]])('but for the words about a missing tool: %j', (own) =>
    CommandRig.use(sshd, files, async (rig) => {
      // make would have executed it without a shell, and speaks of it itself.
      const wordless = (result: CommandResult): object => ({
        ...words(result),
        stderr: result.stderr.split('\n').slice(1),
      });
      expect(wordless(await rig.run([...own, 'simple.o']))).toEqual(wordless(await rig.make(['simple.o'])));
    }),
  );

  test('in a workflow it folds', () =>
    CommandRig.use(sshd, { Makefile: 'x.o: ; @hostname >$@; cat $@\n' }, async (rig) => {
      const result = await rig.run(['-c', rig.hostsFile], { environment: { GITHUB_ACTIONS: 'true' } });
      expect(result.status).toBe(0);
      const log = new RunnerLog(result.stdout);
      expect(log.titles).toHaveLength(1);
      expect(log.group('x.o').lines.join('\n')).toMatch(/^(alpha|beta)$/);
    }));
});

const MARKED = '.DIST: where\nwhere: ; hostname >$@\nother.o: ; hostname >$@\n';

describe('hosts', () => {
  test('-c names a file that is not there', () =>
    CommandRig.use(sshd, { Makefile: MARKED }, async (rig) => {
      const before = connections();
      expect(words(await rig.run(['-c', 'none', 'where']))).toEqual({
        status: 2,
        signal: null,
        stdout: '',
        stderr: `distmake: -c ${join(rig.workspace, 'none')} cannot be read (ENOENT)\n`,
      });
      expect(rig.exists('where')).toBe(false);
      expect(connections()).toBe(before);
    }));

  test.each(['somewhere', 'somewhere 0', 'somewhere -1', 'somewhere four', 'somewhere:99999 4', 'somewhere 4 5'])(
    '-c names a file with the line "%s"',
    (line) =>
      CommandRig.use(sshd, { Makefile: MARKED, hosts: `${sshd.matrix}# more\n${line}\n` }, async (rig) => {
        const before = connections();
        const { status, stdout, stderr } = await rig.run(['-c', 'hosts', '-j2', 'where']);
        expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
        expect(stderr).toContain(join(rig.workspace, 'hosts'));
        expect(stderr).toMatch(/line 4|:4\b/);
        expect(rig.exists('where')).toBe(false);
        expect(connections()).toBe(before);
      }),
  );

  test('~/.makehosts with -j and .DIST: distributed', () =>
    CommandRig.use(sshd, { Makefile: MARKED }, async (rig) => {
      writeFileSync(join(rig.home, '.makehosts'), sshd.matrix);
      expect(words(await rig.run(['-j4', 'where', 'other.o']))).toEqual({
        status: 0,
        signal: null,
        stdout: 'hostname >where\nhostname >other.o\n',
        stderr: '',
      });
      expect(rig.read('where')).toMatch(HOSTS);
      expect(rig.read('other.o')).not.toMatch(HOSTS);
    }));

  test.each([
    ['no -j', MARKED, []],
    ['no .DIST', 'where: ; hostname >$@\n', ['-j4']],
  ])('~/.makehosts and %s: local', (_name, makefile, more) =>
    CommandRig.use(sshd, { Makefile: makefile }, async (rig) => {
      writeFileSync(join(rig.home, '.makehosts'), sshd.matrix);
      expect(await rig.run([...more, 'where'])).toMatchObject({ status: 0, stdout: 'hostname >where\n', stderr: '' });
      expect(rig.read('where')).not.toMatch(HOSTS);
    }),
  );

  test('a bad ~/.makehosts: a warning with the line, and local', () =>
    CommandRig.use(sshd, { Makefile: MARKED }, async (rig) => {
      writeFileSync(join(rig.home, '.makehosts'), `${sshd.matrix}nowhere none\n`);
      const before = connections();
      const { status, stdout, stderr } = await rig.run(['-j4', 'where']);
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'hostname >where\n' });
      expect(stderr).toContain(join(rig.home, '.makehosts'));
      expect(stderr).toMatch(/line 3|:3\b/);
      expect(rig.read('where')).not.toMatch(HOSTS);
      expect(connections()).toBe(before);
    }));

  test('those that cannot be used are named with the reason, and the others build', () =>
    CommandRig.use(sshd, { Makefile: MARKED }, async (rig) => {
      const [alpha = '', beta = ''] = sshd.matrix.split('\n');
      writeFileSync(rig.hostsFile, `${alpha}\n${beta}\n${beta.replace(/@.*:/, '@127.0.0.1:')}\n`);
      writeFileSync(join(rig.home, '.ssh/known_hosts'), `${sshd.host('alpha').knownHostsLine()}\n`);
      const { status, stdout, stderr } = await rig.run(['-c', rig.hostsFile, '--local-jobs', '0', 'where']);
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'hostname >where\n' });
      expect(rig.read('where')).toBe('alpha\n');
      expect(stderr).toMatch(/^distmake: root@[\d.]+:2022: left out: its host key is not known: /m);
      expect(stderr).toContain(sshd.host('beta').knownHostsLine());
      expect(stderr).toMatch(
        /^distmake: root@127\.0\.0\.1:2022: did not come up, it is tried again: nothing listens on port 2022 there/m,
      );
      // On those nothing has to be removed.
      expect(stderr).not.toContain('removed');
    }));

  test('none can be used: local; or with --fallback never an error', () =>
    CommandRig.use(sshd, { Makefile: MARKED, hosts: 'me@127.0.0.1:1 4\n' }, async (rig) => {
      const never = await rig.run(['-c', 'hosts', '--fallback', 'never', 'where']);
      expect(never).toMatchObject({ status: 2, stdout: '' });
      expect(never.stderr).toMatch(/nothing listens on port 1 there[^]*no host is ready, and fallback is never/);
      expect(rig.exists('where')).toBe(false);
      expect(await rig.run(['-c', 'hosts', 'where'])).toMatchObject({ status: 0, stdout: 'hostname >where\n' });
      expect(rig.read('where')).not.toMatch(HOSTS);
    }));

  test('--fallback never: the status of the host stands, and no target is brought home', () =>
    CommandRig.use(sshd, { Makefile: 'x.o: ; echo side >side; echo half >$@; hostname; exit 5\n' }, async (rig) => {
      const { status, stdout, stderr } = await rig.run(['-c', rig.hostsFile, '--fallback', 'never', '-s']);
      expect({ status, stderr }).toEqual({ status: 2, stderr: 'make: *** [Makefile:1: x.o] Error 5\n' });
      expect(stdout).toMatch(HOSTS);
      expect([rig.exists('x.o'), rig.exists('side')]).toEqual([false, true]);
    }));
});

describe('options', () => {
  test.each([
    [['--local-jobs', 'many'], /option --local-jobs: "many" is not a number/],
    [['--fallback', 'perhaps'], /option --fallback: "perhaps" is none of local, never/],
    [['--log=loud'], /option --log: "loud" is none of/],
    [['-c'], /option -c needs a value/],
  ])('%j is an error', (given, message) =>
    CommandRig.use(undefined, { Makefile: 'all: ; echo made >$@\n' }, async (rig) => {
      const { status, stdout, stderr } = await rig.run(given);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(message);
      expect(rig.exists('all')).toBe(false);
    }),
  );

  test('behind the first of make they are those of make', () =>
    CommandRig.use(undefined, { Makefile: 'all: ; echo $(origin X)\n' }, async (rig) => {
      for (const given of [
        ['-s', '--eval', '--root'],
        ['X=1', '-c'],
      ]) {
        expect(words(await rig.run(given))).toEqual(words(await rig.make(given)));
      }
      const late = await rig.run(['-s', '--root', '/nowhere']);
      expect(late).toMatchObject({ status: 2, stdout: '' });
      expect(late.stderr).toBe('distmake: option --root must stand before the first argument for make\n');
    }));

  test('what is staged: --root, the git work tree, or the current directory', () =>
    CommandRig.use(
      sshd,
      { 'deep/sub/Makefile': 'x.o: ; cat ../../above >$@ && hostname >>$@\n', above: 'above\n', 'none/': '' },
      async (rig) => {
        const build = async (own: readonly string[]): Promise<string> => {
          const options = { directory: 'deep/sub' };
          const result = await rig.run(['-c', '../../../hosts', '--local-jobs', '0', ...own, '-B', '-s'], options);
          expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
          return rig.read('deep/sub/x.o');
        };
        // Not there on the host: it fails there, and the runner has the last word.
        expect(await build([])).not.toMatch(/alpha|beta/);
        expect(await build(['--root', '../..'])).toMatch(/^above\n(alpha|beta)\n$/);
        rig.write({ '.git/HEAD': 'x' });
        expect(await build([])).toMatch(/^above\n(alpha|beta)\n$/);
        expect(await build(['--root', '.'])).not.toMatch(/alpha|beta/);
      },
    ));

  test('--local, --environment, --setup, --make', () =>
    CommandRig.use(
      sshd,
      {
        Makefile: 'all: a.o b.o ; @:\n%.o: ; hostname >$@; echo "$$TRAVELS$$STAYS$$FROM_SETUP" >>$@\n',
        'other/my-make.sh': '#!/bin/sh\necho mine >>made-by; exec make "$@"\n',
      },
      async (rig) => {
        const given = [
          '--local',
          'b.o',
          '--environment',
          'TRAVELS',
          '--setup',
          'export FROM_SETUP=there',
          '--make',
          './other/my-make.sh',
        ];
        const options = { environment: { TRAVELS: 'yes-', STAYS: 'no-' } };
        const result = await rig.run(['-c', rig.hostsFile, ...given, '--local-jobs', '0', '-s'], options);
        expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
        expect(rig.read('a.o')).toMatch(/^(alpha|beta)\nyes-there\n$/);
        expect(rig.read('b.o')).toMatch(/\nyes-no-\n$/);
        expect(rig.read('made-by')).toMatch(/^(mine\n)+$/);
      },
    ));

  test('a compiler is not needed on the runner', () =>
    CommandRig.use(
      sshd,
      { Makefile: 'x: x.o ; cp $< $@\nx.o: x.c ; cc -c -o $@ $<; hostname >where.o\n', 'x.c': 'int x;\n' },
      async (rig) => {
        rig.path = rig.withoutCompilers();
        expect(existsSync(join(rig.path, 'cc'))).toBe(false);
        expect((await rig.make(['x.o'])).stderr).toContain('not found');
        const result = await rig.run(['-c', rig.hostsFile, '--local-jobs', '0', '-s']);
        expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
        expect(rig.read('where.o')).toMatch(HOSTS);
        expect(rig.read('x')).toMatch(/^\x7fELF/);
        expect(rig.processes()).toEqual([]);
      },
    ));
});
