import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shellWords } from '../../../src/util/shell-words.ts';

test.each([
  ['', []],
  [' \n\t ', []],
  ['all  install\ncheck\r\n', ['all', 'install', 'check']],
  [`CFLAGS='-O2 -g' "a b"c d\\ e ''`, ['CFLAGS=-O2 -g', 'a bc', 'd e', '']],
  [`'-DNAME="x"' "it's" "say \\"hi\\""`, ['-DNAME="x"', "it's", 'say "hi"']],
  ['$(X) ${Y} *.o # ; | >', ['$(X)', '${Y}', '*.o', '#', ';', '|', '>']],
  ['a\\\nb', ['ab']],
  [`CFLAGS='-DP=\\"a\\"'" -O2" "\\$x"`, ['CFLAGS=-DP=\\"a\\" -O2', '$x']],
])('%j', (text, words) => {
  expect(shellWords(text)).toEqual(words);
});

test('any words, quoted the way of a shell, come back', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (words) => {
      const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
      expect(shellWords(quoted)).toEqual(words);
    }),
  );
});

test('the same words as sh, where nothing is there to expand', () => {
  const fragment = fc.oneof(
    fc.stringMatching(/^[a-z0-9=.,:/+-]{1,4}$/),
    fc.stringMatching(/^\\[ "'$*;a-z]$/),
    fc.stringMatching(/^'[ "$*;a-z]{0,4}'$/),
    fc.stringMatching(/^"([ '*;a-z]|\\[$"`\\a ]){0,4}"$/),
  );
  const word = fc.array(fragment, { minLength: 1, maxLength: 4 }).map((fragments) => fragments.join(''));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), fc.constantFrom(' ', '\t', ' \\\n  '), (words, blank) => {
      const text = words.join(blank);
      const script = `for word in ${text}; do printf '%s\\0' "$word"; done`;
      const output = execFileSync('sh', ['-c', script], { encoding: 'latin1' });
      expect(shellWords(text)).toEqual(output.split('\0').slice(0, -1));
    }),
    { numRuns: 150 },
  );
});
