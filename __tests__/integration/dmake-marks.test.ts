import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fetchGnuMake } from '../../scripts/gnu-make.mjs';
import { expectNothingLeft } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, type CommandResult } from './command-rig.ts';

const LATEST = fetchGnuMake('4.4.1');
const MAKES: readonly (readonly [string, string])[] = [
  ['the make of this machine', 'make'],
  ['make 4.4.1', LATEST],
];

/** Tells when it begins and ends; both are lines of the recipe, so that another could come between. */
const TELL = `	@echo + $@ >>log; sleep 0.05
	@sleep 0.05; echo - $@ >>log
`;

/** Ends only if the other of the two runs at the same time. */
const MEET = `	@echo + $@ >>log; touch $@.here
	@n=0; while [ ! -e $(filter-out $@,$(PAIR)).here ]; do n=$$((n + 1)); [ $$n -lt 400 ] || exit 1; sleep 0.02; done; echo - $@ >>log
`;

const run = (rig: CommandRig, make: string, ...words: string[]): Promise<CommandResult> =>
  rig.run(['--make', make, '-c', 'hosts', ...words]);

const log = (rig: CommandRig): string[] => rig.read('log').trim().split('\n');

/** Whether nothing began or ended while that target was made. */
function wasAlone(lines: readonly string[], target: string): boolean {
  const at = lines.indexOf(`+ ${target}`);
  return at >= 0 && lines[at + 1] === `- ${target}`;
}

/** Whether all of these had ended before any of those began. */
function came(lines: readonly string[], first: readonly string[], then: readonly string[]): boolean {
  const ends = first.map((name) => lines.indexOf(`- ${name}`));
  const begins = then.map((name) => lines.indexOf(`+ ${name}`));
  return Math.min(...ends, ...begins) >= 0 && Math.max(...ends) < Math.min(...begins);
}

const OURS = execFileSync('sh', ['-c', 'command -v make'], { encoding: 'utf8' }).trim();

describe.each(MAKES)('%s', (_, make) => {
  const use = (Makefile: string, body: (rig: CommandRig) => Promise<void>): Promise<void> =>
    CommandRig.use(undefined, { Makefile, hosts: 'localhost 6\n', log: '' }, body);

  test('.WAIT in lists and between goals (D15)', () =>
    use(
      `all: a1 a2 .WAIT b.o c .WAIT d ; @echo "$^"
a1 a2 c d e:
${TELL}	@touch $@
%.o: %.src
${TELL}	@touch $@
b.src:
${TELL}	@touch $@
c: .WAIT e
`,
      async (rig) => {
        const result = await run(rig, make, '-j6');
        expect(result).toMatchObject({ status: 0, stderr: '' });
        expect(result.stdout).toContain('a1 a2 b.o c d');
        expect(result.stdout).not.toContain('WAIT');
        const first = log(rig);
        expect(came(first, ['a1', 'a2'], ['b.src', 'e', 'c', 'b.o'])).toBe(true);
        expect(came(first, ['b.o', 'c'], ['d'])).toBe(true);
        // Nothing is made again for the sake of .WAIT.
        await run(rig, make, '-j6');
        expect(log(rig)).toEqual(first);
        for (const name of ['a1', 'b.o', 'b.src', 'c', 'd', 'e']) rmSync(join(rig.workspace, name));
        rig.write({ log: '' });
        expect(await run(rig, make, '-j6', 'd', '.WAIT', 'b.o', 'a1', '.WAIT', 'c')).toMatchObject({ status: 0 });
        expect(came(log(rig), ['d'], ['b.src', 'a1'])).toBe(true);
        expect(came(log(rig), ['b.o', 'a1'], ['e', 'c'])).toBe(true);
        expect(rig.list().filter((name) => name.includes('WAIT'))).toEqual([]);
      },
    ));

  test('a + b: is made once, whatever is asked for (D18)', () =>
    use(
      `V = v w
all: x a d/b c + p.h p.c v w ;
x: d/b
	@cat d/b >x
a + d/b + c: in
	@echo "made $@" >>log
	@sleep 0.1; mkdir -p d; for f in a d/b c; do echo "$$f" >$$f; done
in: ; @touch in
p.h + p.c:
	@echo "made $@" >>log; sleep 0.1; touch p.h p.c
$(firstword $(V)) + $(lastword $(V)): ; @echo "made $@" >>log; touch $(V)
`,
      async (rig) => {
        expect(await run(rig, make, '-j6')).toMatchObject({ status: 0 });
        expect(log(rig)).toHaveLength(3);
        expect(rig.read('x')).toBe('d/b\n');
        rig.write({ log: '', in: '' });
        expect(await run(rig, make, '-B', '-j1', 'p.c', 'p.h', '-W', 'in', 'c')).toMatchObject({ status: 0 });
        expect(log(rig)).toHaveLength(2);
        // It fails for all of them.
        rig.write({ log: '', Makefile: 'all: a b\na + b:\n\t@echo "made $@" >>log; exit 3\n' });
        expect((await run(rig, make, '-B', '-k', '-j6')).status).toBe(2);
        expect(log(rig)).toHaveLength(1);
      },
    ));

  test('who runs beside others (D16, D17); GNU semantics without the marks', () => {
    const Makefile = `.NO_PARALLEL: s1 s2
.LOCAL: l
.PARALLEL: m1
T := m2
.PARALLEL: $(T)
all: p1 p2 s1 s2 n l
pair: m1 m2
p1 p2 s1 s2 l:
${TELL}m1 m2: ; @$(MAKE) -f sub.mk $@
n:
	@echo + $@ >>log
	@$(MAKE) -f sub.mk q
	@echo - $@ >>log
`;
    return use(Makefile, async (rig) => {
      rig.write({ 'sub.mk': `PAIR := m1 m2\nq: ;\nm1 m2:\n${MEET}` });
      expect(await run(rig, make, '-j6')).toMatchObject({ status: 0 });
      expect(['s1', 's2', 'n', 'l'].filter((name) => !wasAlone(log(rig), name))).toEqual([]);
      // Each waits for the other: with a mark that says so, and in a makefile without any.
      expect(await run(rig, make, '-j6', 'pair')).toMatchObject({ status: 0 });
      for (const name of ['m1.here', 'm2.here']) rmSync(join(rig.workspace, name));
      rig.write({ Makefile: 'pair: m1 m2\nm1 m2: ; @$(MAKE) -f sub.mk $@\n', log: '' });
      expect(await run(rig, make, '-j6')).toMatchObject({ status: 0 });
      expect(log(rig)).toHaveLength(4);
    });
  });
});

