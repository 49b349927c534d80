import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../../src/model/outcome.ts';
import { BulkQueue } from '../../../src/engine/bulk-queue.ts';
import type { BulkMark } from '../../../src/engine/bulk-ledger.ts';
import { exited, GateRig, never, settled } from './bulk-rig.ts';

const taken: BulkMark = { kind: 'taken', file: 'locks/a', owner: 'process 5 on h', start: 0 };
const failed = (status: number): BulkMark => ({
  kind: 'failed',
  file: 'locks/a',
  owner: 'process 5 on h',
  outcome: exited(status),
});

const record = { lines: [], start: 0, file: false, peers: [] };

describe('an item', () => {
  test('is marked while its lines run and until make rests, then recorded as done', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    const first = rig.line('a');
    expect(await rig.gate.enter(first, never)).toBeUndefined();
    // It may wait for long until there is a place.
    expect([...rig.ledger.own.keys()]).toEqual([]);
    expect(rig.gate.start(first, undefined, never)).toBeUndefined();
    expect(rig.ledger.own.get('a')).toBe('the runner');
    rig.gate.left(first, exited(0));
    expect(await rig.run(rig.line('a', 1), exited(0))).toBeUndefined();
    expect(rig.ledger.own.has('a')).toBe(true);
    await rig.rest();
    expect(rig.ledger.own.has('a')).toBe(true);
    await rig.rest();
    expect(rig.ledger.own.has('a')).toBe(false);
    expect(rig.ledger.records.get('a')?.lines).toEqual(['/w sh -c a0 r', '/w sh -c a1 ']);
    expect(rig.gate.fates.get('a')).toEqual({ kind: 'built', place: 'the runner' });
  });

  test('whose recipe goes on is not over, although make had rested', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    await rig.run(rig.line('a'), exited(0));
    await rig.rest();
    const second = rig.line('a', 1);
    expect(await rig.begin(second)).toBeUndefined();
    expect(rig.ledger.own.has('a')).toBe(true);
    expect(rig.ledger.done('a')?.lines).toEqual([]);
    rig.gate.left(second, exited(0));
    await rig.rest();
    expect(rig.ledger.done('a')?.lines).toHaveLength(2);
  });

  test.each([
    ['make ended by itself', exited(2), []],
    ['the run was stopped', { kind: 'signaled', signal: 15 } as const, ['b']],
  ])('that fails keeps its mark; one that was cancelled only while it may be half-made: %s', async (_, end, left) => {
    const rig = new GateRig([{ target: 'a' }, { target: 'b' }]);
    await rig.run(rig.line('a'), exited(3));
    await rig.run(rig.line('b'), { kind: 'cancelled' });
    await rig.rest();
    expect(rig.ledger.look('a')).toMatchObject({ outcome: exited(3) });
    expect(rig.ledger.look('b')).toBeUndefined();
    rig.gate.passEnded(end);
    expect([...rig.ledger.own.keys()]).toEqual(left);
    expect([...rig.gate.fates.keys()]).toEqual(['a']);
  });

  test.each([
    ['a line that goes on', async (rig: GateRig) => void (await rig.run(rig.line('a', 1), exited(0)))],
    ['an item that needs it', async (rig: GateRig) => void (await rig.begin(rig.line('b')))],
    ['a make that ends well', (rig: GateRig) => Promise.resolve(rig.gate.passEnded(exited(0)))],
  ])('whose failure make ignores has not failed: %s', async (_, then) => {
    const rig = new GateRig([{ target: 'a' }, { target: 'b', after: ['a'] }]);
    await rig.run(rig.line('a'), exited(1));
    await then(rig);
    await rig.rest();
    await rig.rest();
    expect(rig.gate.fates.get('a')).toMatchObject({ kind: 'built' });
  });

  test('under -i, and one that the makefile lets fail, has not failed', async () => {
    const rig = new GateRig([{ target: 'a' }, { target: 'b', ignores: true }]);
    await rig.run(rig.line('a', 0, { flags: 'i' }), exited(1));
    await rig.run(rig.line('b'), exited(1));
    await rig.rest();
    await rig.rest();
    expect([...rig.gate.fates.values()].map(({ kind }) => kind)).toEqual(['built', 'built']);
  });

  test('that fails while the run is being stopped was cut short', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    const line = rig.line('a');
    await rig.begin(line);
    rig.gate.stop();
    rig.gate.left(line, { kind: 'signaled', signal: 15 });
    await rig.rest();
    rig.gate.passEnded({ kind: 'signaled', signal: 15 });
    expect([...rig.ledger.own.keys()]).toEqual(['a']);
    expect(rig.gate.fates.size).toBe(0);
  });

  test('has the process of each of its lines told, where that is known', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    await rig.run(rig.line('a', 0, { shim: 31 }), exited(0));
    await rig.run(rig.line('a', 1, { shim: 32 }), exited(0));
    await rig.run(rig.line('a', 2), exited(0));
    expect(rig.ledger.lines).toEqual(['a 31', 'a 32']);
  });

  test('of a dry run is none', async () => {
    const rig = new GateRig();
    expect(await rig.run(rig.line('a', 0, { flags: 'n' }), exited(0))).toBeUndefined();
    expect(rig.ledger.own.size + rig.gate.fates.size).toBe(0);
  });
});

