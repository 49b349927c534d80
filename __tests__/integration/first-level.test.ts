import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expectNothingLeft, sweepHosts, until } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, snapshot, type CommandResult, type Files } from './command-rig.ts';

/** There, jobs and the tests see the same files. */
const SHARED = '/var/tmp/first-level';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'unprivileged', slots: 4 },
      { name: 'beta', user: 'root', slots: 4, noUserNamespaces: true },
    ],
  });
});
beforeEach(() => void sshd.exec('alpha', `mkdir -m 777 ${SHARED}`));
afterEach(() => {
  sweepHosts(sshd);
  sshd.exec('alpha', `rm -r ${SHARED}`);
});
afterAll(() => sshd.dispose());

const login = (name: string): string => sshd.host(name).matrixLine().split(' ')[0] ?? '';

/** Runs the command with d1make's list of one host; the runner does nothing that may leave. */
function runOn(name: string, rig: CommandRig, words: readonly string[], more = {}): Promise<CommandResult> {
  return rig.run(['--local-jobs', '0', ...words], { environment: { D1MAKE_HOSTS: login(name), ...more } });
}

describe('a call of make in a recipe of the first make (L4, L5)', () => {
  /** Each makes `NAME.host`, which its make's own recipe writes. */
  const FORMS = {
    bare: '$(MAKE)',
    silent: '@$(MAKE)',
    plus: '+$(MAKE) all',
    lenient: '-$(MAKE)',
    braces: '@${MAKE} -C d',
    change: 'cd d && $(MAKE) all',
    semicolon: 'cd d; $(MAKE)',
    shell: '(cd d; $(MAKE))',
    loop: '@for d in d e; do $(MAKE) -C $$d || exit 1; done',
    literal: 'make -C d',
    gmake: '@gmake -C d',
    environment: 'env A=b $(MAKE) -C d',
    condition: '[ -d d ] && $(MAKE) -C d',
    branch: 'if test -d d; then $(MAKE) -C d; else exit 1; fi',
    path: '@/usr/bin/make -C d',
    assignment: "V='a b' $(MAKE) -C d",
    lines: 'cd d && \\\n\t  $(MAKE) all',
  };
  const names = Object.keys(FORMS);
  const files: Files = {
    Makefile: `ifneq ($(MAKELEVEL),0)
all: ; @hostname >$$F
else
${names.map((name) => `${name}: export F = ${name}.host`).join('\n')}
${Object.entries(FORMS)
  .map(([name, recipe]) => `${name}:\n\t${recipe}\n`)
  .join('')}
says: ; @echo "cd d && make" and make, then make; hostname >$@.host
endif
`,
    'd/Makefile': 'all: ; @hostname >../$$F\n',
    'e/Makefile': 'all: ; @hostname >>../$$F\n',
  };

  test('leaves with all that it calls, in whatever form; a word that is printed does not', () =>
    CommandRig.use(sshd, files, async (rig) => {
      const result = await runOn('alpha', rig, ['-s', '-j9', '--no-print-directory', ...names, 'says']);
      expect(result).toMatchObject({ status: 0, stderr: '', stdout: 'cd d && make and make, then make\n' });
      const made = Object.fromEntries(names.map((name) => [name, rig.read(`${name}.host`)]));
      expect(made).toEqual({ ...Object.fromEntries(names.map((name) => [name, 'alpha\n'])), loop: 'alpha\nalpha\n' });
      expect(rig.read('says.host')).toBe(`${hostname()}\n`);
      await expectNothingLeft(sshd);
    }));

  test('stays where it must: local targets, and with other matrices', () =>
    CommandRig.use(sshd, files, async (rig) => {
      expect(await runOn('alpha', rig, ['--local', 'l%', 'loop', 'plus'])).toMatchObject({ status: 0 });
      expect([rig.read('loop.host'), rig.read('plus.host')]).toEqual([`${hostname()}\n${hostname()}\n`, 'alpha\n']);
      rig.write({ farm: `hosts: ["${login('alpha')}"]\nmake-arguments: -s` });
      expect(await rig.run(['-c', 'farm', '--local-jobs', '0', 'change'])).toMatchObject({ status: 0 });
      expect(rig.read('change.host')).toBe(`${hostname()}\n`);
    }));

  test('its streams come back apart and in order, its status is the recipe’s (L4, L8)', () => {
    const sub = `all: ; @for n in 1 2 3; do echo out $$n; echo err $$n >&2; done
bad: all ; @exit 3
`;
    const Makefile = 'good: ; @cd d && $(MAKE) all\nbad: ; @cd d && { $(MAKE) bad; exit $$(($$? + 5)); }\n';
    return CommandRig.use(sshd, { Makefile, 'd/Makefile': sub }, async (rig) => {
      for (const goals of [['bad'], ['-k', 'bad', 'good']]) {
        const plain = await rig.make(['--no-print-directory', ...goals]);
        const result = await runOn('alpha', rig, ['--fallback', 'never', '--no-print-directory', ...goals]);
        expect({ ...result, seconds: 0 }).toEqual({ ...plain, seconds: 0 });
      }
      expect((await rig.make(['bad'])).stderr).toContain('Makefile:2: bad] Error 7');
    });
  });

  test('a command of 10 kB with quotes, blanks and $ arrives byte for byte (L10)', () => {
    const piece = `a  b\\t"c" 'd' $$e $$$$f \`g\` \\\\ h#i %s * ? ~ [x] {y} ! ; & | < > \u00e9 `;
    const quoted = `'${piece.replaceAll("'", "'\\''").replaceAll('#', '\\#').repeat(190)}'`;
    const Makefile = `all: ; @cd d && $(MAKE) show X=${quoted} E=1 && V=${quoted} $(MAKE) E=2\n`;
    const sub = `export X\nshow: ; @printf '%s' "$$X" >x$(E)\nall: ; @printf '%s' "$$V" >v$(E)\n`;
    return CommandRig.use(sshd, { Makefile, 'd/Makefile': `.DEFAULT_GOAL := all\n${sub}` }, async (rig) => {
      expect(await rig.make(['all'])).toMatchObject({ status: 0, stderr: '' });
      const expected = [rig.read('d/x1'), rig.read('d/v2')];
      expect(expected.map((text) => text.length > 10_000)).toEqual([true, true]);
      rig.write({ 'd/x1': '', 'd/v2': '' });
      expect(await runOn('alpha', rig, ['all'])).toMatchObject({ status: 0, stderr: '' });
      expect([rig.read('d/x1'), rig.read('d/v2')]).toEqual(expected);
    });
  });

  test.each(['alpha', 'beta'])('what it makes comes home from %s as make would have left it', (name) => {
    const files: Files = {
      Makefile: '.PHONY: lib app\nall: lib app\nlib app: ; $(MAKE) -C $@\napp: lib\n',
      'lib/Makefile': `liba.a: a.o ; ar rcD $@ $< && mkdir -p out/deep/er && cp a.o out/deep/er/copy && ln -sf er/copy out/deep/link
a.o: ; $(CC) -c -o $@ a.c && rm old && hostname >host
`,
      'lib/a.c': 'int a(void) { return 42; }\n',
      'lib/old': 'is removed',
      'app/Makefile': 'all: ; $(CC) -o app main.c -L../lib -la && ./app && chmod 700 app && hostname >host\n',
      'app/main.c': 'int a(void); int main(void) { return a() != 42; }\n',
    };
    return CommandRig.use(sshd, files, async (rig) => {
      const before = rig.save('before');
      expect(await rig.make(['all'])).toMatchObject({ status: 0 });
      const plain = snapshot(rig.workspace, /host$/);
      rig.restore(before);
      expect(await runOn(name, rig, ['all'])).toMatchObject({ status: 0, stderr: '' });
      expect(snapshot(rig.workspace, /host$/)).toEqual(plain);
      expect([rig.read('lib/host'), rig.read('app/host')]).toEqual([`${name}\n`, `${name}\n`]);
    });
  });

  test('runs here where the host has no make that is of use', () =>
    CommandRig.use(sshd, { Makefile: 'all: ; @$(MAKE) -s below\nbelow: ; @hostname\n' }, async (rig) => {
      const program = '"$(readlink -f /usr/bin/make)"';
      const broken = `printf '#!/bin/sh\\ntouch ${SHARED}/tried; exit 127\\n' >${SHARED}/broken; chmod 755 ${SHARED}/broken`;
      sshd.exec('alpha', `${broken}; mount --bind ${SHARED}/broken ${program}`);
      try {
        const result = await runOn('alpha', rig, ['all']);
        expect(result).toMatchObject({ status: 0, stderr: '', stdout: `${hostname()}\n` });
        expect(sshd.exec('alpha', `ls ${SHARED}`)).toBe('broken\ntried\n');
      } finally {
        sshd.exec('alpha', `umount ${program}`);
      }
    }));
});

