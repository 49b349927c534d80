import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { distSet, TargetSet } from '../../../src/engine/dist-set.ts';
import { encode } from '../../../src/util/bytes.ts';

describe('patterns and names', () => {
  test.each([
    // A pattern without `/` matches the base name.
    ['*.o', 'x.o', 'pattern'],
    ['*.o', 'src/lib/x.o', 'pattern'],
    ['*.o', './x.o', 'pattern'],
    ['*.o', '../x.o', 'pattern'],
    ['*.o', '/abs/x.o', 'pattern'],
    ['%.o', 'a/x.o', 'pattern'],
    ['*.o', 'x.o.d', undefined],
    ['*.o', 'x.O', undefined],
    ['*.o', 'xo', undefined],
    ['*.o', 'x.o/y', undefined],
    ['*.o', '.o', 'pattern'],
    ['lib*', 'lib/x', undefined],
    ['*', 'anything/at all', 'pattern'],
    // With `/` it matches the path, and `%` and `*` cross `/`.
    ['src/*.o', 'src/x.o', 'pattern'],
    ['src/*.o', 'src/a/b/x.o', 'pattern'],
    ['src/%.o', './src/a/x.o', 'pattern'],
    ['./src/*.o', 'src/x.o', 'pattern'],
    ['.//src/*.o', './src/x.o', 'pattern'],
    ['src/*.o', 'x/src/x.o', undefined],
    ['src/*.o', 'x.o', undefined],
    ['*/x.o', 'a/b/x.o', 'pattern'],
    ['*/x.o', 'x.o', undefined],
    ['a*/b%c/*', 'a1/2/b3/4c/5', 'pattern'],
    ['/abs/*', '/abs/d/x', 'pattern'],
    ['**.o', 'd/x.o', 'pattern'],
    // Names.
    ['prog', 'prog', 'name'],
    ['prog', './prog', 'name'],
    ['./prog', 'prog', 'name'],
    ['././prog', './/prog', 'name'],
    ['prog', 'bin/prog', 'name'],
    ['bin/prog', 'bin/prog', 'name'],
    ['bin/prog', './bin/prog', 'name'],
    ['bin/prog', 'prog', undefined],
    ['bin/prog', 'x/bin/prog', undefined],
    ['prog', 'prog2', undefined],
    ['.', '.', 'name'],
    // What means something to a regular expression is text.
    ['a.o', 'axo', undefined],
    ['*.o', 'x_o', undefined],
    ['(a|b)+?[c]{1}^$\\*', '(a|b)+?[c]{1}^$\\x', 'pattern'],
    ['[ab].*', 'a.o', undefined],
    ['a+*', 'aa', undefined],
    ['?.*', 'x.o', undefined],
    ['*.o', 'x\n.o', 'pattern'],
    ['*.o', 'x.o\n', undefined],
  ] as const)('%j %j: %s', (pattern, target, match) => {
    expect(new TargetSet([pattern]).match(target)).toBe(match);
  });

  test('a name is stronger than a pattern, whatever their order', () => {
    expect(new TargetSet(['*.o', 'x.o']).match('x.o')).toBe('name');
    expect(new TargetSet(['x.o', '*.o']).match('d/x.o')).toBe('name');
    expect(new TargetSet(['x.o', '*.o']).match('y.o')).toBe('pattern');
  });

  test('an empty set matches nothing', () => {
    expect(new TargetSet([]).match('x.o')).toBeUndefined();
  });

  test('bytes that are no UTF-8', () => {
    const set = new TargetSet(['\xff*.o', '\xe9t\xe9']);
    expect(set.match('d/\xff\xfe.o')).toBe('pattern');
    expect(set.match('\xe9t\xe9')).toBe('name');
    expect(set.match('\xfe.o')).toBeUndefined();
  });

  test('any text matches itself as a name, and with a star in any place as a pattern', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab./\\[](){}^$+?|-\xff\n'), minLength: 1 });
    fc.assert(
      fc.property(text, fc.nat(), (name, where) => {
        const at = where % (name.length + 1);
        expect(new TargetSet([name]).match(name)).toBe('name');
        const pattern = `${name.slice(0, at)}*${name.slice(at)}`;
        // A leading `./` is none any more with the star in it, and a pattern with `/` is one for the whole path.
        fc.pre(!/^(?:\.\/+)/.test(name) && !/^(?:\.\/+)/.test(pattern));
        expect(new TargetSet([pattern]).match(`${name.slice(0, at)}xyz${name.slice(at)}`)).toBe('pattern');
      }),
    );
  });
});

describe('modes', () => {
  test('auto: .DIST where there is one, else the usual objects', () => {
    const usual = distSet({ mode: 'auto' }, undefined);
    expect(['a.o', 'd/a.lo', 'a.obj', 'a.c', 'prog'].map((target) => usual.match(target))).toEqual([
      'pattern',
      'pattern',
      'pattern',
      undefined,
      undefined,
    ]);
    const own = distSet({ mode: 'auto' }, ['prog', '%.x']);
    expect(['a.o', 'prog', 'a.x'].map((target) => own.match(target))).toEqual([undefined, 'name', 'pattern']);
    expect(distSet({ mode: 'auto' }, []).match('a.o')).toBeUndefined();
  });

  test('makefile: .DIST alone (B2)', () => {
    expect(distSet({ mode: 'makefile' }, undefined).match('a.o')).toBeUndefined();
    expect(distSet({ mode: 'makefile' }, ['%.o']).match('a.o')).toBe('pattern');
  });

  test('patterns: added to .DIST, in UTF-8', () => {
    const set = distSet({ mode: 'patterns', patterns: ['é*.o'] }, ['prog']);
    expect(set.match(encode('é1.o'))).toBe('pattern');
    expect(set.match('\xe91.o')).toBeUndefined();
    expect(set.match('prog')).toBe('name');
    expect(set.match('a.o')).toBeUndefined();
    expect(distSet({ mode: 'patterns', patterns: ['*.o'] }, undefined).match('a.o')).toBe('pattern');
  });
});