describe('an item with the mark of another run', () => {
  test.each([
    ['made there: spared', undefined, exited(0), { kind: 'spared', by: 'other' }],
    ['failed there: fails', failed(4), exited(4), { kind: 'failed', where: 'another run, process 5 on h' }],
  ])('waits; %s', async (_, then, outcome, fate) => {
    const rig = new GateRig([{ target: 'a' }]);
    rig.ledger.marks.set('a', taken);
    const entered = rig.gate.enter(rig.line('a'), never);
    await rig.later();
    await rig.later();
    expect(rig.told).toEqual(['a is being made by process 5 on h (mark locks/a); waiting for it']);
    if (then) rig.ledger.marks.set('a', then);
    else rig.ledger.marks.delete('a');
    rig.ledger.made.add('a');
    await rig.later();
    expect(await entered).toEqual(outcome);
    expect(rig.gate.fates.get('a')).toMatchObject(fate);
    expect(rig.changes).toBe(then ? 0 : 1);
    // All its lines end so.
    expect(await rig.begin(rig.line('a', 1))).toEqual(outcome);
  });

  test('is made here when that run went without making it', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    rig.ledger.marks.set('a', taken);
    const line = rig.line('a');
    const entered = rig.gate.enter(line, never);
    rig.ledger.marks.delete('a');
    await rig.later();
    expect(await entered).toBeUndefined();
    expect(rig.gate.start(line, undefined, never)).toBeUndefined();
  });

  test('that is taken while it waits for a place waits once more, and was made meanwhile', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    const line = rig.line('a');
    await rig.gate.enter(line, never);
    rig.ledger.marks.set('a', taken);
    const obstacle = rig.gate.start(line, undefined, never);
    rig.ledger.marks.delete('a');
    rig.ledger.made.add('a');
    await rig.later();
    expect(await obstacle).toEqual(exited(0));
    rig.gate.left(line, exited(0));
    expect(rig.gate.fates.get('a')).toEqual({ kind: 'spared', by: 'other' });
  });

  test('that was made and recorded by another while it waited for a place is not made twice', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    const line = rig.line('a');
    await rig.gate.enter(line, never);
    rig.ledger.record('a', { ...record, lines: ['/w sh -c a0 r'], start: rig.ledger.now() });
    expect(await rig.gate.start(line, undefined, never)).toEqual(exited(0));
    expect(rig.ledger.own.size).toBe(0);
  });

  test.each(['its shim is gone', 'its make is over'])('does not wait on when %s', async (why) => {
    const rig = new GateRig([{ target: 'a' }, { target: 'b' }]);
    rig.ledger.marks.set('a', taken);
    const stop = new AbortController();
    const entered = rig.gate.enter(rig.line('a'), stop.signal);
    await rig.later();
    if (why === 'its shim is gone') stop.abort();
    else await rig.run(rig.line('b'), exited(1));
    await rig.later();
    expect(await entered).toBeUndefined();
  });

  test('that cannot be read fails, with words', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    rig.ledger.marks.set('a', { kind: 'unreadable', file: 'locks/a' });
    expect(await rig.begin(rig.line('a'))).toEqual(exited(2));
    expect(rig.told).toEqual(['the mark locks/a cannot be read; remove it if no run is making a']);
  });
});

