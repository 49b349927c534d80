import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineIdentity } from '../../../src/bulk/life.ts';
import { Runs } from '../../../src/bulk/runs.ts';

let folder: string;
const running = new Set<number>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runs-'));
  running.clear();
});
afterEach(() => rmSync(folder, { recursive: true }));

function runOf(pid: number, machine = 'boot 1'): Runs {
  running.add(pid);
  const born = (of: number): string | undefined => (running.has(of) ? `born ${of}` : undefined);
  return new Runs(folder, { self: { host: 'here', machine, pid, born: `born ${pid}` }, born });
}

test('a run is seen by others from its start to its end', () => {
  const [one, other] = [runOf(10), runOf(20)];
  expect(one.others()).toMatchObject([{ owner: 'process 20 on here', lives: true }]);
  other.leave();
  expect(one.others()).toEqual([]);
  one.leave();
  expect(readdirSync(folder)).toEqual([]);
});

test('one that died here is forgotten; of one elsewhere nobody knows, nor of what cannot be read', () => {
  const own = runOf(20);
  runOf(10);
  runOf(11, 'boot 2');
  running.clear();
  writeFileSync(join(folder, 'cut'), '12\nborn');
  expect(own.others().toSorted((a, b) => (a.owner < b.owner ? -1 : 1))).toMatchObject([
    { owner: 'another run', file: join(folder, 'cut'), lives: false },
    { owner: 'process 11 on here (another machine, container or boot of that name)', lives: false },
  ]);
  expect(readdirSync(folder)).toHaveLength(3);
});

test('this machine is itself, however often it is asked', () => {
  expect(machineIdentity()).toBe(machineIdentity());
  expect(machineIdentity()).toMatch(/^[0-9a-f-]{36} pid:\[\d+\]$/);
});
