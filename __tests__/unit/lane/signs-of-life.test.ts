import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Duplex, Readable } from 'node:stream';
import type { LaneSetup } from '../../../src/engine/ports.ts';
import { LeftOut } from '../../../src/engine/left-out.ts';
import type { LaneStream } from '../../../src/lane/lane-stream.ts';
import { PerlLane } from '../../../src/lane/perl-lane.ts';
import { bytesOf } from '../../../src/util/bytes.ts';
import { eventually, file, LaneRig, processesWith, type Around, type Variant } from './lane-rig.ts';

const perl: Variant = { name: '', kind: 'perl', sandbox: 'tree', shell: '/bin/dash' };
jest.setTimeout(30_000);

const rigs: LaneRig[] = [];

afterEach(async () => {
  jest.useRealTimers();
  for (const rig of rigs.splice(0)) await rig.dispose();
});

async function open(around: Around = {}, setup: Partial<LaneSetup> = { patience: 1 }): Promise<LaneRig> {
  const rig = await LaneRig.open(perl, setup, around);
  rigs.push(rig);
  return rig;
}

const someWord = (): string => `${5_000_000 + Math.floor(Math.random() * 999_999)}`;

/** The lane gives a runner that says nothing up after this, instead of minutes. */
const hasty = (program: string): string => program.replace('$patience * 8 > 120 ? $patience * 8 : 120', '3');

/** Can be cut: from there on neither end hears of the other, and nothing ends. */
class Cable {
  cut = false;
  wrap(inner: Duplex): Duplex {
    const outer = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        if (!this.cut) inner.write(chunk);
        done();
      },
      destroy: (error, done) => {
        inner.destroy();
        done(error);
      },
    });
    inner.on('data', (chunk: Buffer) => {
      if (this.cut) inner.pause();
      else outer.push(chunk);
    });
    inner.on('end', () => outer.push(null));
    inner.on('close', () => outer.push(null));
    return outer;
  }
}

describe('a lane', () => {
  test('and its runner go on for as long as both live, whether they have something to do or not', async () => {
    const [busy, idle] = [await open({ edit: hasty }, { patience: 2 }), await open({ edit: hasty }, { patience: 2 })];
    expect((await busy.run('sleep 4; echo done')).stdout).toBe('done\n');
    expect((await idle.run('echo more')).stdout).toBe('more\n');
  });

  test('may be long about files', async () => {
    const slowly = (before: string) => (program: string) =>
      program.replace(before, `select undef, undef, undef, 0.1; ${before}`);
    const files = Array.from({ length: 20 }, (_, i) => file(`f${i}`, 'x'));
    const [taking, walking] = [
      await open({ edit: slowly('my ($kind, @field) = split / /, $line;') }),
      await open({ edit: slowly('my $stamp = $seen') }),
    ];
    await Promise.all([
      taking.lane.sync(files),
      walking.run('true', { entries: files }).then(({ outcome }) => expect(outcome.kind).toBe('exited')),
    ]);
  });

  test('that hangs is lost', async () => {
    const rig = await open();
    const word = someWord();
    const lost = expect(rig.run(`sleep ${word}`)).rejects.toThrow('it has said nothing for 1 s');
    await eventually(() => processesWith(`sleep\0${word}`).length === 1);
    const { lane } = rig.ids;
    process.kill(lane, 'SIGSTOP');
    await lost;
    expect(await rig.lane.gone).toBe('it has said nothing for 1 s');
    process.kill(lane, 'SIGKILL');
    await eventually(() => processesWith(word).length === 0);
  });

  test('that hears nothing of its runner ends, with its job, whatever it does', async () => {
    const word = someWord();
    const jobs = [`setsid sleep ${word} & sleep ${word}`, `while echo ${word}; do :; done`, undefined];
    await Promise.all(
      jobs.map(async (job) => {
        const cable = new Cable();
        const rig = await open({ edit: hasty, link: (inner) => cable.wrap(inner) });
        if (job !== undefined) rig.run(job).catch(() => undefined);
        if (job !== undefined) await eventually(() => processesWith(word).length > 0);
        cable.cut = true;
        await eventually(() => processesWith(`${rig.directory}/staging`).length === 0);
      }),
    );
    expect(processesWith(word)).toEqual([]);
  });

  test('that cannot end a job is lost', async () => {
    const rig = await open({ edit: (program) => program.replace('$killed = 1;\n    kill_job($pid);', '') });
    const stop = new AbortController();
    const word = someWord();
    const running = rig.run(`sleep ${word}`, {}, stop.signal);
    const lost = expect(running).rejects.toThrow('a job there was to be killed, and still ran after 1 s');
    await eventually(() => processesWith(`sleep\0${word}`).length === 1);
    stop.abort();
    await lost;
    await eventually(() => processesWith(word).length === 0);
  });

  test('tells when it has gone by itself, and not that it was closed', async () => {
    const [first, second] = [await open(), await open()];
    process.kill(first.ids.lane, 'SIGKILL');
    expect(await first.lane.gone).toBe('the connection was closed');
    let told = false;
    void second.lane.gone.then(() => (told = true));
    await second.close();
    await new Promise(setImmediate);
    expect(told).toBe(false);
  });
});

describe('the greeting', () => {
  /** Answers with this when a lane is started; `#` stands for the nonce. */
  function host(answer: string): LaneStream {
    const stream = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        const nonce = /distmake-[0-9a-f]{24}/.exec(bytesOf(chunk))?.[0];
        if (nonce !== undefined) this.push(`\n${answer.replaceAll('#', nonce)}\n`);
        done();
      },
    });
    return Object.assign(stream, { stderr: Readable.from([]) });
  }
  const greeted = (answer: string): Promise<unknown> =>
    PerlLane.open(host(answer), '', {
      ...{ staging: '/tmp/s', workspace: '/w', number: 1, create: true, sandbox: 'tree', partial: false },
      ...{ token: undefined, setup: 'x', startup: 'x', ownersFile: 'optional', patience: 15 },
    }).catch((error: unknown) => error);

  test.each([
    ['# setup-failed', true],
    ['# startup-failed 3', true],
    ['# ready\nrefused not you', true],
    ['# ready\nfailed not now', false],
    ['# ready\nnonsense', false],
  ])('says whether it is of use to try again: %s', async (answer, never) => {
    const error = await greeted(answer);
    expect(error).toBeInstanceOf(Error);
    expect(error instanceof LeftOut).toBe(never);
  });

  test('may be 10 minutes in coming, but the lane itself may not', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    let setUp: unknown = 'it is waited for';
    const patient = greeted('').then((error) => (setUp = error));
    const silent = greeted('# ready');
    await jest.advanceTimersByTimeAsync(16_000);
    expect(await silent).toHaveProperty('message', 'it has said nothing for 15 s');
    expect(await silent).not.toBeInstanceOf(LeftOut);
    await jest.advanceTimersByTimeAsync(590_000);
    await new Promise(setImmediate);
    expect(setUp).toBe('it is waited for');
    await jest.advanceTimersByTimeAsync(20_000);
    await patient;
    expect(setUp).toHaveProperty(
      'message',
      'its set-up lines, or its start-up command, have not ended within 10 minutes',
    );
    expect(setUp).not.toBeInstanceOf(LeftOut);
  });
});
