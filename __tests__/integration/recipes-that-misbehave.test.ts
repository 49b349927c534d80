import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { expectNothingLeft, sweepHosts, until } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, type CommandResult, type RunningCommand } from './command-rig.ts';

// What docs/faults.md says of recipes: %.o runs on a host, %.l on the runner.
let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({ hosts: [{ name: 'alpha', user: 'unprivileged', slots: 2 }] });
});
afterEach(() => {
  sweepHosts(sshd);
  sshd.exec('alpha', 'pkill -KILL -x sleep', { check: false });
});
afterAll(() => sshd.dispose());

const own = (rig: CommandRig): string[] => ['-c', rig.hostsFile, '--local-jobs', '0'];
const sleepers = (): number => Number(sshd.exec('alpha', "pgrep -fcx 'sleep 61'", { check: false }));
const endings = (rig: CommandRig, words: string): number[] =>
  rig.processes().flatMap((line) => (line.endsWith(words) ? [Number(line.split(' ')[0])] : []));

function makeOf(rig: CommandRig): number {
  const [make, ...more] = rig.processes().filter((line) => /^\d+ make /.test(line));
  expect(more).toEqual([]);
  return Number(make?.split(' ')[0]);
}

async function allEnds(rig: CommandRig): Promise<void> {
  await until(() => sleepers() === 0, 'the remote jobs end');
  await until(() => rig.processes().length === 0, 'no process is left here');
  await expectNothingLeft(sshd);
}

describe('a recipe that', () => {
  const both = (makefile: string, check: (rig: CommandRig, result: CommandResult) => void): Promise<void> =>
    CommandRig.use(sshd, { Makefile: makefile }, async (rig) => {
      const result = await rig.run([...own(rig), '-s', 'x.o', 'x.l']);
      check(rig, result);
      await allEnds(rig);
    });

  test('closes its descriptors goes on', () =>
    both('x.o x.l: ; exec <&- >&- 2>&-; hostname >$@\n', (rig, result) => {
      expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect(rig.read('x.o')).toBe('alpha\n');
      expect(rig.read('x.l')).not.toBe('alpha\n');
    }));

  test('reads its input comes to its end at once, and has no terminal', () =>
    both('x.o x.l: ; cat >$@; tty >>$@ || :\n', (rig, result) => {
      expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect([rig.read('x.o'), rig.read('x.l')]).toEqual(['not a tty\n', 'not a tty\n']);
    }));

  test('prints any bytes, and no newline, prints just that', () =>
    both("x.o x.l: ; printf '\\000\\377a\\200\\033[31m%s' $@; touch $@\n", (_, result) => {
      const bytes = '\0\xffa\x80\x1b[31m';
      expect(result).toMatchObject({ status: 0, stdout: `${bytes}x.o${bytes}x.l`, stderr: '' });
    }));

  test('starts hundreds of processes gets them', () =>
    both('x.o x.l: ; for i in $$(seq 300); do sleep 0.3 & done; wait; echo done >$@\n', (rig, result) => {
      expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect([rig.read('x.o'), rig.read('x.l')]).toEqual(['done\n', 'done\n']);
    }));

  test.each([[[]], [['--log', 'fold']]])(
    'leaves something on the runner that holds its output is not waited for %j',
    (log) =>
      CommandRig.use(sshd, { Makefile: 'x.l: ; @sleep 62 & setsid sleep 62 & echo x >$@\n' }, async (rig) => {
        const result = await rig.run([...own(rig), ...log, 'x.l']);
        expect(result.status).toBe(0);
        expect(result.seconds).toBeLessThan(15);
        // As with plain make.
        const left = endings(rig, ' sleep 62');
        expect(left).toHaveLength(2);
        for (const pid of left) process.kill(pid, 'SIGKILL');
      }),
  );

  test('kills its process group on a host has killed itself alone', () =>
    CommandRig.use(sshd, { Makefile: 'x.o: ; @echo x; sleep 61 & kill -9 0\ny.o: ; @hostname >$@\n' }, async (rig) => {
      const result = await rig.run([...own(rig), '--fallback', 'never', '-k', 'x.o', 'y.o']);
      expect(result).toMatchObject({ status: 2, stdout: 'x\n' });
      expect(result.stderr).toMatch(/^make: \*\*\* \[Makefile:1: x\.o\] Killed$/m);
      expect(rig.read('y.o')).toBe('alpha\n');
      await allEnds(rig);
    }));

  test('kills its process group on the runner has killed make, and us: nothing runs on', () =>
    CommandRig.use(
      sshd,
      { Makefile: 'x.o: ; @sleep 61\nx.l: ; @until [ -e go ]; do sleep 0.1; done; kill -9 0\n' },
      async (rig) => {
        const running = rig.start([...own(rig), '-j4', 'x.o', 'x.l']);
        await until(() => sleepers() === 1, 'a job runs on the host');
        rig.write({ go: '' });
        expect(await running.result).toMatchObject({ signal: 'SIGKILL' });
        await until(() => sleepers() === 0, 'the remote jobs end');
        await until(() => rig.processes().length === 0, 'no process is left here');
      },
    ));

  test('kills its parent on the runner has killed itself alone', () =>
    CommandRig.use(
      sshd,
      { Makefile: 'x.l: ; @kill -9 $$PPID; while :; do :; done\ny.o: ; @hostname >$@\n' },
      async (rig) => {
        const result = await rig.run([...own(rig), '-k', 'x.l', 'y.o']);
        expect(result.status).toBe(2);
        expect(result.stderr).toMatch(/^make: \*\*\* \[Makefile:1: x\.l\] Killed$/m);
        expect(rig.read('y.o')).toBe('alpha\n');
        await allEnds(rig);
      },
    ));

  test('prints to where nothing can be written has failed', () =>
    CommandRig.use(sshd, { Makefile: 'x.o: ; @hostname; touch $@\n' }, async (rig) => {
      const result = await rig.run(['-c', rig.hostsFile, '--', 'sh', '-c', 'make x.o >/dev/full']);
      expect(result.status).toBe(2);
      expect(result.stderr).toBe(
        'distmake: write error: No space left on device\nmake: *** [Makefile:1: x.o] Error 1\n',
      );
    }));

  const size = (process.env['DISTMAKE_FULL'] === undefined ? 200 : 1024) << 20;
  const WAITS = '; @touch $@; until [ -e $@.go ]; do sleep 0.1; done';
  const prints = (bytes: number): string => `; @yes 0123456789abcde | head -c ${bytes}; echo end >&2; touch $@`;
  /** Until then buffers and compiled code come together that stay. */
  const warm = 96 << 20;
  test(`prints ${size >> 20} MB has all of it printed, and costs the engine little memory`, () =>
    CommandRig.use(
      sshd,
      {
        Makefile: `b.l: b.o ${WAITS}\na.l: a.o ${WAITS}\na.o: ${prints(warm)}\nb.o: a.l ${prints(size)}\n`,
      },
      async (rig) => {
        const running = rig.start([...own(rig), '--', 'sh', '-c', 'make b.l | wc -c']);
        const peakAt = async (name: string): Promise<number> => {
          await until(() => rig.exists(name), `${name} is made`, 80);
          const peak = peakOf(rig);
          rig.write({ [`${name}.go`]: '' });
          return peak;
        };
        const before = await peakAt('a.l');
        const after = await peakAt('b.l');
        const stdout = `${warm + size}\n`;
        expect(await running.result).toMatchObject({ status: 0, stdout, stderr: 'end\nend\n' });
        // Mostly 20 to 45; what is yet to be collected counts, and is more on a busy machine.
        expect((after - before) >> 20).toBeLessThan(128);
      },
    ));
});

