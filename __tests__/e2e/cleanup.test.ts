import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ActionRig,
  connectionsTo,
  expectNothingLeft,
  inputsFor,
  leftOn,
  sweepHosts,
  until,
  type RunningStep,
} from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

const HOSTS = [
  { name: 'alpha', user: 'root' as const, slots: 2 },
  { name: 'beta', user: 'unprivileged' as const, slots: 2 },
];
/** Two jobs a host and one on the runner that do not end by themselves within a test. */
const ENDLESS = {
  Makefile: `all: a.o b.o c.o d.o here
a.o b.o c.o d.o here:
	echo half >$@; sleep 300; echo whole >$@
`,
};

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({ hosts: HOSTS });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

const sleepers = (rig: SshdRig, name: string): number =>
  Number(rig.exec(name, 'pgrep -fc "^sleep 300"', { check: false }));

/** Starts the endless build and waits until it runs everywhere. */
async function startEndless(action: ActionRig, rig = sshd): Promise<RunningStep> {
  const step = action.start({ 'local-jobs': '0', jobs: '5' });
  const everywhere = (): boolean => rig.hosts.every(({ name }) => sleepers(rig, name) === 2) && action.exists('here');
  await until(everywhere, 'jobs run on all hosts');
  return step;
}

describe('post after main', () => {
  test('was killed in the middle of a build', () =>
    ActionRig.use({ files: ENDLESS, inputs: inputsFor(sshd) }, async (action) => {
      const step = await startEndless(action);
      step.signal('SIGKILL');
      expect(await step.result).toMatchObject({ signal: 'SIGKILL' });
      await until(() => sshd.hosts.every(({ name }) => sleepers(sshd, name) === 0), 'the jobs on the hosts have ended');
      const post = await action.post();
      expect(post).toMatchObject({ status: 0 });
      expect(post.log.annotations).toEqual([]);
      await expectNothingLeft(sshd);
      expect(action.list()).toEqual(['Makefile', 'here']);
      // RUNNER_TEMP, which the runner itself empties, may hold something; nothing else of the machine does.
      expect(readdirSync(action.tmp)).toEqual([]);
    }));

  test('never came, since both were killed: the next run there removes what is left, and not before it is old enough', () =>
    ActionRig.use({ files: ENDLESS, inputs: inputsFor(sshd) }, async (action) => {
      const step = await startEndless(action);
      step.signal('SIGKILL');
      await step.result;
      await until(() => sshd.hosts.every(({ name }) => sleepers(sshd, name) === 0), 'the jobs on the hosts have ended');
      const { staging } = action;
      // On the runner it ends when it is told.
      action.write({
        Makefile:
          'all: x.o y.o here\n.PHONY: all here\nx.o y.o: ; echo $@ >$@\nhere: ; until test -e go; do sleep 0.1; done\n',
        go: '',
      });
      expect(await action.main({ jobs: '', 'stale-after': '1h' })).toMatchObject({ status: 0 });
      await action.post();
      const old = (): boolean[] => sshd.hosts.map(({ name }) => leftOn(sshd, name).join('\n').includes(staging));
      expect(old()).toEqual([true, true]);
      rmSync(join(action.workspace, 'go'));
      const next = action.start({ 'stale-after': '1s' });
      await until(() => !old().includes(true), 'what was left is gone');
      // It is told when the host has said so.
      await until(() => next.text.split(staging).length > 2, 'that is told');
      action.write({ go: '' });
      expect(await next.result).toMatchObject({ status: 0 });
      await action.post();
      await expectNothingLeft(sshd);
    }));

  test.each(['SIGINT', 'SIGTERM'] as const)('got %s in the middle of a build', (signal) =>
    ActionRig.use({ files: ENDLESS, inputs: inputsFor(sshd) }, async (action) => {
      const step = await startEndless(action);
      const begin = performance.now();
      step.signal(signal);
      expect(await step.result).toMatchObject({ signal });
      // The runner waits 7.5 s before it becomes rude.
      expect(performance.now() - begin).toBeLessThan(5000);
      await until(() => action.processes().length === 0, 'nothing runs on the runner');
      expect(action.leftovers()).toEqual([]);
      expect(action.list()).not.toContain('a.o');
      const post = await action.post();
      expect(post).toMatchObject({ status: 0 });
      expect(post.log.annotations).toEqual([]);
      await expectNothingLeft(sshd);
    }),
  );

  test('failed', () =>
    ActionRig.use({ files: { Makefile: 'a.o:\n\texit 3\n' }, inputs: inputsFor(sshd) }, async (action) => {
      expect(await action.main()).toMatchObject({ status: 2 });
      expect(action.leftovers()).toEqual([]);
      expect(await action.post()).toMatchObject({ status: 0 });
      await expectNothingLeft(sshd);
    }));

  test('never came to any host', () =>
    ActionRig.use({ files: ENDLESS, inputs: inputsFor(sshd) }, async (action) => {
      const before = sshd.hosts.map(({ name }) => connectionsTo(sshd, name));
      expect(await action.main({ fallback: 'perhaps' })).toMatchObject({ status: 2 });
      expect(await action.post()).toMatchObject({ status: 0, text: '' });
      expect(sshd.hosts.map(({ name }) => connectionsTo(sshd, name))).toEqual(before);
    }));
});

