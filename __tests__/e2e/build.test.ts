import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { hostname } from 'node:os';
import {
  ActionRig,
  connectionsTo,
  expectNothingLeft,
  inputsFor,
  leftOn,
  sweepHosts,
  until,
} from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { cProject, OBJECTS } from './c-project.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'root', slots: 2 },
      { name: 'beta', user: 'unprivileged', slots: 2 },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

const hostNames = (): string[] =>
  sshd.matrix
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
const run = (action: ActionRig): string => execFileSync(`${action.workspace}/calc`, { encoding: 'utf8' });

describe('a C project on two hosts', () => {
  test('is built, told, brought home and cleaned away', () =>
    ActionRig.use({ files: cProject(), inputs: inputsFor(sshd) }, async (action) => {
      const foreign = '/tmp/make-other-20260101000000-0123456789ab';
      for (const { name } of sshd.hosts) sshd.exec(name, `mkdir ${foreign}; touch ${foreign}/kept`);
      const main = await action.main({ 'local-jobs': '0' });
      expect(main).toMatchObject({ status: 0, signal: null });
      expect(run(action)).toBe('ok 5 6\n');
      const sources = Object.keys(cProject());
      const dependencies = OBJECTS.map((name) => name.replace(/o$/, 'd'));
      expect(action.list()).toEqual([...sources, ...OBJECTS, ...dependencies, 'calc'].sort());
      expect(action.read('lib/add.d')).toBe('lib/add.o: lib/add.c include/calc.h\n');

      const { log } = main;
      expect(log.unfinished).toBe(false);
      expect(log.titles.map(({ target }) => target).sort()).toEqual([...OBJECTS, 'calc'].sort());
      for (const { target, place } of log.titles) {
        if (target === 'calc') expect(place).toBe('local');
        else expect(hostNames()).toContain(place);
        const source = target.replace(/o$/, 'c');
        const lines =
          target === 'calc'
            ? ['cc -o calc main.o lib/add.o lib/mul.o lib/text.o']
            : [`begin ${target}`, `cc -O1 -Wall -Iinclude -MMD -c -o ${target} ${source}`, `end ${target}`];
        expect(log.group(target).lines).toEqual(lines);
      }
      expect(log.annotations).toEqual([]);
      const [survey, ...ready] = log.outside;
      expect(survey).toMatch(/^workspace: 6 files \(\d+ B\)$/);
      expect(ready.map((line) => line.replace(/: ready in .*/, '')).sort()).toEqual(hostNames().sort());

      const { outputs } = action;
      expect(outputs).toMatchObject({ remote: 4, local: 1, retried: 0, failedTargets: [] });
      expect(outputs.hosts.map(({ name }) => name)).toEqual(hostNames());
      expect(outputs.hosts.reduce((sum, { jobs }) => sum + jobs, 0)).toBe(4);
      for (const { jobs, busySeconds } of outputs.hosts) {
        expect(jobs).toBeGreaterThan(0);
        expect(busySeconds).toBeGreaterThan(0);
      }
      expect(outputs.elapsed).toBeGreaterThan(0);
      expect(outputs.elapsed).toBeLessThan(main.seconds);
      expect(action.summary).toContain('succeeded');
      for (const name of hostNames()) expect(action.summary).toContain(name.replace('@', '&#64;'));

      const { staging } = action;
      expect(staging).toMatch(new RegExp(`^/tmp/make-${hostname()}-\\d{14}-`));
      for (const { name, login } of sshd.hosts) {
        expect(sshd.exec(name, `stat -c '%a %U' ${staging}*`)).toBe(`700 ${login}\n`);
      }
      expect(action.leftovers()).toEqual([]);
      expect(action.processes()).toEqual([]);

      const post = await action.post();
      expect(post).toMatchObject({ status: 0, signal: null });
      expect(post.log.annotations).toEqual([]);
      for (const { name } of sshd.hosts) {
        await until(() => leftOn(sshd, name).length === 1, `only the foreign directory is left on ${name}`);
        expect(leftOn(sshd, name)).toEqual([foreign]);
        expect(sshd.exec(name, `ls ${foreign}; rm -r ${foreign}`)).toBe('kept\n');
      }
      expect(action.leftovers()).toEqual([]);
      expect(action.processes()).toEqual([]);
    }));

  test('keeps one connection a host, for all jobs', () =>
    ActionRig.use({ files: cProject(), inputs: inputsFor(sshd) }, async (action) => {
      const before = sshd.hosts.map(({ name }) => connectionsTo(sshd, name));
      await action.main({ 'local-jobs': '0' });
      expect(action.outputs.remote).toBe(4);
      expect(sshd.hosts.map(({ name }) => connectionsTo(sshd, name))).toEqual(before.map((count) => count + 1));
      await action.post();
    }));

  test('summary: false writes none', () =>
    ActionRig.use({ files: cProject(), inputs: inputsFor(sshd) }, async (action) => {
      expect(await action.main({ summary: 'false' })).toMatchObject({ status: 0 });
      expect(action.summary).toBe('');
      await action.post();
    }));

  test('gets what the hosts wrote with mode and an order of times that make accepts', () =>
    ActionRig.use({ inputs: inputsFor(sshd) }, async (action) => {
      action.write({
        Makefile: `all: tool.sh.o linked.o
tool.sh.o: source
	cp $< $@; chmod 751 $@; mkdir -p made/deep; echo side >made/deep/side; rm -f gone
linked.o: tool.sh.o
	ln -s tool.sh.o $@
`,
        source: '#!/bin/sh\necho tool\n',
        gone: 'x',
      });
      const main = await action.main({ 'local-jobs': '0' });
      expect(main.status).toBe(0);
      expect(action.outputs).toMatchObject({ remote: 2, local: 0, retried: 0 });
      expect(action.list()).toEqual(['Makefile', 'linked.o', 'made/deep/side', 'source', 'tool.sh.o']);
      expect(
        execFileSync('stat', ['-c', '%a %F', 'tool.sh.o', 'linked.o'], { cwd: action.workspace, encoding: 'utf8' }),
      ).toBe('751 regular file\n777 symbolic link\n');
      expect(action.plainMake(['-q']).status).toBe(0);
      await action.post();
    }));
});

