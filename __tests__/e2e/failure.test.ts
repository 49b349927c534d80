import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ActionRig, inputsFor, sweepHosts, until, type Inputs, type StepResult } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'root', slots: 1 },
      { name: 'beta', user: 'unprivileged', slots: 1 },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

/** Main and post with `local-jobs: 0`; then `check`. */
function build(
  makefile: string,
  inputs: Inputs,
  check: (main: StepResult, action: ActionRig) => void | Promise<void>,
): Promise<void> {
  const files = { Makefile: makefile };
  return ActionRig.use({ files, inputs: { ...inputsFor(sshd), 'local-jobs': '0' } }, async (action) => {
    const main = await action.main(inputs);
    await action.post();
    expect(main.signal).toBe(null);
    expect(main.log.unfinished).toBe(false);
    expect(action.leftovers()).toEqual([]);
    await check(main, action);
  });
}

const never = { fallback: 'never' };
const here = hostname();

describe('a recipe that fails', () => {
  test('everywhere: its status is make’s for the target, it stands unfolded and once more at the end', () =>
    build('all: a.o\na.o:\n\t@echo why; exit 7\n', {}, ({ status, log }, action) => {
      expect(status).toBe(2);
      expect(log.shown.join('\n')).toContain('make: *** [Makefile:3: a.o] Error 7');
      expect(log.groups).toEqual([]);
      expect(log.outside.filter((line) => line === 'why')).toHaveLength(2);
      expect(log.of('error')).toMatchObject([{ title: 'a.o failed' }]);
      expect(log.of('error')[0]?.message).toContain('status 7');
      expect(action.outputs).toMatchObject({ remote: 0, retried: 1, local: 0, failedTargets: ['a.o'] });
      expect(action.summary).toContain('a.o');
    }));

  test('on a host because of the host: that line runs again on the runner, and the later ones there', () =>
    ActionRig.use({ inputs: { ...inputsFor(sshd), 'local-jobs': '0' } }, async (action) => {
      const only = join(action.folder, 'only-here');
      writeFileSync(only, '');
      action.write({
        Makefile: `all: a.o b.o
a.o:
	@echo "1 $$(hostname)" >>$@
	@echo "2 $$(hostname)" >>$@; test -e ${only}
	@echo "3 $$(hostname)" >>$@; echo done
	@echo "4 $$(hostname)" >>$@
b.o: a.o
	@hostname >$@
`,
      });
      const main = await action.main();
      await action.post();
      expect(main.status).toBe(0);
      expect(action.read('a.o')).toBe(`1 alpha\n2 ${here}\n3 ${here}\n4 ${here}\n`);
      expect(action.read('b.o')).not.toBe(`${here}\n`);
      expect(action.outputs).toMatchObject({ remote: 1, local: 0, retried: 1, failedTargets: [] });
      expect(main.log.annotations).toEqual([]);
      expect(main.log.outside.join('\n')).toMatch(/^a\.o: failed on root@\S+ \(status 1\), passed on the runner$/m);
      expect(main.log.titles.find(({ target }) => target === 'a.o')?.place).toMatch(/^root@\S+ -> local$/);
      expect(action.summary).toContain('passed when run again');
    }));

  test('on a host, under fallback: never: the status of the host stands, nothing runs here', () =>
    build('all: a.o\na.o:\n\t@hostname >>ran; echo half >$@; exit 5\n', never, ({ status, log }, action) => {
      expect(status).toBe(2);
      expect(log.shown.join('\n')).toContain('a.o] Error 5');
      expect(action.exists('a.o')).toBe(false);
      expect(action.read('ran')).toBe('alpha\n');
      expect(action.outputs).toMatchObject({ remote: 1, retried: 0, local: 0, failedTargets: ['a.o'] });
      expect(log.of('error')[0]?.message).toMatch(/status 5 on root@/);
    }));

  test('leaves no half-written target: what a host wrote before it failed does not come home (B9)', () =>
    ActionRig.use({ inputs: { ...inputsFor(sshd), 'local-jobs': '0' } }, async (action) => {
      const only = join(action.folder, 'only-here');
      writeFileSync(only, '');
      action.write({
        Makefile: `a.o:\n\tif test -e ${only}; then test ! -e $@ && echo whole >$@; else echo half >$@; sleep 0.5; exit 1; fi\n`,
      });
      const step = action.start();
      let half = false;
      let done = false;
      void step.result.then(() => (done = true));
      await until(() => (half ||= action.exists('a.o') && action.read('a.o') === 'half\n') || done, 'main ends', 30);
      expect(half).toBe(false);
      expect(await step.result).toMatchObject({ status: 0 });
      expect(action.read('a.o')).toBe('whole\n');
      expect(action.outputs.retried).toBe(1);
      await action.post();
    }));

  test('by a signal', () =>
    build('a.o:\n\t@kill -SEGV $$$$\n', never, ({ status, log }, action) => {
      expect(status).toBe(2);
      expect(log.shown.join('\n')).toMatch(/a\.o\] (Segmentation fault|Error 139)/);
      expect(action.outputs.failedTargets).toEqual(['a.o']);
    }));

  test('but is ignored (-): the build goes on and nothing has failed', () =>
    build('all: a.o b.o\na.o:\n\t-@exit 4\n\t@echo on >$@\nb.o: a.o\n\t@cp $< $@\n', {}, ({ status, log }, action) => {
      expect(status).toBe(0);
      expect(log.shown.join('\n')).toContain('a.o] Error 4 (ignored)');
      expect(log.of('error')).toEqual([]);
      expect(action.read('b.o')).toBe('on\n');
      expect(action.outputs.failedTargets).toEqual([]);
    }));

  test.each([['fold'], ['failures']])('but is ignored without a word (-s): its status is told (log: %s)', (mode) =>
    build(
      'all: x.o y.o z.o\n.IGNORE: x.o\nx.o:\n\t@echo x.c: error: why; exit 4\ny.o: x.o\n\t-@false\nz.o: y.o\n\t@echo z\n',
      { arguments: '-s', log: mode },
      ({ status, log }, action) => {
        expect(status).toBe(0);
        expect(log.groups.map(({ title }) => title).sort()).toEqual([
          expect.stringMatching(/^x\.o {2}\S+ -> local {2}\d\.\d s {2}status 4$/),
          ...(mode === 'fold'
            ? [
                expect.stringMatching(/^y\.o {2}\S+ -> local {2}\d\.\d s {2}status 1$/),
                expect.stringMatching(/^z\.o {2}\S+ {2}\d\.\d s$/),
              ]
            : []),
        ]);
        expect(log.shown.join('\n')).not.toContain('failed:');
        expect(action.outputs.failedTargets).toEqual([]);
      },
    ),
  );

  test('tells what its environment had of the makefile, by name', () =>
    build('export MSG = hidden\na.o:\n\t@exit 3\n', {}, ({ log }) => {
      expect(log.outside).toContain('ran on the runner, with MSG exported by the makefile');
      expect(log.shown.join('\n')).not.toContain('hidden');
    }));
});

