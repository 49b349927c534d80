import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DoneList } from '../../../src/bulk/done-list.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'done-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (): DoneList => new DoneList(join(folder, 'done'));
const START = Date.parse('2026-05-01T10:00:00.000Z');
const record = { lines: ['0123456789ab', 'ba9876543210'], start: START, file: false, peers: [] };

test('what was added is there for other runs and later ones, in order', () => {
  const [one, other] = [open(), open()];
  one.add('a', record, START + 1000);
  other.add('b c', { ...record, file: true }, START + 1000);
  for (const list of [one, other, open()]) {
    expect(list.get('a')).toEqual({ ...record, order: 1 });
    expect(list.get('b c')).toEqual({ ...record, file: true, order: 2 });
    expect(list.get('c')).toBeUndefined();
  }
  one.add('a', { ...record, lines: [] }, START);
  expect(other.get('a')).toMatchObject({ lines: [], order: 3 });
  expect(readFileSync(join(folder, 'done'), 'utf8').split('\n')[0]).toBe(
    'a 0123456789ab,ba9876543210 2026-05-01T10:00:00.000Z 2026-05-01T10:00:01.000Z phony .',
  );
});

test('a line that was cut does not count, wherever it was cut, and harms no other', () => {
  open().add('a', { ...record, peers: ['.y'] }, START);
  const whole = readFileSync(join(folder, 'done'), 'latin1');
  for (let length = 1; length < whole.length - 1; length++) {
    rmSync(join(folder, 'done'));
    open().add('z', record, START);
    appendFileSync(join(folder, 'done'), whole.slice(0, length));
    const list = open();
    list.add('b', record, START);
    expect(list.get('a')).toBeUndefined();
    expect(list.get('z')).toMatchObject({ order: 1 });
    expect(list.get('b')).toMatchObject({ order: 2 });
  }
});

test('names are bytes: none of them ends a word, and files of the same recipe are kept with it', () => {
  const peers = ['./y', 'a b', 'caf\u00e9\u00a0', '%2E'];
  open().add('x\u00a0y\u0085', { ...record, file: true, peers }, START);
  expect(open().get('x\u00a0y\u0085')).toEqual({ ...record, file: true, peers, order: 1 });
});

test('when it is removed there is nothing in it any more, for whoever has it open', () => {
  const [one, other] = [open(), open()];
  one.add('a', record, START);
  one.remove();
  expect(existsSync(join(folder, 'done'))).toBe(false);
  expect(other.get('a')).toBeUndefined();
  other.add('b', record, START);
  expect(one.get('b')).toBeDefined();
  expect(one.get('a')).toBeUndefined();
});