test('an item that can neither be marked nor has a mark that can be seen fails, and the tries have pauses', async () => {
  const rig = new GateRig([{ target: 'a' }]);
  rig.ledger.take = () => false;
  const line = rig.line('a');
  await rig.gate.enter(line, never);
  let outcome: Outcome | undefined;
  let tries = 0;
  for (; outcome === undefined && tries < 100; tries++) {
    const obstacle = rig.gate.start(line, undefined, never);
    const over = settled().then(() => 'waits');
    if (outcome === undefined && tries === 0) expect(await Promise.race([obstacle, over])).toBe('waits');
    await rig.later();
    outcome = await obstacle;
  }
  expect(outcome).toEqual(exited(2));
  expect(rig.told).toEqual(['a can neither be marked, nor is there a mark of it that can be read']);
  rig.gate.passEnded(exited(2));
  expect(rig.gate.again()).toBe(false);
});

describe('an item that failed earlier', () => {
  test('is spared with status 2, said once; when its mark is gone there is a further pass', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    rig.ledger.marks.set('a', failed(1));
    expect(await rig.begin(rig.line('a'))).toEqual(exited(2));
    rig.gate.passEnded(exited(2));
    expect(rig.gate.again()).toBe(false);
    rig.ledger.marks.delete('a');
    expect(rig.gate.again()).toBe(true);
    expect(rig.gate.again()).toBe(false);
    expect(await rig.begin(rig.line('a', 0, { make: 8 }))).toBeUndefined();
    expect(rig.told).toEqual(['a failed in an earlier run (mark locks/a); remove the mark to try again']);
  });

  test('whose mark could not be written is not tried for ever', async () => {
    const rig = new GateRig([{ target: 'a' }]);
    rig.ledger.fail = () => undefined;
    await rig.run(rig.line('a'), exited(1));
    rig.gate.passEnded(exited(2));
    expect(rig.gate.again()).toBe(false);
  });

  test('of another gate is no reason for a further pass', () => {
    const rig = new GateRig([{ target: 'a' }]);
    rig.gate.left(rig.line('a'), exited(1));
    expect(rig.gate.fates.get('a')).toMatchObject({ kind: 'failed' });
    expect(rig.gate.again()).toBe(false);
  });
});

