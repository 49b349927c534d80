import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActionRig, expectNothingLeft, inputsFor, sweepHosts, until, type Inputs } from '../rig/action-rig.ts';
import { SharedFolder } from '../rig/shared-folder.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { cProject, OBJECTS } from './c-project.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'root', slots: 2 },
      { name: 'beta', user: 'unprivileged', slots: 2 },
      { name: 'plain', user: 'unprivileged', slots: 2, noUserNamespaces: true },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

/** The inputs for some of the hosts. */
const on = (...names: readonly string[]): Inputs => ({
  ...inputsFor(sshd),
  hosts: names.map((name) => `${sshd.host(name).matrixLine()}\n`).join(''),
  'local-jobs': '0',
});

describe('staging: declared', () => {
  const declared = (...names: readonly string[]): Inputs => ({ ...on(...names), staging: 'declared' });

  test('a recipe sees its declared prerequisites, its target and directories, and nothing else (P3)', () =>
    ActionRig.use(
      {
        files: {
          Makefile: `all: out/list.o out/again.o lines.o whole.o
out/list.o: src/a.c ./src/../inc/a.h named.h | out order.txt
	find . ! -name '*.o' -type f -o -type l | sort >$@; cat named.h >>$@; ls -d out inc/deep >>$@
out/again.o: out/list.o src/a.c ; cat $^ >$@; ls out >>$@
lines.o: src/a.c
	echo first >side.txt
	cat side.txt >$@; ls >>$@
whole.o: data ; cat data/one data/sub/two >$@
`,
          'src/a.c': 'a.c\n',
          'src/b.c': 'b.c\n',
          'inc/a.h': 'a.h\n',
          'inc/deep/x': 'x\n',
          'order.txt': 'order\n',
          'out/.keep': '',
          'secret.h': 'named\n',
          'data/one': '1\n',
          'data/sub/two': '2\n',
        },
        inputs: declared('alpha', 'beta'),
      },
      async (action) => {
        symlinkSync('secret.h', join(action.workspace, 'named.h'));
        const main = await action.main();
        expect(main).toMatchObject({ status: 0 });
        expect(main.log.annotations).toEqual([]);
        expect(action.outputs).toMatchObject({ remote: 4, retried: 0 });
        const list = ['./inc/a.h', './named.h', './order.txt', './secret.h', './src/a.c', 'named', 'inc/deep', 'out'];
        expect(action.read('out/list.o').trim().split('\n')).toEqual(list);
        expect(action.read('out/again.o')).toMatch(/\na\.c\nagain\.o\nlist\.o\n$/);
        expect(action.read('lines.o').split('\n').slice(0, 2)).toEqual(['first', 'data']);
        expect(action.read('lines.o')).not.toMatch(/Makefile|secret/);
        expect(action.read('side.txt')).toBe('first\n');
        expect(action.read('whole.o')).toBe('1\n2\n');
        await action.post();
        await expectNothingLeft(sshd);
      },
    ));

  test('a header that no rule names is found by the compile that fails without it, and the build is right all the same', () =>
    ActionRig.use({ files: cProject(), inputs: declared('alpha', 'beta') }, async (action) => {
      const main = await action.main();
      expect(main).toMatchObject({ status: 0 });
      expect(action.outputs).toMatchObject({ remote: 0, retried: OBJECTS.length });
      const said = main.log.annotations.map(({ message }) => message);
      for (const object of OBJECTS) {
        expect(said).toContainEqual(
          expect.stringMatching(
            `^\\S+: the recipe of ${object} failed without include/calc\\.h, which the makefile does not name among its prerequisites$`,
          ),
        );
      }
      // The depfiles name it from now on.
      writeFileSync(join(action.workspace, 'include/calc.h'), `${action.read('include/calc.h')}/* */\n`);
      const second = await action.main();
      expect(second.log.annotations).toEqual([]);
      expect(action.outputs).toMatchObject({ remote: OBJECTS.length, retried: 0 });
    }));

  test('what a recipe removes that it did not see is not removed', () =>
    ActionRig.use(
      {
        files: {
          Makefile: 'x.o: x.c ; rmdir full 2>/dev/null || true; rm -f hidden; echo done >$@\n',
          'x.c': '',
          'full/file': 'kept\n',
          hidden: 'kept\n',
        },
        inputs: { ...declared('alpha'), targets: 'x.o' },
      },
      async (action) => {
        expect(await action.main()).toMatchObject({ status: 0 });
        expect(action.read('x.o')).toBe('done\n');
        expect(action.read('full/file')).toBe('kept\n');
      },
    ));

  test('a host without private mounts is left out', () =>
    ActionRig.use({ files: cProject(), inputs: declared('plain', 'alpha') }, async (action) => {
      const main = await action.main();
      expect(main.status).toBe(0);
      expect(main.log.annotations.map(({ message }) => message)).toContainEqual(
        expect.stringContaining('it forbids private mounts, without which a job cannot be shown its prerequisites'),
      );
    }));
});

