import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ActionRig, inputsFor, sweepHosts, until, type StepResult } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({ hosts: [{ name: 'alpha', user: 'unprivileged', slots: 2 }] });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

/** What recipes may print to make the runner do something. */
const EVIL = String.raw`::error::x
::error file=a.c,line=1::x
  ::warning::indented
##[error]legacy
text ##[group]legacy in a line
::group::fold
::endgroup::
##[endgroup]
::stop-commands::word
::word::
::add-mask::a
::set-output name=x::y
::save-state name=x::y
::set-env name=PATH::/evil
::add-path::/evil
::debug::x
::add-matcher::x.json
before${'\r'}::error::behind a lone CR
crlf${'\r\n'}::error::behind CRLF
${'\u001b'}[31m::error::coloured
${'\u200b'}::error::zero width
::%65rror::escaped
no end of line ::error::x`;

function expectHarmless({ log }: StepResult, targets: readonly string[]): void {
  expect(log.unfinished).toBe(false);
  expect(log.others.filter(({ name }) => name !== 'add-mask')).toEqual([]);
  expect(log.others.map(({ data }) => data)).not.toContain('a');
  expect(log.groups.map(({ title }) => title.split('  ')[0]).sort()).toEqual([...targets].sort());
}

describe('what a recipe prints cannot act', () => {
  const makefile = 'all: a.o here\na.o here:\n\t@cat evil; echo made >$@\nbad.o:\n\t@cat evil; exit 1\n';
  const files = { Makefile: makefile, evil: EVIL };

  test.each([['fold'], ['failures'], ['plain']])('log: %s', (log) =>
    ActionRig.use({ files, inputs: { ...inputsFor(sshd), 'local-jobs': '0', log } }, async (action) => {
      const main = await action.main();
      await action.post();
      expect(main.status).toBe(0);
      expectHarmless(main, log === 'plain' ? [] : main.log.groups.map(({ title }) => title.split('  ')[0] ?? ''));
      expect(main.log.annotations).toEqual([]);
      if (log !== 'fold') return;
      expectHarmless(main, ['a.o', 'here']);
      for (const target of ['a.o', 'here']) {
        const { lines } = main.log.group(target);
        expect(lines).toEqual(expect.arrayContaining(['::error::x', '::word::', '::add-mask::a', 'before', 'crlf']));
        expect(lines.at(-1)).toBe('no end of line ::error::x');
      }
    }),
  );

  test.each([['fold'], ['failures'], ['plain']])('not when it fails either (log: %s)', (log) =>
    ActionRig.use({ files, inputs: { ...inputsFor(sshd), targets: 'bad.o', log } }, async (action) => {
      const main = await action.main();
      await action.post();
      expect(main.status).toBe(2);
      expectHarmless(main, []);
      expect(main.log.annotations.map(({ level, title }) => `${level} ${title ?? ''}`)).toEqual(['error bad.o failed']);
    }),
  );

  test('nor can names of targets and words of make', () =>
    ActionRig.use({ inputs: { ...inputsFor(sshd), dist: '*' } }, async (action) => {
      action.write({
        Makefile: `all: ::error\\:\\:name
$(info ::error::info)
$(warning ::add-mask::warning ##[error]legacy)
X = ::error
%name:
	@echo 'echoed'
	: '::error::echo'
	@echo ::group::x >&2
`.replace('::error\\:\\:name', '##[error]name'),
      });
      const main = await action.main();
      await action.post();
      const others = main.log.annotations.filter(({ level }) => level !== 'error');
      expect(others.map(({ level, title, file, line }) => [level, title, file, line])).toEqual([
        ['warning', 'make', 'Makefile', '3'],
      ]);
      expect(main.log.of('error').map(({ title }) => title)).toEqual(main.status === 0 ? [] : [expect.anything()]);
      expect(main.log.others.filter(({ name }) => name !== 'add-mask')).toEqual([]);
      expect(main.log.others.map(({ data }) => data).join()).not.toContain('warning');
      expect(main.log.unfinished).toBe(false);
    }));
});

describe('log modes', () => {
  const files = {
    Makefile: `all: good.o warned.o bad.o
good.o:
	echo fine >$@
warned.o: w.c
	cc -Wall -c -o $@ w.c
bad.o: good.o warned.o
	@echo cause; false
`,
    'w.c': 'int f(void) { int unused; return 0; }\n',
  };
  const run = (log: string, check: (main: StepResult) => void): Promise<void> =>
    ActionRig.use({ files, inputs: { ...inputsFor(sshd), log } }, async (action) => {
      const main = await action.main();
      await action.post();
      expect(main.status).toBe(2);
      expect(main.log.of('error')).toHaveLength(1);
      check(main);
    });

  test('failures: only what failed or warned', () =>
    run('failures', ({ log }) => {
      expect(log.titles.map(({ target }) => target)).toEqual(['warned.o']);
      expect(log.shown.join('\n')).not.toContain('echo fine');
      expect(log.outside).toContain('cause');
    }));

  test('plain: no folds', () =>
    run('plain', ({ log }) => {
      expect(log.groups).toEqual([]);
      expect(log.outside).toContain('echo fine >good.o');
      expect(log.outside).toContain('cause');
    }));
});