describe('an item that was finished earlier', () => {
  /** `b` needs `a` and the file `src`; both were built by a run before. */
  async function finished(): Promise<GateRig> {
    const rig = new GateRig([{ target: 'a' }, { target: 'b', after: ['a'], inputs: ['a', 'src'] }]);
    rig.ledger.files.set('/w/src', 1);
    for (const line of [rig.line('a'), rig.line('b'), rig.line('b', 1)]) await rig.run(line, exited(0));
    rig.gate.passEnded(exited(0));
    return rig;
  }

  test('is spared, line by line, and stays what this run has built', async () => {
    const rig = await finished();
    expect(await rig.begin(rig.line('b', 0, { make: 8 }))).toEqual(exited(0));
    expect(await rig.begin(rig.line('b', 1, { make: 8 }))).toEqual(exited(0));
    expect(rig.gate.fates.get('b')).toMatchObject({ kind: 'built' });
  });

  test.each<[string, (rig: GateRig) => void, { readonly flags?: string; readonly command?: string }]>([
    ['another command', () => undefined, { command: 'other' }],
    ['another recipe', (rig) => rig.gate.plan.forEach((item) => Object.assign(item, { recipe: 's' })), {}],
    ['what it needs was made since', (rig) => rig.ledger.record('a', { ...record, lines: ['x'] }), {}],
    ['what it needs was written since', (rig) => rig.ledger.files.set('/w/src', 1e9), {}],
    ['its file is gone', (rig) => Object.assign(rig.ledger.records.get('b') ?? {}, { file: true }), {}],
    ['-B', () => undefined, { flags: 'B' }],
  ])('is made anew: %s', async (_, change, options) => {
    const rig = await finished();
    change(rig);
    expect(await rig.begin(rig.line('b', 0, { make: 8, ...options }))).toBeUndefined();
  });

  test('is made anew when a file is gone that the same recipe has made', async () => {
    const rig = new GateRig([{ target: 'x', peers: ['y', 'z'] }]);
    rig.ledger.files.set('/w/x', 1).set('/w/y', 1);
    await rig.run(rig.line('x'), exited(0));
    rig.gate.passEnded(exited(0));
    expect(await rig.begin(rig.line('x', 0, { make: 8 }))).toEqual(exited(0));
    rig.ledger.files.delete('/w/y');
    expect(await rig.begin(rig.line('x', 0, { make: 9 }))).toBeUndefined();
  });

  test('fails, and is made in a further pass, when only a later line shows that it is another', async () => {
    const rig = await finished();
    expect(await rig.begin(rig.line('b', 0, { make: 8 }))).toEqual(exited(0));
    expect(await rig.begin(rig.line('b', 1, { make: 8, command: 'other' }))).toEqual(exited(2));
    rig.gate.passEnded(exited(2));
    expect(rig.gate.again()).toBe(true);
    expect(await rig.begin(rig.line('b', 0, { make: 9 }))).toBeUndefined();
    expect(rig.told).toHaveLength(1);
  });
});

describe('the order', () => {
  test('heavy items come before light ones, and what belongs to those that have begun before both', async () => {
    const rig = new GateRig([{ target: 'a', weight: 4 }, { target: 'b' }]);
    const [a, b, below] = [rig.line('a'), rig.line('b'), rig.line('a', 0, { make: 99 })];
    await rig.gate.enter(a, never);
    await rig.gate.enter(b, never);
    expect([a, b, below].map(({ job }) => rig.gate.weightOf(job.recipe))).toEqual([4, 0, Infinity]);
  });

  test('no more begin than there are jobs; the heaviest that waits is next', async () => {
    const rig = new GateRig(['a', 'b', 'c'].map((target, weight) => ({ target, weight })));
    rig.limit = 1;
    const [a, b, c] = [rig.line('a'), rig.line('b'), rig.line('c')];
    for (const line of [a, b, c]) await rig.gate.enter(line, never);
    expect(rig.gate.start(a, undefined, never)).toBeUndefined();
    const order: string[] = [];
    for (const line of [b, c])
      void rig.gate.start(line, undefined, never)?.then(() => order.push(line.job.recipe.target));
    rig.gate.left(a, exited(0));
    await settled();
    expect(order).toEqual(['c']);
    expect(rig.gate.start(c, undefined, never)).toBeUndefined();
    rig.gate.left(c, { kind: 'cancelled' });
    await settled();
    expect(order).toEqual(['c', 'b']);
  });

  test('who gives up waits for nothing', async () => {
    const queue = new BulkQueue(() => 1);
    const stop = new AbortController();
    const [gone, other] = [queue.wait(5, stop.signal), queue.wait(1, never)];
    stop.abort();
    await gone;
    queue.wake();
    expect(await other).toBeUndefined();
  });
});
