import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, jest, test } from '@jest/globals';

import type { Outcome } from '../../../src/model/outcome.ts';
import { baseEnvironment, MakeRig, TRANSPORTS, type Transport } from './make-rig.ts';

// Some of these wait for what is looked for once a second, or for a second engine to start.
jest.setTimeout(30_000);

async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (let tries = 0; tries < 2000; tries++) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await sleep(10);
  }
  throw new Error('It did not happen within 20 s');
}

const exited = (status: number): Outcome => ({ kind: 'exited', status });

/** The processes whose environment has that text. */
function processesWith(text: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'latin1').includes(text) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** How often a process has waited for something; 0: it has ended. */
function waitsOf(pid: number): number {
  try {
    return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** An engine in a process of its own, with its make. */
class Doomed {
  readonly directory = mkdtempSync(join(tmpdir(), 'doomed-'));
  readonly mark = randomUUID();
  readonly engine: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(transport: Transport, makefile: string, interval = 10_000) {
    writeFileSync(join(this.directory, 'Makefile'), makefile);
    const log = openSync(join(this.directory, 'log'), 'w');
    const script = fileURLToPath(new URL('./doomed-engine.ts', import.meta.url));
    const flags = ['--experimental-strip-types', '--no-warnings'];
    this.engine = spawn(process.execPath, [...flags, script, transport, this.directory, String(interval)], {
      stdio: ['ignore', log, log],
      env: { ...process.env, NODE_OPTIONS: '', MARK: this.mark },
    });
    this.ended = new Promise((resolve) => this.engine.once('exit', resolve));
  }

  get log(): string {
    return readFileSync(this.path('log'), 'latin1');
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Its first recipe has come. */
  async make(): Promise<number> {
    return Number(await until(() => this.has('pid') && readFileSync(this.path('pid'), 'latin1')));
  }

  get processes(): number[] {
    return processesWith(this.mark);
  }

  /** Whoever waits for the engine has looked for it several times, and not yet so often that it may give up. */
  async asksOnAndOn(): Promise<void> {
    const pids = this.processes.filter((pid) => pid !== this.engine.pid);
    const waits = (): number => pids.reduce((sum, pid) => sum + waitsOf(pid), 0);
    const before = waits();
    await until(() => waits() >= before + 4);
  }

  dispose(): void {
    for (const pid of this.processes) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    const left = this.has('left') ? readFileSync(this.path('left'), 'latin1').split('\n') : [];
    for (const path of [this.directory, ...left]) rmSync(path, { recursive: true, force: true });
  }
}

async function withDoomed(doomed: Doomed, body: (doomed: Doomed) => Promise<void>): Promise<void> {
  try {
    await body(doomed);
  } finally {
    doomed.dispose();
  }
}

const GONE = /^distmake: .* has ended .*\n/m;
const STUCK = /^distmake: it has not answered for 1 s; this recipe is given up \(\/.*\)$/m;
/** A recipe with something below it. */
const LONG = 'sleep 61 & echo started >local; wait; echo after';

describe.each(TRANSPORTS)('%s', (transport) => {
  test('the engine is killed: all shims end and say so, and so does what they run here', () =>
    withDoomed(new Doomed(transport, `all: a b\na: ; @x\nb: ; @${LONG}\n`), async (doomed) => {
      const make = await doomed.make();
      await until(() => doomed.has('local'));
      doomed.engine.kill('SIGKILL');
      await until(() => !existsSync(`/proc/${make}`));
      await until(() => doomed.processes.length === 0);
      expect(doomed.log).toMatch(GONE);
      expect(doomed.log).toMatch(/^make: \*\*\* \[Makefile:2: a\] Error 2$/m);
      expect(doomed.log).not.toContain('after');
    }));

  test('the engine is stuck: a shim that waits gives up after a while, and make ends', () =>
    withDoomed(new Doomed(transport, 'all: ; @x\n', 100), async (doomed) => {
      const make = await doomed.make();
      doomed.engine.kill('SIGSTOP');
      // What make leaves is a zombie of a parent that is stopped.
      await until(() => /\) Z /.test(readFileSync(`/proc/${make}/stat`, 'latin1')));
      expect(doomed.log).toMatch(STUCK);
      expect(doomed.log).toMatch(/^make: \*\*\* \[Makefile:1: all\] Error 2$/m);
      doomed.engine.kill('SIGCONT');
      expect(await doomed.ended).toBe(2);
    }));

  test('the engine, or all of the session, stands still for a while: nothing has happened', () =>
    withDoomed(new Doomed(transport, 'all: a b\na: ; @answer\nb: a ; @answer\n', 100), async (doomed) => {
      await doomed.make();
      doomed.engine.kill('SIGSTOP');
      await doomed.asksOnAndOn();
      doomed.engine.kill('SIGCONT');
      await doomed.asksOnAndOn();
      // Longer than a shim has patience: nothing goes on by which that could be seen. The guardian of script shims is in no
      // session of ours.
      const session = doomed.processes.filter((pid) => !readFileSync(`/proc/${pid}/cmdline`).includes('guardian'));
      for (const pid of session) process.kill(pid, 'SIGSTOP');
      await sleep(1700);
      for (const pid of session) process.kill(pid, 'SIGCONT');
      await doomed.asksOnAndOn();
      writeFileSync(doomed.path('answer'), '');
      expect(await doomed.ended).toBe(0);
      expect(doomed.log).toBe('');
    }));

  test('make is killed: its shims end, what they run here too, and their calls are told', async () => {
    const rig = await MakeRig.create(transport, {
      Makefile: `all: sub went.on\nsub: ; @$(MAKE) a b\na: ; @x\nb: ; @${LONG}\nwent.on: ; @echo on\n`,
    });
    try {
      const mark = randomUUID();
      rig.onShell = (seen) => (seen.target === 'a' ? undefined : MakeRig.runLocally(seen));
      let output = '';
      const environment = [...baseEnvironment(), `MARK=${mark}`];
      const take = (data: Buffer): void => void (output += data.toString('latin1'));
      const make = await rig.start(['-k'], { environment, window: 3, take });
      await until(() => existsSync(join(rig.directory, 'local')) && rig.seen.some(({ target }) => target === 'a'));
      const [sub] = rig.makes;
      process.kill(sub?.pid ?? 0, 'SIGKILL');
      const gone = (): boolean =>
        rig.seen.every(({ target, call }) => !['a', 'b'].includes(target) || call.gone.aborted);
      await until(gone);
      expect(await make.ended).toEqual(exited(2));
      expect(output).toMatch(/Killed/);
      expect(output).toContain('on\n');
      expect(output).not.toContain('after');
      await until(() => processesWith(mark).length === 0);
    } finally {
      await rig.close();
    }
  });

  test('a job is killed: nothing of it is left when its run is over, and its shim does not end with it', async () => {
    // The script in sh finds what has lost its parent by its session alone.
    const orphans = transport === 'compiled' ? '(sleep 61 &); (setsid sleep 61 &); ' : '';
    const session = "setsid sh -c '(sleep 61 &); echo >started; sleep 61' & ";
    const rig = await MakeRig.create(transport, { Makefile: `all: ; @${orphans}${session}sleep 61; echo after\n` });
    try {
      const mark = randomUUID();
      let sleepers = -1;
      rig.onShell = async ({ call, argv, changes }) => {
        const end = call.runLocally(argv, changes);
        const count = (): number =>
          processesWith(mark).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('sleep\0'))
            .length;
        await until(() => existsSync(join(rig.directory, 'started')) && count() === (orphans ? 5 : 3));
        call.endLocally();
        await end;
        sleepers = count();
        call.exit(exited(3));
      };
      const { output, outcome } = await rig.runMake([], { environment: [...baseEnvironment(), `MARK=${mark}`] });
      expect({ sleepers, outcome, output }).toMatchObject({ sleepers: 0, outcome: exited(2) });
      expect(output).toMatch(/^make: \*\*\* \[Makefile:1: all\] Error 3$/m);
      expect(output).not.toContain('after');
      expect(processesWith(mark)).toEqual([]);
    } finally {
      await rig.close();
    }
  });

  test('what cannot be written on descriptor 1 fails the job, on descriptor 2 it does not', async () => {
    const rig = await MakeRig.create(transport, {
      Makefile: 'all: a b\na: ; @$(MAKE) -Onone one >/dev/full\nb: ; @$(MAKE) -Onone two 2>/dev/full\none two: ; @x\n',
    });
    try {
      rig.onShell = (seen) => {
        if (seen.command !== 'x') return MakeRig.runLocally(seen);
        void seen.call.write(seen.target === 'one' ? 1 : 2, Buffer.from('text\n'));
        void seen.call.write(seen.target === 'one' ? 1 : 2, Buffer.alloc(100_000));
        seen.call.exit(exited(0));
      };
      const { output, outcome } = await rig.runMake(['-k']);
      expect(outcome).toEqual(exited(2));
      expect(output).toMatch(/(?:I\/O|write) error.*\n(?:.*No space left on device\n)?/);
      expect(output).toMatch(/\[Makefile:4: one\] Error 1$/m);
      expect(output).toMatch(/\[Makefile:2: a\] Error 2$/m);
      expect(output).not.toMatch(/: (?:two|b)\]/);
    } finally {
      await rig.close();
    }
  });

  test('a shim takes no more than it can print, and may be killed meanwhile', async () => {
    const rig = await MakeRig.create(transport, { Makefile: 'all: ; @x\n' });
    try {
      const piece = Buffer.alloc(1 << 20, 'x');
      let before = '';
      rig.onShell = async ({ call }) => {
        process.kill(call.pid, 'SIGSTOP');
        let taken = false;
        const written = Promise.resolve(call.write(1, piece)).then(() => (taken = true));
        await sleep(200);
        before = String(taken);
        process.kill(call.pid, 'SIGCONT');
        await written;
        for (let count = 1; count < 8; count++) await call.write(1, piece);
        call.exit(exited(0));
      };
      const { output, outcome } = await rig.runMake([]);
      let gone = false;
      rig.onShell = async ({ call }) => {
        process.kill(call.pid, 'SIGSTOP');
        const written = call.write(1, piece);
        process.kill(call.pid, 'SIGKILL');
        await written;
        await until(() => call.gone.aborted);
        gone = true;
      };
      expect((await rig.runMake([])).outcome).toEqual(exited(2));
      await until(() => gone);
      expect({ outcome, before, length: output.length }).toEqual({
        outcome: exited(0),
        before: 'false',
        length: 8 << 20,
      });
      expect(readdirSync(join(rig.run.path, 'reply'))).toEqual([]);
    } finally {
      await rig.close();
    }
  });
});

test('what a job leaves is buried when it ends, and how that ended is not how the job has', async () => {
  const buried = 'until test -s pid && ! test -e /proc/$$(cat pid); do sleep 0.02; done';
  const rig = await MakeRig.create('compiled', {
    Makefile: `all: ; @(sh -c 'sleep 0.1; echo $$$$ >pid; exit 3' &); ${buried}; exit 5\n`,
  });
  try {
    const { output, outcome } = await rig.runMake([]);
    expect(outcome).toEqual(exited(2));
    expect(output).toMatch(/^make: \*\*\* \[Makefile:1: all\] Error 5$/m);
  } finally {
    await rig.close();
  }
});
