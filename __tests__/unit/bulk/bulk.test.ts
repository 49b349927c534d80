import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bulk } from '../../../src/bulk/bulk.ts';
import { DiskLedger } from '../../../src/bulk/disk-ledger.ts';
import { DoneList } from '../../../src/bulk/done-list.ts';
import { Marks } from '../../../src/bulk/marks.ts';

let folder: string;
let told: string[];
const running = new Set<number>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulk-'));
  told = [];
  running.clear();
});
afterEach(() => rmSync(folder, { recursive: true }));

const END = { kind: 'exited', status: 0 } as const;
const FAILURE = { kind: 'exited', status: 2 } as const;
const RULE = { target: 'x', pattern: false, normal: ['nosuch'], orderOnly: [], recipe: { text: '\tmake x' } };

function worldOf(pid: number, machine = 'boot 1') {
  running.add(pid);
  const born = (of: number): string | undefined => (running.has(of) ? `born ${of}` : undefined);
  return { self: { host: 'here', machine, pid, born: `born ${pid}` }, born, now: Date.now };
}

function open(pid: number, machine?: string): Bulk {
  const tell = (text: string): void => void told.push(text);
  const rest = { atRest: () => Promise.resolve(), limit: () => 1, changed: () => undefined, tell };
  return Bulk.open({ directory: join(folder, 'state'), ...worldOf(pid, machine), ...rest });
}

const kept = (name: string): string => join(folder, 'state', name);
const makes = (make: number): Parameters<Bulk['setRules']>[0] => ({ make, directory: folder });

describe('the directory', () => {
  test('must not be one that holds other things', () => {
    mkdirSync(join(folder, 'state'));
    writeFileSync(kept('Makefile'), '');
    expect(() => open(10)).toThrow(/^the directory of the bulk build, .*state, holds other things.* Name a new one/);
    expect(readdirSync(join(folder, 'state'))).toEqual(['Makefile']);
    rmSync(kept('Makefile'));
    open(10);
    expect(existsSync(kept('locks'))).toBe(true);
  });

  test('that is none is told', () => {
    writeFileSync(join(folder, 'state'), '');
    expect(() => open(10)).toThrow(/^the directory of the bulk build cannot be used: .*ENOTDIR/);
  });
});

describe('a run that ends well', () => {
  test('leaves what is done to runs that live, and the last of them removes it', () => {
    const [one, other] = [open(10), open(20)];
    one.finish(END, true);
    expect(existsSync(kept('done'))).toBe(true);
    other.finish(END, true);
    expect(existsSync(kept('done'))).toBe(false);
    expect(readdirSync(kept('runs'))).toEqual([]);
    expect(told).toEqual([]);
  });

  test('does not wait for one that has died, and names one of which that is not known', () => {
    open(10);
    const other = open(20);
    open(30, 'boot 2');
    running.delete(10);
    other.finish(END, true);
    expect(existsSync(kept('done'))).toBe(true);
    const [file = ''] = readdirSync(kept('runs'));
    expect(told).toEqual([
      `process 30 on here (another machine, container or boot of that name) may still be at this bulk build, so what is done is kept; if it is gone, remove ${kept('runs')}/${file}`,
    ]);
  });

  test.each([
    ['drops', END, []],
    ['one that ends otherwise keeps', FAILURE, ['x']],
  ])('%s the mark of an item that failed earlier and of which make had nothing to make', (_, end, left) => {
    const marks = new Marks(join(folder, 'state/locks'), worldOf(10));
    const mark = { path: join(folder, 'x'), removable: true, make: 10, line: 10, place: 'here', start: 0 };
    for (const target of ['x', 'other']) {
      marks.take({ ...mark, target });
      marks.fail(target, FAILURE);
    }
    const bulk = open(20);
    bulk.setRules(makes(21), [RULE], ['x']);
    bulk.finish(end, true);
    expect(readdirSync(kept('locks')).sort()).toEqual(['other', ...left]);
  });
});

test('a report that could not be written is not named', () => {
  const bulk = open(10);
  mkdirSync(kept('report'));
  expect(bulk.finish(FAILURE, true).file).toBeUndefined();
  expect(readdirSync(join(folder, 'state')).filter((name) => name.startsWith('report.'))).toEqual([]);
  expect(told).toEqual([expect.stringMatching(/^the report of the bulk build cannot be written to /)]);
  rmSync(kept('report'), { recursive: true });
  expect(bulk.finish(FAILURE, true).file).toBe(kept('report'));
});

test('an item that lacks a file of no rule is skipped because of it, if the run has failed', () => {
  const bulk = open(10);
  bulk.setRules(makes(11), [RULE], ['x']);
  bulk.finish(FAILURE, true);
  expect(readFileSync(kept('report'), 'utf8')).toBe('x skipped nosuch 1\n');
  writeFileSync(join(folder, 'nosuch'), '');
  bulk.finish(FAILURE, true);
  expect(readFileSync(kept('report'), 'utf8')).toBe('x not-reached - 1\n');
  writeFileSync(join(folder, 'x'), '');
  bulk.finish(FAILURE, true);
  expect(readFileSync(kept('report'), 'utf8')).toBe('x up-to-date - 1\n');
});

test('items belong to the make whose rules are known, and to the next one when that is gone', () => {
  const bulk = open(10);
  for (const make of [11, 12]) {
    running.add(make);
    bulk.setRules(makes(make), [{ ...RULE, target: `of${make}` }], [`of${make}`]);
  }
  expect([...bulk.gate.plan.keys()]).toEqual(['of11']);
  running.delete(11);
  bulk.setRules(makes(12), [{ ...RULE, target: 'of12' }], ['of12']);
  expect([...bulk.gate.plan.keys()]).toEqual(['of12']);
});

test('that another run has made an item is known by its record alone', () => {
  const marks = new Marks(join(folder, 'locks'), worldOf(10));
  const done = new DoneList(join(folder, 'done'));
  const ledger = new DiskLedger(marks, done, (text) => void told.push(text), Date.now);
  const mark = { kind: 'taken', file: 'locks/x', owner: 'another', start: 5000 } as const;
  writeFileSync(join(folder, 'x'), 'half');
  expect(ledger.wasMade('x', mark)).toBe(false);
  const record = { lines: ['00'], file: true, peers: [] };
  ledger.record('x', { ...record, start: 4999 });
  expect(ledger.wasMade('x', mark)).toBe(false);
  ledger.record('x', { ...record, start: 5000 });
  expect(ledger.wasMade('x', mark)).toBe(true);
  ledger.forget('x');
  expect(ledger.wasMade('x', mark)).toBe(false);
  done.remove();
  expect(ledger.wasMade('x', mark)).toBe(false);
});
