import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
import { CommandRig } from '../integration/command-rig.ts';
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

/** A job on each host that does not end, one on the runner that takes no notice of signals, and others that wait for a place. */
const DEAF = {
  Makefile: `all: here a.o b.o c.o d.o
	touch never
%.o: ; echo half >$@; sleep 300; echo whole >$@
here: ; @trap '' INT TERM; echo half >$@; while :; do sleep 0.2; done
`,
};

const sleepers = (name: string): number => Number(sshd.exec(name, 'pgrep -fc "^sleep 300"', { check: false }));
const isClean = (): boolean => sshd.hosts.every(({ name }) => leftOn(sshd, name).length === 0);

async function startDeaf(action: ActionRig): Promise<RunningStep> {
  const step = action.start({ 'local-jobs': '0', jobs: '3' });
  const everywhere = (): boolean => sshd.hosts.every(({ name }) => sleepers(name) === 1) && action.exists('here');
  await until(everywhere, 'jobs run on all hosts, and here');
  return step;
}

/** How many jobs have been started, by the events of the report. */
function started(action: ActionRig): number {
  const report = readdirSync(action.temp).find((name) => name.startsWith('distmake-report-')) ?? '';
  return readFileSync(join(action.temp, report, 'events.ndjson'), 'utf8').match(/"type":"job-started"/g)?.length ?? 0;
}

test('SIGINT, then SIGTERM: the hosts are clean before a deaf recipe has ended, and the log has its summary', () =>
  ActionRig.use({ files: DEAF, inputs: inputsFor(sshd) }, async (action) => {
    const step = await startDeaf(action);
    step.signal('SIGINT');
    await until(isClean, 'the hosts are clean', 6);
    await until(() => action.saved.length === 0, 'nothing is left for post');
    // The recipe here goes on.
    expect(step.end).toBe('');
    expect(action.processes().filter((line) => line.includes('trap'))).not.toEqual([]);
    step.signal('SIGTERM');
    const main = await step.result;
    expect(main).toMatchObject({ status: null, signal: 'SIGTERM' });
    // All that is still to be told is told before the runner's patience is over, 10 s after its first signal.
    expect(main.text).toMatch(/^make: .* \w\.o\] Interrupt$/m);
    expect(action.summary).toContain('cancelled');
    // Those that ran at the signal, and none of those that waited.
    expect(started(action)).toBe(3);
    await until(() => action.processes().length === 0, 'nothing runs on the runner');
    expect(action.leftovers()).toEqual([]);
    expect(action.list()).toEqual(expect.not.arrayContaining(['a.o', 'b.o', 'c.o', 'd.o', 'never']));
    expect(await action.post()).toMatchObject({ status: 0, text: '' });
  }));

test('SIGINT to the command, twice: the hosts are clean, whatever make waits for', () =>
  CommandRig.use(sshd, DEAF, async (rig) => {
    const running = rig.start(['-c', rig.hostsFile, '--local-jobs', '0', '-j3']);
    const everywhere = (): boolean => sshd.hosts.every(({ name }) => sleepers(name) === 1) && rig.exists('here');
    await until(everywhere, 'jobs run on all hosts, and here');
    running.signal('SIGINT');
    await until(isClean, 'the hosts are clean', 6);
    // As with plain make, which waits for it.
    const deaf = rig.processes().filter((line) => line.includes('trap'));
    expect(deaf).not.toEqual([]);
    running.signalGroup('SIGINT');
    expect(await running.result).toMatchObject({
      status: null,
      signal: 'SIGINT',
      stderr: expect.not.stringContaining('could not'),
    });
    expect(isClean()).toBe(true);
  }));

describe('SIGKILL of main, then post:', () => {
  const BIG = 'a.o: big ; @head -c 300000000 /dev/zero >$@\nbig: ; @touch $@\n';

  /** Kills main when `moment` has come; nothing may be left by then, and no file of the workspace be half. */
  async function killAt(action: ActionRig, step: RunningStep, moment: () => boolean, name: string): Promise<void> {
    await until(moment, name);
    step.signal('SIGKILL');
    expect(await step.result).toMatchObject({ signal: 'SIGKILL' });
    const post = await action.post();
    expect(post).toMatchObject({ status: 0 });
    expect(post.log.annotations).toEqual([]);
    await expectNothingLeft(sshd);
    await until(() => action.processes().length === 0, 'nothing runs on the runner');
    expect(readdirSync(action.tmp)).toEqual([]);
    expect(action.list().filter((name) => name !== 'big')).toEqual(['Makefile']);
  }

  test('while it connects', () =>
    ActionRig.use({ files: { Makefile: BIG }, inputs: inputsFor(sshd) }, async (action) => {
      const before = connectionsTo(sshd, 'alpha');
      const step = action.start();
      await killAt(action, step, () => connectionsTo(sshd, 'alpha') > before, 'it connects');
    }));

  test('while it stages', () =>
    ActionRig.use(
      { files: { Makefile: BIG, big: '0123456789abcdef'.repeat(6_000_000) }, inputs: inputsFor(sshd) },
      async (action) => {
        const step = action.start();
        const arrives = (): boolean => Number(sshd.exec('alpha', 'du -sm /tmp | cut -f1')) > 10;
        await killAt(action, step, arrives, 'the workspace arrives');
      },
    ));

  test('while what a job wrote comes home', () =>
    ActionRig.use({ files: { Makefile: BIG }, inputs: { ...inputsFor(sshd), 'local-jobs': '0' } }, async (action) => {
      const step = action.start();
      const temporary = (): boolean => action.list().some((name) => name.startsWith('.distmake-tmp-'));
      await killAt(action, step, temporary, 'something comes home');
      expect(temporary()).toBe(false);
    }));

  test("in the middle of make's end", () =>
    ActionRig.use({ files: DEAF, inputs: inputsFor(sshd) }, async (action) => {
      const step = await startDeaf(action);
      step.signal('SIGINT');
      step.signal('SIGKILL');
      expect(await step.result).toMatchObject({ signal: 'SIGKILL' });
      const post = await action.post();
      expect(post).toMatchObject({ status: 0 });
      expect(post.log.annotations).toEqual([]);
      await expectNothingLeft(sshd);
      expect(existsSync(join(action.workspace, 'a.o'))).toBe(false);
    }));
});
