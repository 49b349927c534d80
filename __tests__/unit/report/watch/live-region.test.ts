import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { LiveRegion } from '../../../../src/report/watch/live-region.ts';
import { FakeTerminal } from './fake-terminal.ts';

const SIGNALS = ['SIGTSTP', 'SIGCONT', 'exit'] as const;
const listeners = (): number[] => SIGNALS.map((name) => process.listenerCount(name));

let terminal: FakeTerminal;
let region: LiveRegion;
let before: number[];
beforeEach(() => {
  before = listeners();
  terminal = new FakeTerminal(20, 8);
  terminal.write('before\n');
  region = new LiveRegion(terminal);
});
afterEach(() => {
  region.close();
  expect(listeners()).toEqual(before);
});

const lines = (): string[] => terminal.screen.text.split('\n');

test('is drawn over, and what is printed stays above', () => {
  region.draw(['head 1', 'a', 'b']);
  expect(lines()).toEqual(['before', 'head 1', 'a', 'b']);
  region.print('one\n');
  region.print('two\n');
  expect(lines()).toEqual(['before', 'head 1', 'a', 'b']);
  region.draw(['head 2', 'c']);
  expect(lines()).toEqual(['before', 'one', 'two', 'head 2', 'c']);
  region.draw([]);
  expect(lines()).toEqual(['before', 'one', 'two']);
});

test('what is printed may be longer than the terminal and scrolls away whole', () => {
  region.draw(['head', 'a']);
  const text = Array.from({ length: 30 }, (_, at) => `line ${at}${'x'.repeat(at)}`);
  region.print(`${text.join('\n')}\n`);
  region.draw(['head', 'b']);
  expect(terminal.screen.text.replaceAll('\n', '')).toBe(`before${text.join('')}headb`);
});

test('the same again is not written again', () => {
  region.draw(['head', 'a']);
  const { length } = terminal.written;
  region.draw(['head', 'a']);
  expect(terminal.written).toHaveLength(length);
});

test('has one row less than the terminal, for the cursor', () => {
  expect(region.size).toEqual({ columns: 20, rows: 7 });
  const full = Array.from({ length: 7 }, (_, at) => `row ${at}`);
  region.draw(full);
  region.draw(full.map((row) => `${row}!`));
  expect(lines()).toEqual(['before', ...full.map((row) => `${row}!`)]);
});

test('a terminal that does not know its size has 80 columns and 24 rows', () => {
  Object.assign(terminal, { columns: 0, rows: 0 });
  expect(region.size).toEqual({ columns: 80, rows: 23 });
  region.draw(['head']);
  expect(lines()).toEqual(['before', 'head']);
});

describe('a terminal of another size', () => {
  const drawAgain = (): void =>
    region.onLost(() => region.draw([`${region.size.columns} columns`.slice(0, region.size.columns), 'a']));

  test('narrower: the lines that it has broken are gone as well', () => {
    drawAgain();
    region.draw(['x'.repeat(20), 'y'.repeat(18), '日'.repeat(10)]);
    terminal.resize(11, 10);
    expect(lines()).toEqual(['before', '11 columns', 'a']);
  });

  test('wider', () => {
    drawAgain();
    region.draw(['x'.repeat(20), 'y'.repeat(18)]);
    terminal.resize(30, 8);
    expect(lines()).toEqual(['before', '30 columns', 'a']);
  });

  test('again and again', () => {
    drawAgain();
    for (const columns of [12, 40, 10, 20, 11]) terminal.resize(columns, 8);
    expect(lines()).toEqual(['before', '11 columns', 'a']);
  });
});

describe('the cursor', () => {
  test('is hidden as long as the region is there', () => {
    expect(terminal.screen.cursorShown).toBe(false);
    region.draw(['a']);
    expect(terminal.screen.cursorShown).toBe(false);
    region.close();
    expect(terminal.screen.cursorShown).toBe(true);
    expect(lines()).toEqual(['before']);
  });

  test('is shown when the process ends without a word, after what was not printed yet', () => {
    region.draw(['head']);
    region.print('last words\n');
    const [leave] = process.listeners('exit').slice(-1) as [(code: number) => void];
    leave(1);
    expect(terminal.screen.cursorShown).toBe(true);
    expect(lines()).toEqual(['before', 'head', 'last words']);
    region.draw(['too late']);
    expect(terminal.screen.text).not.toContain('too late');
  });

  test('is shown while the process is stopped; then all is drawn below what the shell has printed', async () => {
    const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
    try {
      region.onLost(() => region.draw(['head', 'again']));
      region.draw(['head', 'a']);
      process.emit('SIGTSTP', 'SIGTSTP');
      await Promise.resolve();
      expect(kill.mock.calls).toEqual([[process.pid, 'SIGSTOP']]);
      expect(terminal.screen.cursorShown).toBe(true);
      expect(lines()).toEqual(['before']);
      terminal.write('[1]+  Stopped\n$ fg\n');
      // A timer may come first.
      region.draw(['head', 'early']);
      process.emit('SIGCONT', 'SIGCONT');
      expect(terminal.screen.cursorShown).toBe(false);
      expect(lines()).toEqual(['before', '[1]+  Stopped', '$ fg', 'head', 'again']);
    } finally {
      kill.mockRestore();
    }
  });
});

test('a terminal that goes away is no fault, whenever it is noticed: nothing is written to it any more', () => {
  region.draw(['head']);
  const { length } = terminal.written;
  terminal.emit('error', new Error('write EIO'));
  region.print('above\n');
  region.draw(['head', 'a']);
  terminal.resize(10, 5);
  process.emit('SIGCONT', 'SIGCONT');
  region.close();
  terminal.emit('error', new Error('write EIO'));
  expect(terminal.written).toHaveLength(length);
});