describe('below a command', () => {
  const below = (rig: CommandRig, ...words: string[]): Promise<CommandResult> =>
    rig.run(['-c', 'hosts', '--', ...words]);
  const lines = `a b:\n${TELL}x + y: ; @touch x y\n`;

  test('a make that is called by its name has every mark', () =>
    CommandRig.use(
      undefined,
      { Makefile: `all: a .WAIT b x y\n${lines}`, hosts: 'localhost 6\n', log: '' },
      async (rig) => {
        expect(await below(rig, 'make', '-j4')).toMatchObject({ status: 0 });
        expect(came(log(rig), ['a'], ['b'])).toBe(true);
        rig.write({ log: '' });
        expect(await below(rig, 'make', '-j4', 'b', '.WAIT', 'a')).toMatchObject({ status: 0 });
        expect(came(log(rig), ['b'], ['a'])).toBe(true);
      },
    ));

  test('by its path it has those that are no order among targets; that is said once', () =>
    CommandRig.use(
      undefined,
      { 'd/Makefile': `all: a .WAIT b x y\n${lines}`, 'e/Makefile': `all: x y\n${lines}`, hosts: 'localhost 6\n' },
      async (rig) => {
        const warning = (directory: string): string =>
          `distmake: ${rig.workspace}/${directory}: make was called by its path there: .WAIT, and the order within a + b, need it to be called by its name\n`;
        // This one knows .WAIT itself, whatever make the run has.
        const made = await below(rig, 'sh', '-c', `${LATEST} -j4 -C d && ${OURS} -j4 -C e`);
        expect(made.status).toBe(0);
        expect(came(rig.read('d/log').trim().split('\n'), ['a'], ['b'])).toBe(true);
        expect(made.stderr).toContain(warning('d'));
        expect(made.stderr).not.toContain(warning('e'));
        // That one may take it for a file, as it does without us.
        const { status, stderr } = await rig.make(['-j4', '-C', 'd']);
        expect(await below(rig, OURS, '-j4', '-C', 'd')).toMatchObject({ status, stderr: warning('d') + stderr });
      },
    ));
});

describe('with hosts', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 2 },
        { name: 'beta', user: 'root', slots: 2 },
      ],
    });
  });
  afterAll(() => sshd.dispose());

  test('marks hold wherever recipes run; .LOCAL stays, in sub-makefiles too', () => {
    const Makefile = `all: a.o b.o .WAIT x.o + y.o s.o .WAIT here sub
a.o b.o s.o: ; @hostname >$@
x.o + y.o: a.o b.o ; @cat a.o b.o >x.o; hostname >y.o; echo once >>times.o
here: ; @hostname >$@
sub: ; @$(MAKE) -C d
O := %
.DIST: $(O)
.LOCAL: here
.NO_PARALLEL: s.o
`;
    const sub =
      'H = here\nall: one two ; @:\none two here: ; @hostname >$@\nall: here\n.DIST: one two here\n.LOCAL: h% $(H)\n';
    return CommandRig.use(sshd, { Makefile, 'd/Makefile': sub }, async (rig) => {
      const words = ['-c', rig.hostsFile, '--local-jobs', '0', '--log', 'fold', '-j4'];
      expect(await rig.run(words)).toMatchObject({ status: 0 });
      const away = ['a.o', 'b.o', 's.o', 'y.o', 'd/one', 'd/two'].map((name) => rig.read(name).trim());
      expect(away.filter((name) => name !== 'alpha' && name !== 'beta')).toEqual([]);
      const stayed = ['here', 'd/here'].map((name) => rig.read(name).trim());
      expect(stayed.filter((name) => name === 'alpha' || name === 'beta')).toEqual([]);
      expect([rig.read('times.o'), rig.read('x.o')]).toEqual(['once\n', rig.read('a.o') + rig.read('b.o')]);
      await expectNothingLeft(sshd);
    });
  });
});
