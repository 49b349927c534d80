import { expect, test } from '@jest/globals';
import { tally } from '../../../scripts/tally.mjs';

const clean = {
  numPassedTests: 7,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

test('a clean run counts what passed', () => {
  expect(tally(clean)).toEqual({ passed: 7, failed: 0 });
});

test.each([
  ['a failed test', { numFailedTests: 2 }, 2],
  ['a file that could not be run', { numRuntimeErrorTestSuites: 1 }, 1],
  ['a test left out', { numPendingTests: 1 }, 1],
  ['a test yet to be written', { numTodoTests: 1 }, 1],
])('%s is a failure with a complaint', (_, change, failed) => {
  expect(tally({ ...clean, ...change })).toEqual({ passed: 7, failed, complaint: expect.any(String) });
});

test('a run without tests or without a report is a failure', () => {
  expect(tally({ ...clean, numPassedTests: 0 })).toEqual({ passed: 0, failed: 1, complaint: 'no tests' });
  expect(tally(undefined)).toEqual({ passed: 0, failed: 1, complaint: 'no report of the tests' });
});