test('what is done shows while something else goes on without a word', () =>
  ActionRig.use({ inputs: inputsFor(sshd) }, async (action) => {
    action.write({
      Makefile: `all: first.o silent.o hold
first.o:
	echo first >$@
silent.o: first.o
	@echo silent >$@
hold: silent.o
	@until test -e go; do sleep 0.1; done
`,
    });
    const step = action.start();
    try {
      await until(() => /^::group::silent\.o {2}/m.test(step.text), 'the folds are there', 30);
      expect(step.text).toMatch(/^::group::first\.o {2}/m);
    } finally {
      action.write({ go: '' });
    }
    expect(await step.result).toMatchObject({ status: 0 });
    await action.post();
  }));

test('targets of one name in several makes can be told apart', () =>
  ActionRig.use({ inputs: inputsFor(sshd) }, async (action) => {
    action.write({
      Makefile: 'all: main.o\n\t@$(MAKE) -C a\n\t@$(MAKE) -C b\nmain.o: ; echo >$@\n',
      'a/Makefile': 'main.o: ; echo >$@\n',
      'b/Makefile': 'main.o: ; echo >$@\n',
    });
    const main = await action.main();
    await action.post();
    expect(main.status).toBe(0);
    expect(main.log.titles.map(({ target }) => target)).toEqual(['main.o', 'a/main.o', 'b/main.o']);
  }));

describe('make’s own options mean what they mean', () => {
  const files = {
    Makefile: `all: c.o
a.o: source
	echo making $@
	@echo quietly
	cp source $@
b.o: a.o
	-false
	cp a.o $@
c.o: b.o
	@echo last; cp b.o $@
fails.o: a.o
	exit 3
after.o: fails.o
	cp fails.o $@
recursive.o:
	+@echo always; touch $@
`,
    source: 'x\n',
  };

  /** Exit status and text of the action, without its own lines, and of plain make. */
  async function both(words: string, targets: string, log = 'plain') {
    const plain = await ActionRig.use({ files }, async (action) => {
      const made = action.plainMake([...words.split(' '), ...targets.split(' ')].filter((word) => word !== ''));
      return { status: made.status, text: made.text, list: action.list() };
    });
    const ours = await ActionRig.use({ files, inputs: inputsFor(sshd) }, async (action) => {
      const main = await action.main({ arguments: words, targets, jobs: '1', log });
      await action.post();
      const lines = main.log.shown.filter((line) => !/: ready in \d|^workspace: \d+ files/.test(line));
      const end = lines.findIndex((line) => line.startsWith('Failed targets: '));
      const text = (end < 0 ? lines : lines.slice(0, end)).map((line) => `${line}\n`).join('');
      // Said by us, behind what make says.
      return { status: main.status, text: text.replace(/^.*: failed on \S+ \(.*\n/gm, ''), list: action.list() };
    });
    return { plain, ours };
  }

  test.each([
    ['', ''],
    ['-n', ''],
    ['-n', 'recursive.o'],
    ['-s', ''],
    ['-i', 'after.o'],
    ['-k', 'after.o all'],
    ['-t', ''],
    ['-q', ''],
    ['-B', ''],
    ['--trace', ''],
    ['-B -n', 'b.o'],
    ['--dry-run --silent', ''],
    ['-S -k', 'after.o'],
  ])('%s %s', async (words, targets) => {
    const { plain, ours } = await both(words, targets);
    expect(ours).toEqual(plain);
  });

  test.each([[''], ['-n'], ['-s'], ['--trace']])('and with folds: %s', async (words) => {
    const { plain, ours } = await both(words, '', 'fold');
    expect(ours).toEqual(plain);
  });

  test('-q and -B on what is built', () =>
    ActionRig.use({ files, inputs: { ...inputsFor(sshd), 'local-jobs': '0' } }, async (action) => {
      expect(await action.main({ arguments: '-q' })).toMatchObject({ status: 1 });
      expect(await action.main({ arguments: '' })).toMatchObject({ status: 0 });
      const asked = await action.main({ arguments: '-q' });
      expect(asked.status).toBe(0);
      expect(asked.log.groups).toEqual([]);
      expect(await action.main({ arguments: '-B' })).toMatchObject({ status: 0 });
      expect(action.outputs).toMatchObject({ remote: 2, retried: 1 });
      await action.post();
    }));
});