describe('staging: none', () => {
  let shared: SharedFolder;
  beforeAll(() => void (shared = new SharedFolder()));
  afterAll(() => shared.dispose());
  const none = (...names: readonly string[]): Inputs => ({ ...on(...names), staging: 'none' });

  test('recipes work in the workspace itself; nothing is copied', () =>
    ActionRig.use({ parent: shared.path, files: cProject(), inputs: none('alpha') }, async (action) => {
      const main = await action.main();
      expect(main).toMatchObject({ status: 0 });
      expect(main.log.annotations).toEqual([]);
      expect(main.log.shown.join('\n')).toMatch(/: ready in .* 0 files \(0 B\); it works in the workspace itself/);
      expect(action.outputs).toMatchObject({ remote: OBJECTS.length, retried: 0 });
      expect(action.list().filter((path) => path.includes('distmake'))).toEqual([]);
      await action.post();
      await expectNothingLeft(sshd);
    }));

  test.each([
    ['does not see it', false, 'alpha'],
    ['may not write there', true, 'beta'],
  ])('a host that %s is left out, and says why', (_, isShared, name) =>
    ActionRig.use(
      { parent: isShared ? shared.path : '/var/tmp', files: cProject(), inputs: none(name) },
      async (action) => {
        const main = await action.main();
        expect(main).toMatchObject({ status: 0 });
        expect(action.outputs).toMatchObject({ remote: 0, local: OBJECTS.length + 1 });
        expect(main.log.annotations.map(({ message }) => message)).toEqual([
          expect.stringMatching(/\/project\/project is not the runner's workspace there \(.*staging: none/),
        ]);
        await action.post();
        await expectNothingLeft(sshd);
      },
    ),
  );

  test('where users may not mount, too', () =>
    ActionRig.use({ parent: shared.path, files: cProject(), inputs: none('plain') }, async (action) => {
      for (const path of ['.', 'lib', 'include']) chmodSync(join(action.workspace, path), 0o777);
      expect(await action.main()).toMatchObject({ status: 0 });
      expect(action.outputs).toMatchObject({ remote: OBJECTS.length, retried: 0 });
    }));
});

describe('exclude', () => {
  const files = {
    Makefile: `all: a.o b.o
a.o: ; : >$@; find . -type f | sort >$@; mkdir -p big/made; echo from-a >big/made/x
b.o: a.o ; echo $$(cat big/made/x 2>/dev/null || echo none) >$@
`,
    'big/one': '1',
    'sub/big/two': '2',
    'sub/keep.iso': '3',
    'sub/other.iso': '4',
  };

  test('what it names is not on the hosts; what a recipe writes there comes home', () =>
    ActionRig.use(
      { files, inputs: { ...on('alpha'), exclude: '# not these\nbig/\n*.iso\n!keep.iso' } },
      async (action) => {
        const main = await action.main();
        expect(main).toMatchObject({ status: 0 });
        expect(action.read('a.o')).toBe('./Makefile\n./a.o\n./sub/keep.iso\n');
        expect(action.read('big/made/x')).toBe('from-a\n');
        expect(action.read('big/one')).toBe('1');
        // Not even on the host that made it, where it would grow old.
        expect(action.read('b.o')).toBe('none\n');
        expect(main.log.shown.join('\n')).toMatch(/workspace: 2 files/);
      },
    ));
});

describe('conflicts (P6)', () => {
  test.each(['alpha', 'plain'])('two recipes that add to one file at the same time: nothing is lost (%s)', (name) =>
    ActionRig.use(
      {
        files: {
          Makefile: `TARGETS = a.o b.o
all: $(TARGETS)
$(TARGETS): ; n=$$(cat log); sleep 1; echo "$$n $@" >log; echo $@ >$@
`,
          log: 'begin\n',
        },
        inputs: on(name),
      },
      async (action) => {
        const main = await action.main();
        expect(main).toMatchObject({ status: 0 });
        expect(action.read('log')).toMatch(/^begin (a\.o b\.o|b\.o a\.o)\n$/);
        expect(action.outputs).toMatchObject({ remote: 1, retried: 1 });
        expect(main.log.annotations.map(({ message }) => message)).toEqual([
          expect.stringMatching(/^log was written by the recipe of [ab]\.o while the recipe of [ab]\.o, /),
        ]);
      },
    ),
  );

  test('with a recipe on the runner, which is the first', () =>
    ActionRig.use(
      {
        files: {
          Makefile: `all: here there.o
here: ; until test -e go; do sleep 0.05; done; echo here >log
there.o: ; n=$$(cat log); touch started; sleep 2; echo "$$n there" >log; echo >$@
`,
          log: 'begin\n',
        },
        inputs: { ...on('alpha'), local: 'here' },
      },
      async (action) => {
        const step = action.start();
        await until(() => sshd.exec('alpha', 'pgrep -fc "^sleep 2$"', { check: false }).trim() === '1', 'the job runs');
        writeFileSync(join(action.workspace, 'go'), '');
        const main = await step.result;
        expect(main).toMatchObject({ status: 0 });
        expect(action.read('log')).toBe('here there\n');
        expect(main.log.annotations.map(({ message }) => message)).toEqual([
          expect.stringMatching(/^log was written by a recipe on the runner while the recipe of there\.o, /),
        ]);
      },
    ));
});

describe("another recipe's target", () => {
  const files = {
    Makefile: 'b.o: a.o ; echo b >$@; echo again >a.o; echo d >b.d\na.o: ; echo a >$@\nb.d: ; echo none >$@\n',
  };

  test('is not taken from a host; what the recipe makes on the runner counts', () =>
    ActionRig.use({ files, inputs: { ...on('alpha'), targets: 'b.d b.o', jobs: '1' } }, async (action) => {
      const main = await action.main();
      expect(main).toMatchObject({ status: 0 });
      expect([action.read('a.o'), action.read('b.o'), action.read('b.d')]).toEqual(['again\n', 'b\n', 'd\n']);
      expect(action.outputs).toMatchObject({ remote: 1, retried: 1 });
      expect(main.log.annotations.map(({ message }) => message)).toEqual([
        expect.stringMatching(/: what the recipe of b\.o wrote was not taken: a\.o is the target of another recipe/),
      ]);
    }));

  test('with fallback never there is nobody else to ask', () =>
    ActionRig.use({ files, inputs: { ...on('alpha'), targets: 'b.o', fallback: 'never' } }, async (action) => {
      expect(await action.main()).toMatchObject({ status: 0 });
      expect(action.read('a.o')).toBe('again\n');
    }));
});

describe('what is private to a job', () => {
  test.each(['alpha', 'beta', 'plain'])('temporary files: one recipe does not see those of another (%s)', (name) =>
    ActionRig.use(
      {
        files: {
          Makefile: `all: a.o b.o c.o
a.o:
	echo mine >$$(mktemp); echo mine >$$\{TMPDIR:-/tmp}/fixed
	cat $$\{TMPDIR:-/tmp}/fixed >$@
b.o: a.o ; ls -A $$\{TMPDIR:-/tmp} | wc -l >$@
export CCACHE_DIR = /var/cache/own
export DISTCC_HOSTS = one two
c.o: ; echo "$$CCACHE_DIR" >$@; echo $$DISTCC_HOSTS >>$@
`,
        },
        inputs: { ...on(name), jobs: '1' },
      },
      async (action) => {
        expect(await action.main()).toMatchObject({ status: 0 });
        expect(action.outputs).toMatchObject({ remote: 3 });
        expect(action.read('a.o')).toBe('mine\n');
        expect(action.read('b.o').trim()).toBe('0');
        // What the makefile sets for a compiler launcher reaches the sandbox (P11).
        expect(action.read('c.o')).toBe('/var/cache/own\none two\n');
        expect(existsSync(join(action.workspace, 'fixed'))).toBe(false);
        await action.post();
        await expectNothingLeft(sshd);
      },
    ),
  );
});

describe('large files', () => {
  /** The most memory that main has had, in MB. */
  async function peakOf(action: ActionRig): Promise<number> {
    const step = action.start();
    let peak = 0;
    let over = false;
    void step.result.finally(() => (over = true)).catch(() => undefined);
    while (!over) {
      const main = action.processes().find((line) => line.includes('dist/main/index.js'));
      const status = main && statusOf(Number.parseInt(main, 10));
      peak = Math.max(peak, Number(/^VmHWM:\s*(\d+) kB$/m.exec(status ?? '')?.[1] ?? 0) / 1000);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await step.result).toMatchObject({ status: 0 });
    expect(action.outputs).toMatchObject({ remote: 1, retried: 0 });
    return peak;
  }

  const statusOf = (pid: number): string => {
    try {
      return readFileSync(`/proc/${pid}/status`, 'utf8');
    } catch {
      return '';
    }
  };

  test.each(['alpha', 'plain'])('of 200 MB there and back do not lie in memory (%s)', async (name) => {
    const files = { Makefile: 'copy.o: input ; cp input $@\n', input: 'small' };
    const peaks: number[] = [];
    for (const size of [5, 200_000_000]) {
      await ActionRig.use({ files, inputs: on(name) }, async (action) => {
        truncateSync(join(action.workspace, 'input'), size);
        peaks.push(await peakOf(action));
        expect(statSync(join(action.workspace, 'copy.o')).size).toBe(size);
        await action.post();
      });
    }
    const [small = 0, large = 0] = peaks;
    expect(small).toBeGreaterThan(30);
    expect(large - small).toBeLessThan(150);
  });
});

describe('a host whose disk is full', () => {
  const resize = (size: string): void => void sshd.exec('alpha', `mount -o remount,size=${size} /tmp`);
  afterEach(() => resize('50%'));

  test('while it is staged: it is left out, and why', () =>
    ActionRig.use({ files: { ...cProject(), big: 'x'.repeat(3e6) }, inputs: on('alpha', 'beta') }, async (action) => {
      resize('2m');
      const main = await action.main();
      expect(main).toMatchObject({ status: 0 });
      expect(main.log.annotations.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^root@.*: .*(No space left on device|no space)/),
      ]);
      expect(action.outputs).toMatchObject({ remote: OBJECTS.length, retried: 0 });
    }));

  test('in the middle of a job: the job goes to another host', () =>
    ActionRig.use(
      {
        files: { Makefile: `all: a.o b.o c.o d.o ; @:\n%.o: ; head -c 20000000 /dev/zero >$@\n` },
        inputs: on('alpha', 'beta'),
      },
      async (action) => {
        resize('12m');
        const main = await action.main();
        expect(main).toMatchObject({ status: 0 });
        expect(main.log.annotations.map(({ message }) => message)).toEqual([
          expect.stringMatching(/^root@.*: .*(?:no space|the connection was closed)/i),
        ]);
        expect(action.outputs).toMatchObject({ remote: 4, retried: 0, failedTargets: [] });
        expect(action.outputs.hosts.map(({ jobs }) => jobs)).toEqual([0, 4]);
        for (const name of ['a.o', 'b.o', 'c.o', 'd.o']) expect(action.read(name)).toHaveLength(20_000_000);
      },
    ));
});