describe('a make that runs there as a whole has the free slots as its -j', () => {
  // Each of three waits for the others, some of them a level further down: that takes three at one time of one jobserver.
  const meet = `meet-%: ; @touch $@; n=0; until [ -e meet-1 ] && [ -e meet-2 ] && [ -e meet-3 ]; do \
n=$$((n + 1)); [ $$n -lt 200 ] || exit 1; sleep 0.05; done`;
  const files: Files = {
    Makefile: `.DIST: sub own 1.d 2.d 3.d 4.d
sub: ; @$(MAKE) -C d
own: sub ; @$(MAKE) -j2 -C d flags
1.d 2.d 3.d 4.d: ; @$(MAKE) -s -C d flags >$@
`,
    'd/Makefile': `all: flags low meet-1
flags: ; @hostname; echo "$(MAKEFLAGS)"
low: ; @$(MAKE) meet-2 meet-3
${meet}
`,
  };
  const run = async (rig: CommandRig, more: string, words: readonly string[]): Promise<string> => {
    rig.write({ farm: `hosts: [{address: "${login('alpha')}", slots: 4}]\n${more}` });
    const { status, stdout, stderr } = await rig.run(['-c', 'farm', '--local-jobs', '0', ...words]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };

  test('which those below share, without a word; the recipe’s own counts', () =>
    CommandRig.use(sshd, files, async (rig) => {
      const stdout = await run(rig, '', ['-k', '--no-print-directory', 'own', 'A=b c']);
      const flags = (jobs: number): string =>
        `alpha\\nk -j${jobs} --jobserver-\\S+ --no-print-directory -- A=b\\\\ c\\n`;
      expect(stdout).toMatch(new RegExp(`^${flags(4)}${flags(2)}$`));
    }));

  test('as far as the matrix lets one job take them (E14), or says otherwise', () =>
    CommandRig.use(sshd, files, async (rig) => {
      await run(rig, 'defaults: {parallel: /2}', ['1.d']);
      await run(rig, 'make-arguments: -j3', ['2.d']);
      expect([rig.read('1.d'), rig.read('2.d')]).toEqual([
        expect.stringMatching(/^alpha\ns -j2 /),
        expect.stringMatching(/^alpha\ns -j3 /),
      ]);
    }));

  test('holds them till its end, and those that wait then share them', () =>
    CommandRig.use(sshd, files, async (rig) => {
      rig.write({
        Makefile: `${files['Makefile'] as string}all: hold 1.d 2.d 3.d 4.d
.DIST: hold
hold: ; @$(MAKE) -s -C d hold
1.d 2.d 3.d 4.d: | there
there: ; @until [ -e holds ]; do sleep 0.05; done
`,
        'd/Makefile': `${files['d/Makefile'] as string}
hold: ; @touch ${SHARED}/holds; until [ -e ${SHARED}/go ]; do sleep 0.05; done
`,
      });
      const result = run(rig, '', ['-j6', 'all']);
      await until(() => sshd.exec('alpha', `ls ${SHARED}`) === 'holds\n', 'one holds all slots');
      rig.write({ holds: '' });
      const waiting = (): string[] => rig.processes().filter((line) => / -C d flags >[1-4]\.d$/.test(line));
      await until(() => waiting().length === 4, 'four wait');
      expect(sshd.exec('alpha', 'pgrep -cx make').trim()).toBe('1');
      sshd.exec('alpha', `touch ${SHARED}/go`);
      await result;
      for (const name of [1, 2, 3, 4]) expect(rig.read(`${name}.d`)).toMatch(/^alpha\ns(?! -j)/);
    }));
});

/** d1make's own stress test: 150 goals of 10 calls each, -j30, and one machine under 21 names. */
test('many calls on many names of one host leave nothing behind (L13)', async () => {
  const [goals, calls] = process.env['DISTMAKE_FULL'] ? [150, 10] : [30, 3];
  const all = Array.from({ length: goals }, (_, at) => `goal-${at + 1}`);
  const line = '\t@$(MAKE) -s -C sub N=$@\n';
  const files: Files = {
    Makefile: `all: ${all.join(' ')}\n${all.join(' ')}:\n${line.repeat(calls)}`,
    'sub/Makefile': 'all: ; @echo called >>$(N); echo $(N)\n',
  };
  await CommandRig.use(sshd, files, async (rig) => {
    const { address, port, login: user } = sshd.host('alpha');
    const names = Array.from({ length: 21 }, (_, at) => `name${at + 1}`);
    const config = `Host name*\n  HostName ${address}\n  Port ${port}\n  User ${user}\n`;
    writeFileSync(join(rig.home, '.ssh/config'), config);
    const environment = { D1MAKE_HOSTS: names.join(' ') };
    const { status, stdout, stderr } = await rig.run(['--local-jobs', '0', '-j30', 'all'], { environment });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const printed = stdout.trim().split('\n').sort();
    expect(printed).toEqual(all.flatMap((name) => Array<string>(calls).fill(name)).sort());
    for (const name of all) expect(rig.read(`sub/${name}`)).toBe('called\n'.repeat(calls));
    await until(() => rig.processes().length === 0, 'no process is left here');
    expect(readdirSync(rig.tmp)).toEqual([]);
    await expectNothingLeft(sshd);
    expect(sshd.exec('alpha', 'find /tmp /var/tmp /dev/shm -type p')).toBe('');
  });
});
