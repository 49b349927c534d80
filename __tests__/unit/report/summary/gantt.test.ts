import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { gantt, ganttText } from '../../../../src/report/summary/gantt.ts';

const bar = { text: 'a', kind: 'usual', from: 0, to: 1 } as const;
const axis = (seconds: number): string[] =>
  gantt([{ name: 'h', bars: [bar] }], { seconds, packed: true })
    .split('\n')
    .filter((line) => /^(?:axis|tick)|:/.test(line) && !line.startsWith('config') && !line.startsWith('display'));

test.each([
  [0.5, 'axisFormat %Q ms', 'tickInterval 100millisecond', 'a :0, 1000'],
  [2, 'axisFormat %Q ms', 'tickInterval 200millisecond', 'a :0, 1000'],
  [3, 'axisFormat %s s', 'tickInterval 1second', 'a :0, 1000'],
  [100, 'axisFormat %s s', 'tickInterval 10second', 'a :0, 1000'],
  [600, 'axisFormat %s s', 'tickInterval 1minute', 'a :0, 1000'],
  [1200, 'axisFormat %s min', 'tickInterval 2second', 'a :0, 17'],
  [40_000, 'axisFormat %s h', 'tickInterval 1second', 'a :0, 1'],
  [4_000_000, 'axisFormat %s h', 'tickInterval 1minute', 'a :0, 1'],
])('the axis of %d seconds', (seconds, ...lines) => {
  expect(axis(seconds)).toEqual(lines);
});

describe('names', () => {
  test.each([
    ['src/foo.o', 'src/foo.o'],
    ['ci@[fd00::1]:22', 'ci@[fd00∶∶1]∶22'],
    ['a;b#c%%d,e"f`g', 'a·b·c··d·e·f·g'],
    ['section x', './section x'],
    ['gantt', './gantt'],
    ['title\nclick', './title click'],
    ['2026-01-01', './2026-01-01'],
    ['%%{init: {}}%%', '···init∶ ·····'],
    ['über.o', 'über.o'],
    [' \x00\x1b[31m ', '\u200b'],
    ['a/very/long/path/to/a/file.o', '…ry/long/path/to/a/file.o'],
  ])('%j', (name, shown) => {
    expect(ganttText(name, 25)).toBe(shown);
  });

  test('nothing with a meaning is left, nothing is longer, nothing is empty', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 2, max: 40 }), (name, limit) => {
        const shown = ganttText(name, limit);
        expect(shown).toMatch(/^(?:\u200b|[\p{L}\p{N} ._/+=@~()[\]\u2236\u00b7\u2026-]+)$/u);
        expect([...shown].length).toBeLessThanOrEqual(limit + 2);
        expect(shown).not.toMatch(/^\s|\s$/);
      }),
    );
  });
});
