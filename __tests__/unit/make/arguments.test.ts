import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { argumentsOf, changeArguments, splitArguments, type Argument } from '../../../src/make/arguments.ts';

const option = (id: string, value?: string): Argument => ({ kind: 'option', id, value });
const goal = (text: string): Argument => ({ kind: 'goal', text });

/** Words that look like make's, and others. */
const words = fc.array(
  fc.oneof(
    fc.constantFrom('-j', '-j4', '-kj', '4', '-C', '-Csub', '-f', '--', '-', 'A=b', 'all', '--jobs', '--jobs=3', '--j'),
    fc.constantFrom(
      '-l',
      '.5',
      '--file',
      '--dir=x',
      '--no-print',
      '-O',
      '-Oline',
      '--debug',
      '-knB',
      '-x',
      '',
      '--x=y',
    ),
    fc.string(),
    fc.stringMatching(/^-[a-zA-Z]{1,4}[0-9]?$/),
  ),
);

describe('splitArguments', () => {
  test.each<[string, string[], Argument[]]>([
    [
      'goals and variables in any order',
      ['a', 'X=1', '-k', 'b'],
      [goal('a'), { kind: 'variable', text: 'X=1' }, option('k'), goal('b')],
    ],
    ['a bundle', ['-ksn'], [option('k'), option('s'), option('n')]],
    ['a bundle that ends with a number', ['-kj4'], [option('k'), option('j', '4')]],
    ['a number in the next word', ['-j', '4', '-kj', '5'], [option('j', '4'), option('k'), option('j', '5')]],
    ['a goal behind a bare -j', ['-j', 'all', '--jobs', '4x'], [option('j'), goal('all'), option('j'), goal('4x')]],
    ['-j at the end', ['-j'], [option('j')]],
    [
      'long names',
      ['--jobs=3', '--jobs', '4', '--directory', 'd'],
      [option('j', '3'), option('j', '4'), option('C', 'd')],
    ],
    [
      'beginnings of long names',
      ['--dir=d', '--dry', '--no-b', '--quie'],
      [option('C', 'd'), option('n'), { kind: 'unknown', text: '--no-b' }, option('s')],
    ],
    ['a load', ['-l', '2.5', '-l', '.5', '-l', 'x'], [option('l', '2.5'), option('l', '.5'), option('l'), goal('x')]],
    ['output sync takes its own word only', ['-O', 'line', '-Oline'], [option('O'), goal('line'), option('O', 'line')]],
    ['arguments that look like options', ['-f', '-k', '-C', '--'], [option('f', '-k'), option('C', '--')]],
    [
      'nothing is an option behind --',
      ['--', '-k', '-j4', 'A=b'],
      [{ kind: 'end' }, goal('-k'), goal('-j4'), { kind: 'variable', text: 'A=b' }],
    ],
    [
      'kinds of assignment',
      ['A:=1', 'A::=2', 'A+=3', 'A?=4', 'A!=5', 'a:b=6', 'a b=7'],
      [
        ...['A:=1', 'A::=2', 'A+=3', 'A?=4', 'A!=5'].map((text): Argument => ({ kind: 'variable', text })),
        goal('a:b=6'),
        goal('a b=7'),
      ],
    ],
    [
      'what make refuses',
      ['-x', '--nope', '--silent=1', '-f'],
      ['-x', '--nope', '--silent=1', '-f'].map((text) => ({ kind: 'unknown', text })),
    ],
    ['evaluation', ['-E', 'X=1', '--eval=Y=2'], [option('E', 'X=1'), option('E', 'Y=2')]],
  ])('%s', (_, input, expected) => {
    expect(argumentsOf(input)).toEqual(expected);
  });

  test('no word is lost or changed', () => {
    fc.assert(fc.property(words, (input) => expect(splitArguments(input).flatMap((g) => g.words)).toEqual(input)));
  });
});

describe('changeArguments', () => {
  test('leaves out of bundles, and puts in before --', () => {
    const drop = (a: Argument) => a.kind === 'option' && a.id === 'j';
    expect(changeArguments(['-kj4', '-j', '8', '-C', 'd', '--', '-j'], drop, ['-j2'])).toEqual([
      '-k',
      '-C',
      'd',
      '-j2',
      '--',
      '-j',
    ]);
    expect(changeArguments(['-kC', 'd', '-nj'], (a) => a.kind === 'option' && a.id === 'k', [])).toEqual([
      '-Cd',
      '-nj',
    ]);
  });

  test('what is left means the same', () => {
    fc.assert(
      fc.property(words, fc.constantFrom('j', 'k', 'C', 'O', 'f'), (input, id) => {
        const drop = (a: Argument) => a.kind === 'option' && a.id === id;
        fc.pre(argumentsOf(input).every((a) => a.kind !== 'unknown'));
        expect(argumentsOf(changeArguments(input, drop, []))).toEqual(argumentsOf(input).filter((a) => !drop(a)));
      }),
    );
  });
});
