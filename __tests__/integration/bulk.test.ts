import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expectNothingLeft, sweepHosts, until } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, type CommandResult, type Files, type RunningCommand } from './command-rig.ts';

/** Beside a workspace: what ran, in order, and the files that recipes wait for. */
class Site {
  readonly rig: CommandRig;

  constructor(rig: CommandRig) {
    this.rig = rig;
    writeFileSync(this.#path('log'), '');
  }

  start(words: readonly string[], own: readonly string[] = []): RunningCommand {
    const environment = { LOG: this.#path('log'), GO: this.#path('go.') };
    return this.rig.start([...own, '--bulk', 'state', ...words], { environment });
  }

  run(words: readonly string[], own: readonly string[] = []): Promise<CommandResult> {
    return this.start(words, own).result;
  }

  /** What the recipes have written to LOG. */
  get log(): string[] {
    return readFileSync(this.#path('log'), 'utf8').split('\n').slice(0, -1);
  }

  /** Lets go what waits for that name. */
  go(name: string): void {
    writeFileSync(this.#path(`go.${name}`), '');
  }

  /** The items with a mark. */
  get marks(): string[] {
    return readdirSync(join(this.rig.workspace, 'state/locks')).sort();
  }

  mark(name: string): string {
    return join(this.rig.workspace, 'state/locks', name);
  }

  /** Kills a run and the make that makes an item of it, with all that belongs to them. */
  async kill(run: RunningCommand, item: string): Promise<void> {
    const make = Number(/^make=(\d+) /m.exec(readFileSync(this.mark(item), 'utf8'))?.[1]);
    run.signalGroup('SIGKILL');
    process.kill(-make, 'SIGKILL');
    await run.result;
  }

  /** The lines of the report, by what became of an item. */
  reported(status: string): string[] {
    const lines = this.rig.read('state/report').split('\n').slice(0, -1);
    return lines.filter((line) => line.split(' ')[1] === status).sort();
  }

  #path(name: string): string {
    return join(this.rig.folder, name);
  }
}

const use = (files: Files, body: (site: Site) => Promise<void>): Promise<void> =>
  CommandRig.use(undefined, files, (rig) => body(new Site(rig)));

/** In the full run alone: the unit tests of the gate and of the marks have these cases too. */
const whole = (name: string, body: () => Promise<void>): void => {
  if (process.env['DISTMAKE_FULL'] !== undefined) test(name, body);
};

const PACKAGES = `.PHONY: all a b c d e f
all: a b c d e f
b: a
c: b
e: d
f: a d
a b c d e f: ; @echo $@ >>$$LOG; test ! -e bad.$@
`;

describe('items that fail', () => {
  test('with -k what needs them is skipped, what does not goes on, and the report says because of which (P8)', () =>
    use({ Makefile: PACKAGES, 'bad.b': '' }, async (site) => {
      const { status, stdout, stderr } = await site.run(['-k', '-j4', 'all']);
      expect(status).toBe(2);
      expect(site.log.toSorted()).toEqual(['a', 'b', 'd', 'e', 'f']);
      expect(site.reported('built')).toEqual(['a built - 4', 'd built - 3', 'e built - 1', 'f built - 1']);
      expect(site.reported('failed')).toEqual(['b failed - 2']);
      expect(site.reported('skipped')).toEqual(['c skipped b 1']);
      expect(stderr).toContain('distmake: bulk build: 4 built, 1 failed, 1 skipped (');
      expect(stderr).toContain('distmake: failed: b: status 1 on the runner\ndistmake: skipped: c: because of b\n');
      expect(stdout).toContain('make: *** [Makefile:7: b] Error 1\n');
      expect(site.marks).toEqual(['b']);
      expect(readFileSync(site.mark('b'), 'utf8')).toMatch(
        new RegExp(`^target=b\\npid=\\d+\\nborn=\\d+\\nhost=${hostname()}\\n(?:.+\\n)+status=1\\nend=\\d{4}-.*Z\\n$`),
      );
    }));

  test('are not tried again while their mark stands, and are when it is gone; the others are not made again (E22)', () =>
    use({ Makefile: PACKAGES, 'bad.b': '' }, async (site) => {
      await site.run(['-k', '-j4', 'all']);
      rmSync(join(site.rig.workspace, 'bad.b'));
      const second = await site.run(['-k', '-j4', 'all']);
      expect(second.status).toBe(2);
      expect(second.stderr.split('failed in an earlier run')).toHaveLength(2);
      expect(second.stderr).toContain(`(mark ${site.mark('b')}); remove the mark to try again\n`);
      expect(site.reported('done')).toHaveLength(4);
      expect(site.reported('skipped')).toEqual(['c skipped b 1']);
      rmSync(site.mark('b'));
      const third = await site.run(['-k', '-j4', 'all']);
      expect(third).toMatchObject({ status: 0 });
      expect(site.log.toSorted()).toEqual(['a', 'b', 'b', 'c', 'd', 'e', 'f']);
      expect(site.marks).toEqual([]);
      // All is well: the next run is a new one.
      await site.run(['-j4', 'all']);
      expect(site.log).toHaveLength(7 + 6);
    }));

  test('are tried again in the same run when their mark is removed before it ends', () =>
    use(
      { Makefile: `${PACKAGES}all: slow\nslow: ; @until test -e $\${GO}slow; do sleep 0.02; done\n`, 'bad.b': '' },
      async (site) => {
        const running = site.start(['-k', '-j4', 'all']);
        await until(
          () => existsSync(site.mark('b')) && readFileSync(site.mark('b'), 'utf8').includes('status='),
          'b fails',
        );
        rmSync(join(site.rig.workspace, 'bad.b'));
        rmSync(site.mark('b'));
        site.go('slow');
        expect(await running.result).toMatchObject({ status: 0 });
        expect(site.log.toSorted()).toEqual(['a', 'b', 'b', 'c', 'd', 'e', 'f']);
        expect(site.reported('built')).toHaveLength(7);
      },
    ));

  test('without -k end the run as in make, and the report tells what was not reached', () =>
    use({ Makefile: '.PHONY: all x y\nall: x y\nx y: ; @echo $@ >>$$LOG; test $@ != x\n' }, async (site) => {
      const { status, stderr } = await site.run(['all']);
      expect(status).toBe(2);
      expect(site.log).toEqual(['x']);
      expect(site.rig.read('state/report')).toBe('x failed - 1\ny not-reached - 1\n');
      expect(stderr).toContain('bulk build: 1 failed, 1 not reached (');
    }));

  whole('a failure that make ignores is none', () =>
    use(
      { Makefile: 'all: x y\nx: ; -@echo $@ >>$$LOG; false\ny: x\n\t-@false\n\t@echo $@ >>$$LOG\n' },
      async (site) => {
        expect(await site.run(['all'])).toMatchObject({ status: 0 });
        expect(site.log).toEqual(['x', 'y']);
        expect(site.marks).toEqual([]);
        expect(site.reported('built')).toEqual(['x built - 2', 'y built - 1']);
      },
    ),
  );
});

test('what cannot be made since a file of no rule is missing has not been made, and is skipped because of it', () =>
  use(
    {
      Makefile: 'all: x y z\nx: nosuch ; touch $@\ny: x ; touch $@\nz: src ; touch $@\nvpath src far\n',
      'far/src': '',
    },
    async (site) => {
      expect(await site.run(['-k', 'all'])).toMatchObject({ status: 2 });
      expect(site.reported('skipped')).toEqual(['x skipped nosuch 2', 'y skipped nosuch 1']);
      await site.run(['-k', 'all']);
      expect(site.reported('up-to-date')).toEqual(['z up-to-date - 1']);
    },
  ));

test('a mark that is no file fails its item, with words, and holds up nothing else', () =>
  use({ Makefile: PACKAGES, 'state/locks/a/file': '' }, async (site) => {
    const { status, stderr } = await site.run(['-k', '-j2', 'all']);
    expect(status).toBe(2);
    expect(stderr).toContain(`the mark ${site.mark('a')} cannot be read and is left`);
    expect(site.log.toSorted()).toEqual(['d', 'e']);
    expect(site.reported('failed')).toEqual(['a failed - 4']);
  }));

test('items are the recipes of the first make, whatever MAKELEVEL says', () =>
  use(
    {
      Makefile: '.PHONY: all p q\nall: p q\np q: ; @env -u MAKELEVEL $(MAKE) -s -f sub.mk W=$@\n',
      'sub.mk': 'all: ; @echo $(W) >>$$LOG\n',
    },
    async (site) => {
      expect(await site.run(['-j2', 'all'])).toMatchObject({ status: 0 });
      expect(site.log.toSorted()).toEqual(['p', 'q']);
      expect(site.reported('built')).toEqual(['p built - 1', 'q built - 1']);
    },
  ));

describe('a run that failed', () => {
  const MAKEFILE = `.PHONY: all base
all: f x bad
base: ; @echo $@ >>$$LOG
x.h: y.h
f: base x.h ; @echo $@ >>$$LOG; echo >$@
x y &: base ; @echo $@ >>$$LOG; touch x y
bad: ; @test -e good
`;
  const FILES = { Makefile: MAKEFILE, 'x.h': '', 'y.h': '' };

  test.each([
    ['nothing', () => undefined, []],
    ['a file behind a rule without a recipe', (site: Site) => site.rig.write({ 'x.h': 'new' }), ['f']],
    ['a file that the same recipe made', (site: Site) => rmSync(join(site.rig.workspace, 'y')), ['x']],
  ])('is gone on with: what depends on a change is made again: %s', (_, change, again) =>
    use(FILES, async (site) => {
      await site.run(['-k', 'all']);
      expect(site.log).toEqual(['base', 'f', 'x']);
      change(site);
      await site.run(['-k', 'all']);
      expect(site.log.slice(3)).toEqual(again);
    }),
  );

  test.each(['-n', '-t', '-q'])('is gone on with although make was only asked meanwhile: %s', (option) =>
    use(FILES, async (site) => {
      await site.run(['-k', 'all']);
      const before = [site.marks, site.rig.read('state/done'), site.rig.read('state/report')];
      const { stderr } = await site.run([option, 'all']);
      expect(stderr).not.toContain('bulk build');
      expect([site.marks, site.rig.read('state/done'), site.rig.read('state/report')]).toEqual(before);
    }),
  );
});

describe('a run that was killed', () => {
  const MAKEFILE = `.PHONY: all p q r
all: p q r one two
p: ; @echo $@ >>$$LOG
q: p
	@echo $@ >>$$LOG
	@: $(VERSION)
one: p ; @: $(ONE); echo $@ >>$$LOG; echo $@ >$@
two: one ; @echo $@ >>$$LOG; echo half >$@; until test -e $\${GO}two; do sleep 0.02; done; echo whole >$@
r: two ; @echo $@ >>$$LOG
`;

  test('goes on where it was: nothing that was finished is made again, what was half-made is removed (P9)', () =>
    use({ Makefile: MAKEFILE }, async (site) => {
      const first = site.start(['-j4', 'all']);
      await until(() => site.rig.exists('two') && site.marks.join() === 'two', 'two is all that runs');
      await site.kill(first, 'two');
      expect(site.log).toEqual(expect.arrayContaining(['p', 'q', 'one', 'two']));
      expect(site.rig.read('two')).toBe('half\n');
      // A line that was cut in the middle is none.
      writeFileSync(join(site.rig.workspace, 'state/done'), 'r 0123456789ab 2026-01-0', { flag: 'a' });
      const second = site.start(['-j4', 'all']);
      await until(() => site.log.filter((item) => item === 'two').length === 2, 'two is made anew');
      site.go('two');
      expect(await second.result).toMatchObject({ status: 0 });
      expect(site.log.toSorted()).toEqual(['one', 'p', 'q', 'r', 'two', 'two']);
      expect(site.rig.read('two')).toBe('whole\n');
      // `one` needs a phony item, and make would have it made again: it is as finished as the others.
      expect(site.reported('done').map((line) => line.split(' ')[0])).toEqual(['one', 'p', 'q']);
      expect(site.rig.exists('state/done')).toBe(false);
    }));

  whole('what has other commands since is made again', () =>
    use({ Makefile: MAKEFILE }, async (site) => {
      const first = site.start(['-j4', 'all']);
      await until(() => site.rig.exists('two') && site.marks.join() === 'two', 'two is all that runs');
      await site.kill(first, 'two');
      site.go('two');
      // What the first line does not show is seen too late: the item is made in a further pass.
      expect(await site.run(['-j4', 'VERSION=2', 'ONE=2', 'all'])).toMatchObject({ status: 0 });
      expect(site.log.toSorted()).toEqual(['one', 'one', 'p', 'q', 'q', 'r', 'two', 'two']);
    }),
  );
});

test('a run that was stopped by a signal has no failures of its own, and the next one goes on', () =>
  use(
    { Makefile: 'all: x y\ny: ; @echo $@ >$@\nx: y ; @echo half >$@; test ! -e $${GO}on || exit 0; sleep 61\n' },
    async (site) => {
      const first = site.start(['-j2', 'all']);
      await until(() => site.rig.exists('x'), 'x is being made');
      first.signal('SIGTERM');
      expect(await first.result).toMatchObject({ signal: 'SIGTERM' });
      expect(site.rig.read('state/report')).toBe('y built - 2\nx not-reached - 1\n');
      site.go('on');
      expect(await site.run(['-j2', 'all'])).toMatchObject({ status: 0 });
      expect(site.reported('built')).toEqual(['x built - 1']);
      expect(site.marks).toEqual([]);
    },
  ));

describe('several runs', () => {
  const MAKEFILE = `.PHONY: all x y
all: x y z
x y: ; @echo $@ >>$$LOG; until test -e $\${GO}$@; do sleep 0.02; done; test ! -e bad.$@
z: x y ; @echo $@ >>$$LOG; echo >$@
`;

  test('what another run is making is waited for, not made twice, and that it failed there counts here', () =>
    use({ Makefile: MAKEFILE, 'bad.y': '' }, async (site) => {
      const first = site.start(['-k', '-j4', 'all']);
      await until(() => site.log.length === 2, 'both are being made');
      const second = site.start(['-k', '-j4', 'all']);
      await until(() => second.stderr.split('waiting for it').length === 3, 'the second waits');
      site.go('x');
      site.go('y');
      expect(await first.result).toMatchObject({ status: 2 });
      expect(await second.result).toMatchObject({ status: 2 });
      expect(site.log.toSorted()).toEqual(['x', 'y']);
      expect(site.reported('done')).toEqual(['x done - 2']);
      expect(site.reported('failed')).toEqual(['y failed - 2']);
      expect(second.stderr).toMatch(/failed: y: status 1, in another run, process \d+ on /);
    }));

  test('of a run that dies the other takes over; marks of other machines and broken ones are left', () =>
    use({ Makefile: MAKEFILE }, async (site) => {
      const first = site.start(['-j4', 'all']);
      await until(() => site.log.length === 2, 'both are being made');
      const mark = readFileSync(site.mark('x'), 'utf8');
      writeFileSync(
        site.mark('other'),
        mark.replace(/^host=.*/m, 'host=elsewhere').replace('target=x', 'target=other'),
      );
      writeFileSync(site.mark('broken'), 'no mark\n');
      makeOld(site.mark('broken'));
      const second = site.start(['-j4', 'all']);
      await until(() => second.stderr.split('waiting for it').length === 3, 'the second waits');
      await site.kill(first, 'x');
      await until(() => site.log.length === 4, 'the second makes both');
      site.go('x');
      site.go('y');
      expect(await second.result).toMatchObject({ status: 0 });
      expect(site.log.toSorted()).toEqual(['x', 'x', 'y', 'y', 'z']);
      expect(second.stderr).toContain(`the mark ${site.mark('broken')} cannot be read and is left`);
      expect(site.marks).toEqual(['broken', 'other']);
    }));

  whole('a line that outlives its run and its make is waited for', () =>
    use(
      { Makefile: 'x:\n\t@:\n\t@echo $@ >>$$LOG; until test -e $${GO}x; do sleep 0.02; done; echo end >>$$LOG\n' },
      async (site) => {
        const first = site.start(['x']);
        await until(() => site.log.length === 1, 'x is being made');
        const make = Number(/^make=(\d+) /m.exec(readFileSync(site.mark('x'), 'utf8'))?.[1]);
        first.signal('SIGKILL');
        process.kill(make, 'SIGKILL');
        await first.result;
        const second = site.start(['x']);
        await until(() => second.stderr.includes('x is being made by a line of its recipe, '), 'the second waits');
        site.go('x');
        expect(await second.result).toMatchObject({ status: 0 });
        expect(site.log).toEqual(['x', 'end', 'x', 'end']);
      },
    ),
  );

  whole('a make that outlives its run is waited for', () =>
    use({ Makefile: MAKEFILE }, async (site) => {
      const first = site.start(['-j4', 'x']);
      await until(() => site.log.length === 1, 'x is being made');
      first.signal('SIGKILL');
      await first.result;
      const second = site.start(['-j4', 'x']);
      await until(() => second.stderr.includes(', left by a run that was killed ('), 'the second waits');
      expect(site.log).toEqual(['x']);
      site.go('x');
      expect(await second.result).toMatchObject({ status: 0 });
    }),
  );
});

test('of the items that are ready the one that most others need begins first (P7)', () =>
  use(
    {
      Makefile: `all: l1 l2 l3 l4 m h n1 n2 n3
l1 l2: ; @echo $@ >>$$LOG; until test -e $\${GO}$@; do sleep 0.02; done
l3 l4 m h n1 n2 n3: ; @echo $@ >>$$LOG
n1: h
n2: h
n3: m h
`,
    },
    async (site) => {
      const running = site.start(['-j2', 'all']);
      const shims = (): number => site.rig.processes().filter((line) => line.includes('/sh/bin/sh -c ')).length;
      await until(() => site.log.length === 2 && shims() >= 6, 'make has shown all that is ready');
      // One place: what begins there begins one after the other.
      site.go('l1');
      await until(() => site.log.length === 9, 'all others have been made');
      site.go('l2');
      expect(await running.result).toMatchObject({ status: 0 });
      expect(site.log.slice(2, 4)).toEqual(['h', 'm']);
    },
  ));

test('items that call make begin as many at one time as there are jobs', () =>
  use(
    {
      Makefile: 'all: 1 2 3 4 5 6\n1 2 3 4 5 6: ; @echo + >>$$LOG; $(MAKE) -s -f sub.mk; echo - >>$$LOG\n',
      'sub.mk': 'all: ; @sleep 0.05\n',
    },
    async (site) => {
      expect(await site.run(['-j2', 'all'])).toMatchObject({ status: 0 });
      let most = 0;
      site.log.reduce((open, sign) => {
        most = Math.max(most, open);
        return open + (sign === '+' ? 1 : -1);
      }, 0);
      expect(site.log).toHaveLength(12);
      expect(most).toBeLessThanOrEqual(2);
    },
  ));

describe('on hosts', () => {
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

  test('items run there, and the report and marks say where; what is kept of the build is not staged', () =>
    CommandRig.use(sshd, {}, async (rig) => {
      const items = Array.from({ length: 8 }, (_, at) => `i${at}`).join(' ');
      rig.write({
        Makefile: `all: ${items} bad after seen\n${items}: ; hostname >$@\nbad: i0 ; @false\nafter: bad ; touch $@\nseen: i1 ; ls -a >$@\n`,
      });
      const site = new Site(rig);
      const own = ['-c', rig.hostsFile, '--dist', '*', '--local-jobs', '0', '--fallback', 'never'];
      const { status, stderr } = await site.run(['-k', '-j4', 'all'], own);
      expect(status).toBe(2);
      expect(new Set(items.split(' ').map((item) => rig.read(item).trim()))).toEqual(new Set(['alpha', 'beta']));
      expect(site.reported('built')).toHaveLength(9);
      expect(site.reported('skipped')).toEqual(['after skipped bad 1']);
      const names = sshd.hosts.map(({ name }) => sshd.host(name).matrixLine().split(' ')[0] ?? '');
      expect(names.some((name) => stderr.includes(`failed: bad: status 1 on ${name}\n`))).toBe(true);
      expect(names.some((name) => readFileSync(site.mark('bad'), 'utf8').includes(`\nplace=${name}\n`))).toBe(true);
      expect(rig.read('seen').split('\n')).not.toContain('state');
      await expectNothingLeft(sshd);
      sweepHosts(sshd);
    }));
});

/** As if it had been written long ago: one that is young may be about to be written. */
function makeOld(path: string): void {
  utimesSync(path, 0, 0);
}
