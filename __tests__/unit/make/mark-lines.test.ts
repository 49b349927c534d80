import { expect, test } from '@jest/globals';
import { readMarkTexts } from '../../../src/make/mark-lines.ts';

const read = (text: string) => readMarkTexts([{ name: 'm', text }]);

test.each([
  ['a + b: c\n', true],
  ['G = a + b\n', true],
  ['define G\na + b\nendef\n', true],
  ['G += a \\\n  +\n', true],
  ['G := $(shell expr 1 + 2)\nH += a\nall: ; expr 1 + 2\n\tx = 1 + 2\n', false],
  ['G != expr 1 + 2\ndefine R\n\texpr 1 + 2\nendef\n# a + b\n', false],
])('whether something may be joined: %j, %j', (text, joins) => {
  expect(read(text).joins).toBe(joins);
});

test('marks in their order, with their words; bare ones are told from those that only expand to nothing', () => {
  const text = `.PARALLEL: a $(V) # x y
.NO_PARALLEL .LOCAL: b \\
  c
.NO_PARALLEL:  # all
\t.PARALLEL: in a recipe
.PARALLEL = x
`;
  expect(read(text).lines).toEqual([
    { mark: 'parallel', bare: false, words: ['a', '$(V)'] },
    { mark: 'no-parallel', bare: false, words: ['b', 'c'] },
    { mark: 'local', bare: false, words: ['b', 'c'] },
    { mark: 'no-parallel', bare: true, words: [] },
  ]);
});

test('groups: what they join, and where their recipes may stand', () => {
  const text = `all: a
a + b: c

# x
\tone
c + d e ./f + g \\
 + h : ; two
$(X:.c=.o) + i: j
X += a: b
Y := k + l: m
`;
  expect(read(text).headers).toEqual([
    { file: 'm', first: 2, last: 5, groups: [['a', 'b']] },
    {
      file: 'm',
      first: 6,
      last: 7,
      groups: [
        ['c', 'd'],
        ['f', 'g', 'h'],
      ],
    },
    { file: 'm', first: 8, last: Infinity, groups: undefined },
  ]);
});

test.each([
  ['', false],
  ['.WAIT:', false],
  ['.WAIT x:\n\n\t@:', true],
  ['.WAIT: ; @:', true],
  ['.WAIT::', true],
  ['.WAIT:\nx:\n\t@:', false],
  ['x: .WAIT ; @:', false],
])('whether .WAIT has a recipe already: %j', (text, own) => {
  expect(read(text).ownWait).toBe(own);
});
