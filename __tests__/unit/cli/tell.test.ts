import { expect, test } from '@jest/globals';
import { toldText } from '../../../src/cli/tell.ts';

test('in a workflow the words of an error are no commands of the runner', () => {
  expect(toldText('bad:\r::error::x\n##[error]y\u001b[2Jz', true)).toBe(
    'distmake: bad:\ndistmake: ::error::x\ndistmake: # #[error]yz\n',
  );
});

test('elsewhere they are as they are', () => {
  expect(toldText('one\n##[two]', false)).toBe('distmake: one\ndistmake: ##[two]\n');
});
