import { expect, test } from '@jest/globals';

import { WorkLines } from '../../../src/make/work-lines.ts';

const TEXT = [
  "Makefile:2: target 'a' does not exist",
  'touch a',
  "sub/rules.mk:40: update target 'b c' due to: a",
  'touch b',
  'echo',
  "Makefile:9: target 'nothing to run' does not exist",
  "<builtin>: update target 'd.o' due to: target does not exist",
  'echo "Makefile:3: target \'no\' does not exist"',
  "Makefile:4: update target 'a' due to: target is .PHONY",
  "Makefile:5: update target 'it's' due to: x' due to: y",
  'true',
  "Makefile:6: target 'last' does not exist",
  '',
].join('\n');

test.each([1, 7, 40, 10_000])('targets of which a command follows, each once (in pieces of %d)', (size) => {
  const lines = new WorkLines();
  for (let at = 0; at < TEXT.length; at += size) lines.push(TEXT.slice(at, at + size));
  expect(lines.targets).toEqual(['a', 'b c', 'd.o', "it's"]);
});

test('a line without end is not kept', () => {
  const lines = new WorkLines();
  lines.push("Makefile:2: update target 'a' due to: ");
  for (let at = 0; at < 100; at++) lines.push('x '.repeat(10_000));
  lines.push('\ntouch a\n');
  expect(lines.targets).toEqual(['a']);
});
