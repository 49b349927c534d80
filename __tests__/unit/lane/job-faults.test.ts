import { afterEach, expect, jest, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { eventually, LaneRig, processesWith, type Around, type Variant } from './lane-rig.ts';

jest.setTimeout(30_000);

const rigs: LaneRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.dispose();
});

const perl: Variant = { name: '', kind: 'perl', sandbox: 'tree', shell: '/bin/dash' };
const DONE = { kind: 'exited', status: 0 };

async function open(variant = perl, around: Around = {}): Promise<LaneRig> {
  const rig = await LaneRig.open(variant, {}, around);
  rigs.push(rig);
  return rig;
}

const someWord = (): string => `${5_000_000 + Math.floor(Math.random() * 999_999)}`;

test('whatever a job does to itself, it has an end, and the lane goes on', async () => {
  const rig = await open();
  const word = someWord();
  const killed = await rig.run(`setsid sleep ${word} & sleep ${word} & echo begun; kill -KILL 0; echo never`);
  expect([killed.outcome, killed.stdout]).toEqual([{ kind: 'signaled', signal: 9 }, 'begun\n']);
  expect(processesWith(word)).toEqual([]);

  const daemon = await rig.run(`(setsid sh -c 'exec <&- >&- 2>&-; (sleep ${word} &)' &); echo begun; sleep 0.1`);
  expect([daemon.outcome, daemon.stdout]).toEqual([DONE, 'begun\n']);
  expect(processesWith(word)).toEqual([]);

  const closed = await rig.run('echo begun; exec <&- >&- 2>&-; sleep 0.2; : >made; exit 3', { keep: { except: '' } });
  expect([closed.outcome, closed.stdout]).toEqual([{ kind: 'exited', status: 3 }, 'begun\n']);
  expect(closed.outputs.map(({ path }) => path)).toEqual(['made']);

  const reader = await rig.run('cat; read line || echo nothing');
  expect([reader.outcome, reader.stdout]).toEqual([DONE, 'nothing\n']);

  const stop = new AbortController();
  const stopped = rig.run(`sleep ${word} & kill -STOP $$`, {}, stop.signal);
  await eventually(() => processesWith(`sleep\0${word}`).length === 1);
  stop.abort();
  expect((await stopped).outcome).toEqual({ kind: 'cancelled' });
  expect(processesWith(word)).toEqual([]);
});

test('where no process can be made, the recipe fails, and a lane is lost that cannot begin one', async () => {
  const rig = await open({ ...perl, unprivileged: true });
  const limit = await rig.run('prlimit --pid $$ --nproc=0; (echo never); exit 9');
  expect([limit.outcome.kind, limit.stdout]).toEqual(['exited', '']);
  expect(limit.stderr).toContain('fork');
  const { uid, gid } = statSync(`/proc/${rig.ids.lane}`);
  execFileSync('prlimit', ['--pid', `${rig.ids.lane}`, '--nproc=0'], { uid, gid });
  await expect(rig.run('true')).rejects.toThrow(/^fork: Resource temporarily unavailable$/);
});

/** Lets nothing through towards the runner while it is shut. */
class Valve {
  #inner: Duplex | undefined;
  #shut = false;

  wrap(inner: Duplex): Duplex {
    this.#inner = inner;
    const resume = inner.resume.bind(inner);
    inner.resume = () => (this.#shut ? inner : resume());
    return inner;
  }

  shut(): void {
    this.#shut = true;
    this.#inner?.pause();
  }

  open(): void {
    this.#shut = false;
    this.#inner?.resume();
  }
}

const MB = process.env['DISTMAKE_FULL'] === undefined ? 100 : 1000;

test(`a job that prints ${MB} MB waits for who reads it, and the lane does not grow`, async () => {
  const valve = new Valve();
  const rig = await open(perl, { link: (inner) => valve.wrap(inner) });
  const { lane } = rig.ids;
  const most = (): number => Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${lane}/status`, 'latin1'))?.[1]);
  await rig.run('head -c 3000000 /dev/zero');
  const before = most();
  valve.shut();
  let size = 0;
  const job = {
    ...{ entries: [], directory: '', path: '', environment: [], umask: 0o022, recipe: 1, merge: false },
    ...{ visible: undefined, keep: undefined, argv: ['sh', '-c', `head -c ${MB}000000 /dev/zero`] },
  };
  let ended = false;
  const sink = {
    onApplied: () => undefined,
    onText: (_descriptor: 1 | 2, data: Buffer) => void (size += data.length),
    onEnd: () => void (ended = true),
    onOutput: () => undefined,
  };
  const running = rig.lane.run(job, sink, new AbortController().signal);
  const written: (string | undefined)[] = [];
  await eventually(() => {
    written.push(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${lane}/io`, 'latin1'))?.[1]);
    return processesWith(`head\0-c\0${MB}000000`).length === 1 && new Set(written.slice(-10)).size === 1;
  });
  expect([ended, size]).toEqual([false, 0]);
  valve.open();
  await running;
  expect([ended, size]).toEqual([true, MB * 1e6]);
  expect(most() - before).toBeLessThan(4096);
});