test('a recipe on a host sees what it would see on the runner, at every moment', () =>
  ActionRig.use({ inputs: { ...inputsFor(sshd), 'local-jobs': '0' } }, async (action) => {
    action.write({
      Makefile: `all: third.o
prepared:
	@mkdir -p gen; echo one >gen/h; touch $@
first.o: prepared
	@cat gen/h >$@; test ! -e .git; test -e .github/x; echo side >gen/side
changed: first.o
	@echo two >gen/h; rm -r old; mv gen/side gen/moved; chmod +x tool; ln -s gen/h link; touch $@
second.o: changed
	@cat link gen/moved >$@; test ! -e old; test ! -e gen/side; test -x tool
third.o: second.o
	@cat first.o second.o >$@
`,
      'old/file': '',
      tool: '',
      '.git/config': '',
      '.github/x': '',
    });
    expect(await action.main()).toMatchObject({ status: 0 });
    expect(action.outputs).toMatchObject({ remote: 3, local: 2, retried: 0 });
    expect(action.read('third.o')).toBe('one\ntwo\nside\n');
    await action.post();
  }));

describe('several runs', () => {
  test('post of one leaves another, which runs, alone', () =>
    ActionRig.use({ files: cProject('first'), inputs: inputsFor(sshd) }, (first) =>
      ActionRig.use({ inputs: inputsFor(sshd) }, async (second) => {
        second.write({ Makefile: 'all: a.o b.o\na.o b.o:\n\techo start >$@.log; sleep 3; cp $@.log $@\n' });
        const slow = second.start({ 'local-jobs': '0' });
        expect(await first.main()).toMatchObject({ status: 0 });
        await until(
          () => sshd.hosts.some(({ name }) => sshd.exec(name, 'pgrep -fc "sleep 3"', { check: false }) !== '0\n'),
          'the second build runs',
        );
        expect((await first.post()).log.annotations).toEqual([]);
        for (const { name } of sshd.hosts) {
          const left = leftOn(sshd, name).filter((line) => line.startsWith('/tmp/'));
          expect(left).toHaveLength(1);
          expect(left[0]).toContain(second.staging);
        }
        expect(await slow.result).toMatchObject({ status: 0 });
        expect(second.outputs).toMatchObject({ remote: 2, retried: 0 });
        expect(second.read('a.o')).toBe('start\n');
        await second.post();
        await expectNothingLeft(sshd);
      }),
    ));

  test('two runners on one machine, at the same time, with the same hosts', () =>
    ActionRig.use({ files: cProject('one'), inputs: inputsFor(sshd) }, (one) =>
      ActionRig.use({ files: cProject('two'), inputs: inputsFor(sshd) }, async (two) => {
        const ends = await Promise.all([one.main(), two.main()]);
        expect(ends.map(({ status }) => status)).toEqual([0, 0]);
        expect([run(one), run(two)]).toEqual(['one 5 6\n', 'two 5 6\n']);
        expect(one.staging).not.toBe(two.staging);
        await Promise.all([one.post(), two.post()]);
        await expectNothingLeft(sshd);
      }),
    ));

  test('a workspace that persists: nothing to be done, and then only what changed', () =>
    ActionRig.use({ files: cProject(), inputs: inputsFor(sshd) }, async (action) => {
      await action.main();
      await action.post();
      const second = await action.main();
      expect(second.status).toBe(0);
      expect(second.log.outside.join('\n')).toContain("'calc' is up to date");
      expect(second.log.groups).toEqual([]);
      expect(action.outputs).toMatchObject({ remote: 0, local: 0, retried: 0, failedTargets: [] });
      await action.post();
      action.write({ 'lib/text.c': 'const char *text(void) { return "new"; }\n' });
      const third = await action.main();
      expect(third.log.titles.map(({ target }) => target)).toEqual(['lib/text.o', 'calc']);
      expect(run(action)).toBe('new 5 6\n');
      await action.post();
      expect(action.leftovers()).toEqual([]);
      await expectNothingLeft(sshd);
    }));
});

test.each(['/tmp', process.env['HOME'] ?? '/root'])('a workspace below %s', (parent) =>
  ActionRig.use({ files: cProject(), inputs: inputsFor(sshd), parent }, async (action) => {
    // Absolute paths of the workspace, as CMake has them.
    action.write({
      GNUmakefile:
        'include Makefile\nabs.o: $(CURDIR)/main.c\n\tcd / && cc -I$(CURDIR)/include -c -o $(CURDIR)/$@ $<\ncalc: abs.o\n',
    });
    expect(await action.main({ 'local-jobs': '0' })).toMatchObject({ status: 0 });
    expect(action.outputs).toMatchObject({ remote: 5, local: 1, retried: 0 });
    await action.post();
    await expectNothingLeft(sshd);
  }),
);