/** The most memory that the command has had so far, in bytes. */
function peakOf(rig: CommandRig): number {
  const [pid = ''] = rig.processes().flatMap((line) => (line.includes('/cli/index.js') ? [line.split(' ', 1)[0]] : []));
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
}

describe('make that dies', () => {
  const MIXED = 'x.o: ; @sleep 61\nx.l: ; @sleep 62; echo never >$@\ny.l: ; @(sleep 62 & wait)\n';
  const start = async (rig: CommandRig, words: readonly string[]): Promise<RunningCommand> => {
    const running = rig.start([...own(rig), ...words]);
    await until(() => sleepers() === 1 && endings(rig, ' sleep 62').length === 2, 'all jobs run');
    return running;
  };

  test.each([
    ['SIGKILL', []],
    ['SIGSEGV', []],
    ['SIGKILL', ['--log', 'fold']],
  ] as const)('of %s %j: nothing is left of its recipes', (name, log) =>
    CommandRig.use(sshd, { Makefile: MIXED }, async (rig) => {
      const running = await start(rig, [...log, '-j6', 'x.o', 'x.l', 'y.l']);
      process.kill(makeOf(rig), name);
      const result = await running.result;
      expect(result).toMatchObject({ status: null, signal: name });
      await allEnds(rig);
      expect(rig.list()).toEqual(['Makefile']);
    }),
  );

  test('below another one is reported by that, and what it ran ends', () =>
    CommandRig.use(
      sshd,
      {
        Makefile: `all: sub z.o ; @:\nsub: ; @$(MAKE) x.o x.l y.l\nz.o: z.l ; @hostname >$@\nz.l: ; @until [ -e go ]; do sleep 0.1; done\n${MIXED}`,
      },
      async (rig) => {
        const running = await start(rig, ['-k', '-j6', 'all']);
        const makes = rig
          .processes()
          .flatMap((line) => (/^\d+ make .*x\.o x\.l y\.l /.test(line) ? [Number(line.split(' ')[0])] : []));
        expect(makes).toHaveLength(1);
        process.kill(makes[0] ?? 0, 'SIGKILL');
        await until(() => sleepers() === 0 && endings(rig, ' sleep 62').length === 0, 'its jobs end');
        rig.write({ go: '' });
        const result = await running.result;
        expect(result.status).toBe(2);
        expect(result.stderr).toMatch(/^make: \*\*\* \[Makefile:\d+: sub\] (?:Killed|Error 137)$/m);
        expect(rig.read('z.o')).toBe('alpha\n');
        await allEnds(rig);
      },
    ));
});
