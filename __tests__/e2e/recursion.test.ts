import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  ActionRig,
  inputsFor,
  mostAtOneTime,
  readTimed,
  sweepHosts,
  timedRecipe,
  type Inputs,
} from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

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

const recipe = timedRecipe(0.1);
/** Three levels below the top, each called in another way; at each level two recipes that may leave and one that stays. */
const TREE = {
  Makefile: `.PHONY: all sub
all: a.o b.o top sub
a.o b.o top:
	${recipe}
sub:
	@$(MAKE) -C sub
`,
  'sub/Makefile': `.PHONY: all deep
all: a.o b.o middle deep
a.o b.o middle:
	${recipe}
deep:
	@cd deep && make
`,
  'sub/deep/makefile': `.PHONY: all other
all: a.o b.o low other
a.o b.o low:
	${recipe}
other:
	@\${MAKE} -f other.mk
`,
  'sub/deep/other.mk': `all: c.o d.o lowest
c.o d.o lowest:
	${recipe}
`,
};
const STAY = ['top', 'sub/middle', 'sub/deep/low', 'sub/deep/lowest'];
const LEAVE = ['a.o', 'b.o', 'sub/a.o', 'sub/b.o', 'sub/deep/a.o', 'sub/deep/b.o', 'sub/deep/c.o', 'sub/deep/d.o'];

describe('sub-makes take part at every level', () => {
  test.each<[string, Inputs, number]>([
    ['jobs: 1', { jobs: '1', load: 'jobs' }, 1],
    ['-j2', { arguments: '-j2' }, 2],
    ['jobs: 3', { jobs: '3' }, 3],
    ['jobs by default', { 'local-jobs': '1' }, 5],
  ])('%s', (_, inputs, most) =>
    ActionRig.use({ files: TREE, inputs: { ...inputsFor(sshd), 'local-jobs': '0', ...inputs } }, async (action) => {
      const main = await action.main();
      expect(main).toMatchObject({ status: 0 });
      const spans = [...STAY, ...LEAVE].map((name) => readTimed(action.read(name)));
      expect(mostAtOneTime(spans)).toBeLessThanOrEqual(most);
      if (most > 1) expect(mostAtOneTime(spans)).toBeGreaterThan(1);
      const hosts = new Set(LEAVE.map((name) => readTimed(action.read(name)).host));
      if (inputs['local-jobs'] === undefined) expect([...hosts].sort()).toEqual(['alpha', 'beta']);
      const { remote, local, retried, failedTargets } = action.outputs;
      expect({ both: remote + local, retried, failedTargets }).toEqual({ both: 12, retried: 0, failedTargets: [] });
      if (inputs['local-jobs'] === undefined) expect({ remote, local }).toEqual({ remote: 8, local: 4 });
      // Those that only call make are no recipes with a time and a place of their own.
      expect(main.log.titles.map(({ target }) => target)).not.toContain('sub');
      expect(action.leftovers()).toEqual([]);
      await action.post();
    }),
  );

  test('which fail: the status is make’s, and the cause is named, not the way to it', () =>
    ActionRig.use({ files: TREE, inputs: inputsFor(sshd) }, async (action) => {
      action.write({ 'sub/deep/other.mk': 'all: bad.o\nbad.o:\n\techo cause; exit 9\n' });
      const main = await action.main();
      expect(main.status).toBe(2);
      expect(action.outputs.failedTargets).toEqual(['sub/deep/bad.o']);
      expect(main.log.of('error')).toHaveLength(1);
      expect(main.log.of('error')[0]?.message).toContain('bad.o');
      expect(main.log.outside.join('\n')).toMatch(/other\.mk:3: bad\.o\] Error 9/);
      await action.post();
    }));

  test('a whole sub-make runs on one host when its target is whitelisted by name', () =>
    ActionRig.use({ files: TREE, inputs: { ...inputsFor(sshd), dist: 'sub' } }, async (action) => {
      expect(await action.main()).toMatchObject({ status: 0 });
      const inside = [...STAY, ...LEAVE].filter((name) => name.startsWith('sub/'));
      const hosts = new Set(inside.map((name) => readTimed(action.read(name)).host));
      expect(hosts.size).toBe(1);
      expect(['alpha', 'beta']).toContain([...hosts][0]);
      expect(action.outputs).toMatchObject({ remote: 1, retried: 0 });
      await action.post();
    }));
});

test('a deep chain of makes with jobs: 1 ends', () =>
  ActionRig.use({ inputs: { ...inputsFor(sshd), jobs: '1' } }, async (action) => {
    action.write({
      Makefile: `DEPTH ?= 12
all: before-$(DEPTH).o
	@if [ $(DEPTH) -gt 0 ]; then $(MAKE) DEPTH=$$(($(DEPTH) - 1)); fi
before-$(DEPTH).o:
	@hostname >$@
`,
    });
    expect(await action.main()).toMatchObject({ status: 0 });
    expect(action.outputs.remote).toBe(13);
    await action.post();
  }));
