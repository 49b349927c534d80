import { expect, test } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TerminalScreen } from '../rig/terminal-screen.ts';
import { CommandRig } from './command-rig.ts';

const COMMAND = resolve(fileURLToPath(import.meta.url), '../../../dist/cli/index.js');
const LIMIT_MS = 40_000;

const FILES = {
  hosts: 'localhost 2\n',
  Makefile: `all: warns.o waits.o
warns.o: ; @echo "warns.c:1:1: warning: unused variable"
waits.o: warns.o ; @until [ -e go ]; do sleep 0.05; done
`,
};

/** The command on a terminal of its own. */
class TerminalRun {
  readonly ended: Promise<number | null>;
  readonly #rig: CommandRig;
  readonly #child: ChildProcess;
  /** What was written to the terminal at each of its sizes. */
  readonly #parts: { readonly columns: number; readonly rows: number; text: string }[];

  constructor(rig: CommandRig, words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#rig = rig;
    this.#parts = [{ columns: 80, rows: 24, text: '' }];
    const script = `stty rows 24 cols 80; tty >${rig.folder}/tty; echo $$ >${rig.folder}/pid; exec "$NODE" "$COMMAND" ${words.join(' ')}`;
    this.#child = spawn('script', ['-qefc', script, '/dev/null'], {
      cwd: rig.workspace,
      env: {
        PATH: rig.path,
        HOME: rig.home,
        TMPDIR: rig.tmp,
        DISTMAKE_TEST_RUN: rig.trackingId,
        SHELL: '/bin/sh',
        LC_ALL: 'C',
        TERM: 'xterm',
        NODE: process.execPath,
        COMMAND,
        ...environment,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.on('data', (data: Buffer) => (this.#parts.at(-1)!.text += data.toString()));
    this.ended = once(this.#child, 'close').then(([status]) => status as number | null);
  }

  get pid(): number {
    return Number(readFileSync(join(this.#rig.folder, 'pid'), 'latin1'));
  }

  get written(): string {
    return this.#parts.map(({ text }) => text).join('');
  }

  /** What a person sees of all that was written since the terminal has its size. */
  get screen(): TerminalScreen {
    const { columns, rows, text } = this.#parts.at(-1)!;
    const screen = new TerminalScreen(columns, rows);
    // eslint-disable-next-line no-control-regex
    screen.write(text.replace(/\x1b(?:\[[?0-9;]*)?$/, ''));
    screen.cursorShown = this.written.lastIndexOf('\x1b[?25h') > this.written.lastIndexOf('\x1b[?25l');
    return screen;
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#parts.push({ columns, rows, text: '' });
    const terminal = readFileSync(join(this.#rig.folder, 'tty'), 'latin1').trim();
    execFileSync('stty', ['-F', terminal, 'rows', String(rows), 'cols', String(columns)]);
  }

  /** `script` stops when the command does. */
  resume(): void {
    this.#child.kill('SIGCONT');
    process.kill(this.pid, 'SIGCONT');
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const end = performance.now() + LIMIT_MS;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`not in time: ${what}\n${this.screen.text}`);
      await pause(20);
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

async function watch(
  body: (run: TerminalRun, rig: CommandRig) => Promise<void>,
  environment?: Readonly<Record<string, string>>,
): Promise<void> {
  await CommandRig.use(undefined, FILES, async (rig) => {
    const run = new TerminalRun(rig, ['-c', 'hosts', '--root', '.', '--watch', '-j2'], environment);
    try {
      await body(run, rig);
    } finally {
      run.kill();
    }
  });
}

const shown = (run: TerminalRun): boolean => /^ +\d+ s {2}waits\.o$/m.test(run.screen.text);
const state = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '')[0]!;

test('shows what runs, at any size, after a stop too, and leaves the result', () =>
  watch(async (run, rig) => {
    await run.until('the job is shown', () => shown(run));
    await run.until('the warning is shown', () => /^warns\.c:1:1: warning: unused variable$/m.test(run.screen.text));
    expect(run.screen.text).toMatch(/^\[1[^\]]*\] 1 host 1 job {2}queue 0 {2}0:\d\d$/m);
    expect(run.screen.text).toMatch(/^(localhost|runner) +ready +\[#+\.*\] +1\/\d+ +\d+ done/m);
    expect(run.screen.cursorShown).toBe(false);

    run.resize(42, 12);
    await run.until(
      'it is drawn at the new size',
      () => /waits\.o/.test(run.screen.text) && !/\[#/.test(run.screen.text),
    );
    expect(run.screen.text.match(/waits\.o/g)).toHaveLength(1);

    process.kill(run.pid, 'SIGTSTP');
    await run.until('it has stopped', () => state(run.pid) === 'T');
    await run.until('it is drawn again', () => {
      // `script` may stop later than the command does, and what that wrote before comes only then.
      run.resume();
      // eslint-disable-next-line no-control-regex
      return /\x1b\[\?25h[^]*\x1b\[\?25l[^]*waits\.o/.test(run.written);
    });
    expect(run.screen.text.match(/waits\.o/g)).toHaveLength(1);

    writeFileSync(join(rig.workspace, 'go'), '');
    expect(await run.ended).toBe(0);
    const { text, cursorShown } = run.screen;
    expect(text.replaceAll('\n', '')).toMatch(/made after 0:\d\d, 2 recipes: /);
    expect(text).not.toMatch(/queue|ready|::/);
    expect(cursorShown).toBe(true);
    expect(run.written).toContain('\x1b[32m');
  }));

test('Ctrl-C stops the build and leaves the terminal as it was; NO_COLOR is respected', () =>
  watch(
    async (run) => {
      await run.until('the job is shown', () => shown(run));
      run.type('\x03');
      await run.ended;
      expect(run.screen.cursorShown).toBe(true);
      expect(run.screen.text).toMatch(/cancelled \(SIGINT\) after 0:\d\d, /);
      expect(run.screen.text).not.toMatch(/queue|ready/);
      // eslint-disable-next-line no-control-regex
      expect(run.written).not.toMatch(/\x1b\[[0-9;]*m/);
    },
    { NO_COLOR: '1' },
  ));

/** Its recipe takes its time to end: something is to be drawn meanwhile. */
const SLOW_TO_END = `all: waits.o
waits.o: ; @trap 'sleep 1.5; exit 1' HUP INT TERM; until [ -e go ]; do sleep 0.05; done
`;

test.each([['--watch'], ['--log fold']])('a terminal that goes away ends a run with %s as SIGHUP does', (how) =>
  CommandRig.use(undefined, { ...FILES, Makefile: SLOW_TO_END }, async (rig) => {
    const words = ['-c', 'hosts', '--root', '.', '--report', 'report', how, '-j2'];
    const run = new TerminalRun(rig, words);
    try {
      await run.until('it is shown that a job runs', () => / 1 job\b/.test(run.screen.text));
    } finally {
      run.kill();
    }
    // Nobody is left to whom the command could give its status.
    await run.until('all has ended', () => rig.processes().length === 0);
    const end: unknown = JSON.parse(rig.read('report/events.ndjson').trimEnd().split('\n').at(-1) ?? '');
    expect(end).toMatchObject({ type: 'run-finished', outcome: { kind: 'signaled', signal: 1 } });
    expect(rig.exists('report/report.html')).toBe(true);
  }),
);

test.each([
  [['-n'], 0, /^echo "warns\.c:1:1: warning: unused variable"$/m],
  [['-q'], 1, /^$/],
  [['-p', 'warns.o'], 0, /^waits\.o: warns\.o$/m],
] as const)('there is nothing to watch with %j: make prints what it prints', (words, status, text) =>
  CommandRig.use(undefined, FILES, async (rig) => {
    const run = new TerminalRun(rig, ['-c', 'hosts', '--root', '.', '--watch', ...words]);
    expect(await run.ended).toBe(status);
    expect(run.written.replaceAll('\r', '')).toMatch(text);
  }),
);

test('needs a terminal', () =>
  CommandRig.use(undefined, FILES, async (rig) => {
    const { status, stdout, stderr } = await rig.run(['-c', 'hosts', '--watch']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^distmake: --watch needs a terminal, and standard output is none\. /);
  }));
