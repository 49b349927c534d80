import { expect, test } from '@jest/globals';
import { leftBehind } from '../../../src/build/left-behind.ts';

test.each([
  ['it did not answer', 'it did not answer.'],
  ['nothing listens there: is sshd running?', 'nothing listens there: is sshd running?'],
  ['the link is dead.', 'the link is dead.'],
])('a directory that stays: %s', (reason, sentence) => {
  expect(leftBehind('build1', '/tmp/make-w', reason, 86_400)).toBe(
    `build1: /tmp/make-w could not be removed: ${sentence} The next run there removes it when it is 1 d old; ` +
      'until then it can be removed with distmake --clean, or by hand',
  );
});