describe('after a failure', () => {
  const names = ['b.o', 'c.o', 'd.o', 'e.o', 'f.o'];
  const makefile = `all: a.o ${names.join(' ')}
a.o:
	@sleep 0.3; echo cause; exit 3
${names.join(' ')}:
	@echo started >>$@.started; sleep 0.8; echo $@ >$@
`;

  test.each([['local'], ['never']])('nothing more is started without -k (fallback: %s)', (fallback) =>
    build(makefile, { fallback, jobs: '2' }, ({ status, log }, action) => {
      expect(status).toBe(2);
      const started = names.filter((name) => action.exists(name));
      expect(started.length).toBeLessThanOrEqual(fallback === 'local' ? 2 : 1);
      // What never ran is not in the log, neither as a fold nor as an error.
      const told = log.shown.join('\n');
      for (const name of names.filter((one) => !started.includes(one))) {
        expect(action.list().filter((file) => file.startsWith(name))).toEqual([]);
        expect(told).not.toContain(name);
      }
      expect(action.outputs.failedTargets).toEqual(['a.o']);
      expect(log.of('error')).toHaveLength(1);
    }),
  );

  test.each([['local'], ['never']])('-k builds what it can, and the status is not 0 (fallback: %s)', (fallback) =>
    build(`${makefile}g.o: a.o\n\techo never\nall: g.o\n`, { arguments: '-k', fallback }, ({ status, log }, action) => {
      expect(status).toBe(2);
      for (const name of names) expect(action.read(name)).toBe(`${name}\n`);
      expect(action.exists('g.o')).toBe(false);
      expect(action.outputs.failedTargets).toEqual(['a.o']);
      expect(log.shown.join('\n')).toContain("Target 'all' not remade because of errors");
    }),
  );

  test('-k names every target that failed', () =>
    build('all: a.o b.o c.o\na.o c.o:\n\t@exit 3\nb.o:\n\t@echo b >$@\n', { arguments: '-k' }, ({ log }, action) => {
      expect([...action.outputs.failedTargets].sort()).toEqual(['a.o', 'c.o']);
      expect(
        log
          .of('error')
          .map(({ title }) => title)
          .sort(),
      ).toEqual(['a.o failed', 'c.o failed']);
    }));
});

test('an error of a compiler is an annotation with file and line', () =>
  ActionRig.use({ inputs: inputsFor(sshd) }, async (action) => {
    action.write({
      Makefile: 'all:\n\t$(MAKE) -C sub\n',
      'sub/Makefile': 'src/bad.o: src/bad.c\n\tcc -c -o $@ $<\n',
      'sub/src/bad.c': '#include <stdio.h>\n\nint main(void) { return nothing; }\n',
    });
    const main = await action.main();
    await action.post();
    expect(main.status).toBe(2);
    expect(main.log.of('error')).toMatchObject([{ file: 'sub/src/bad.c', line: '3', title: 'sub/src/bad.o failed' }]);
    expect(main.log.of('error')[0]?.message).toContain('nothing');
    expect(action.outputs.failedTargets).toEqual(['sub/src/bad.o']);
  }));

test('an output that leads out of the workspace is not taken', () =>
  build('all: a.o\na.o:\n\tln -s /etc/passwd evil; echo x >$@\n', never, ({ log }, action) => {
    // Either way nothing outside is ever written through it; a link out of the workspace does not come home.
    expect(action.list()).not.toContain('evil');
    expect(log.of('warning').length + log.of('error').length).toBeGreaterThan(0);
  }));
