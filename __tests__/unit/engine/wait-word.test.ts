import { expect, test } from '@jest/globals';
import { plainCommand, withoutWaits } from '../../../src/engine/wait-word.ts';

test.each([
  ['cat a .WAIT b >x', 'cat a b >x'],
  ['cat .WAIT a .WAIT', 'cat a'],
  ['echo "a .WAIT b" ".WAIT c" ".WAIT"', 'echo "a b" "c" ""'],
  ['x=$(echo .WAIT a);f .WAIT;', 'x=$(echo a);f;'],
  ['echo x.WAIT .WAITED ./.WAIT', 'echo x.WAIT .WAITED ./.WAIT'],
])('%j without the word: %j', (text, expected) => {
  expect(withoutWaits(text)).toBe(expected);
});

test('only commands of targets that have it among their prerequisites lose it', () => {
  const command = {
    target: 'lib/x.o',
    argv: ['/bin/sh', '-c', 'cat a .WAIT b'],
    command: 'cat a .WAIT b',
    environment: [],
    changes: [],
    prerequisites: { normal: ['a', '.WAIT', 'b'], orderOnly: ['.WAIT'] },
  };
  const prerequisites = { normal: ['a', 'b'], orderOnly: [] };
  const plain = { ...command, argv: ['/bin/sh', '-c', 'cat a b'], command: 'cat a b', prerequisites };
  expect(plainCommand(command, { waits: [] })).toBe(command);
  expect(plainCommand(command, { waits: ['y'] })).toEqual({ ...command, prerequisites });
  expect(plainCommand(command, { waits: ['lib/x.o'] })).toEqual(plain);
  expect(plainCommand(command, { waits: ['%.o'] })).toEqual(plain);
  expect(plainCommand(command, { waits: ['%.a', 'sub/%.o'] })).toEqual({ ...command, prerequisites });
});