test('post names the host that says nothing when its time is over, and cleans the other', async () => {
  const own = await SshdRig.start({ hosts: HOSTS });
  try {
    await ActionRig.use(
      {
        files: { Makefile: 'all: a.o b.o\na.o b.o c.o d.o:\n\techo $@ >$@\n' },
        inputs: { ...inputsFor(own), 'host-timeout': '2', 'stale-after': '7d' },
      },
      async (action) => {
        expect(await action.main()).toMatchObject({ status: 0 });
        expect(leftOn(own, 'beta').join('\n')).toContain(action.staging);
        own.host('alpha').cut();
        const post = await action.post();
        expect(post.status).toBe(0);
        // Nothing of its connections keeps it alive.
        expect(post.seconds).toBeLessThan(7);
        const name = own.matrix.split(' ')[0];
        expect(post.log.annotations).toMatchObject([{ level: 'warning' }]);
        expect(post.log.annotations[0]?.message).toContain(name);
        expect(post.log.annotations[0]?.message).toContain(action.staging);
        expect(post.log.annotations[0]?.message).toMatch(/The next run there removes it when it is 7 d old/);
        await expectNothingLeft(own, ['beta']);
      },
    );
  } finally {
    await own.dispose();
  }
});

test('a state that something else has changed: nothing is run and nothing removed, and post says so', () =>
  ActionRig.use({ files: { Makefile: 'a.o:\n\techo $@ >$@\n' }, inputs: inputsFor(sshd) }, async (action) => {
    expect(await action.main()).toMatchObject({ status: 0 });
    const file = join(action.folder, 'state');
    const state = readFileSync(file, 'utf8');
    const program = JSON.stringify(['sh', '-c', `>${action.folder}/mark`]);
    const changed = state.replaceAll('"host":{', `"host":{"transport":${program},`);
    expect(changed).not.toBe(state);
    writeFileSync(file, changed);
    const post = await action.post();
    expect(post).toMatchObject({ status: 0 });
    expect(post.log.annotations).toMatchObject([{ level: 'warning' }]);
    expect(post.log.annotations[0]?.message).toMatch(/nothing is removed.*next run there removes .* 1 d old/);
    expect(existsSync(join(action.folder, 'mark'))).toBe(false);
    writeFileSync(file, state);
    expect((await action.post()).log.annotations).toEqual([]);
    await expectNothingLeft(sshd);
  }));

test('a host that is lost in the middle of a build: its jobs run elsewhere, post names it', async () => {
  const own = await SshdRig.start({ hosts: HOSTS });
  try {
    const Makefile = 'all: a.o b.o c.o d.o\na.o b.o c.o d.o:\n\thostname >$@.on; sleep 2; hostname >$@\n';
    await ActionRig.use({ files: { Makefile }, inputs: inputsFor(own) }, async (action) => {
      const step = action.start({ 'local-jobs': '0' });
      await until(
        () => Number(own.exec('alpha', 'pgrep -fc "^sleep 2"', { check: false })) === 2,
        'two jobs run on alpha',
      );
      await own.kill('alpha');
      const main = await step.result;
      expect(main.status).toBe(0);
      expect(['a.o', 'b.o', 'c.o', 'd.o'].map((name) => action.read(name))).toEqual(Array(4).fill('beta\n'));
      expect(action.outputs).toMatchObject({ remote: 4, retried: 0, local: 0, failedTargets: [] });
      const [lost] = main.log.of('warning');
      expect(lost?.message).toContain(own.matrix.split(' ')[0]);
      const post = await action.post();
      expect(post.log.of('warning')).toHaveLength(1);
      await expectNothingLeft(own, ['beta']);
    });
  } finally {
    await own.dispose();
  }
});
