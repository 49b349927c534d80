import { expect, test } from '@jest/globals';
import { parseDpb } from '../../../src/hosts/dpb.ts';
import { parallelOf } from '../../../src/model/parallel.ts';
import { failure } from './compact.ts';

const FORM =
  'A line is "[user@]name[:port] [PROPERTY=VALUE …]" such as "ci@build1 jobs=8 sf=2", "DEFAULT PROPERTY=VALUE …" for the ' +
  'lines below it, or "PARAMETER=VALUE" in capitals; "#" begins a comment.';

test.each([
  ['a jobs=0', 8, 'the number of jobs is zero: leave the host out instead'],
  ['a jobs=', 8, 'the number of jobs is not a number: ""'],
  ['a x sf=0.5', 8, 'sf must be a number from 1 to 50, not "0.5"'],
  ['a sf=51', 6, 'sf must be a number from 1 to 50, not "51"'],
  ['a timeout=0', 11, 'timeout must be whole seconds from 1 to 9999999, not "0"'],
  ['a stuck=-1', 9, 'stuck must be whole seconds from 0 to 9999999, not "-1"'],
  ['a memory=4T', 10, 'memory must be a number with K, M or G behind it, such as 4G, not "4T"'],
  ['a parallel=/0', 12, 'parallel must be a number of jobs such as 4, or a part of them such as /2, not "/0"'],
  ['a arch=$(x)', 8, 'arch must be a word such as amd64, not "$(x)"'],
  ['a chroot=jail', 10, 'chroot must be absolute, such as "/jail", not "jail"'],
  ['DEFAULT jobs=x', 14, 'the number of jobs is not a number: "x"'],
  ['CONNECTION_TIMEOUT= soon', 21, 'CONNECTION_TIMEOUT must be whole seconds from 1 to 9999999, not "soon"'],
  ['STUCK_TIMEOUT=', 15, 'STUCK_TIMEOUT must be whole seconds from 0 to 9999999, not ""'],
  ['Startup=/x', 1, 'a line begins with the name of a host, not with "Startup=/x"; parameters are in capitals'],
  ['-a jobs=3', 1, '"-a" cannot be the name of a host'],
  ['a\x00', 2, 'there is a control character in it: "\\x00"'],
])('%j', (line, column, problem) => {
  expect(failure(() => parseDpb(`good\n${line}`, 'x'))).toBe(`x, line 2, column ${column}: ${problem}\n${FORM}`);
});

test('DEFAULT alone is no host', () => {
  expect(failure(() => parseDpb('DEFAULT jobs=4\nLOG_USER=x', 'x'))).toBe(`x: there is no host in it\n${FORM}`);
});

test('what is not known is passed over with a warning', () => {
  expect(parseDpb('a jbos=4 constructor=1\nA sf=2\nSTARTPU=x\n', 'x')).toMatchObject({
    hosts: [{ name: 'a', slots: undefined, speed: 1 }],
    warnings: [
      'x, line 1, column 3: there is no property "jbos", it is passed over; did you mean "jobs"?',
      'x, line 1, column 10: there is no property "constructor", it is passed over',
      'x, line 2, column 1: "A" is there already: line 1 counts, not this one',
      'x, line 3, column 1: there is no parameter "STARTPU", it is passed over; did you mean "STARTUP"?',
    ],
  });
  const { warnings } = parseDpb(`a ${'b=1 '.repeat(12)}`, 'x');
  expect([warnings.length, warnings[10]]).toEqual([11, 'x: 2 more warnings']);
});

test('defaults hold for later lines only, and parameters for all', () => {
  const text = 'a\nDEFAULT sf=2 stuck=100\nb\nDEFAULT jobs=3\nc sf=3 stuck=7\nSTARTUP=/s %h\nSTUCK_TIMEOUT=50';
  expect(parseDpb(text, 'x').hosts).toMatchObject([
    { name: 'a', speed: 1, stuck: 50, startup: '/s a' },
    { name: 'b', speed: 2, stuck: 200, slots: undefined },
    { name: 'c', speed: 3, stuck: 21, slots: 3, startup: '/s c' },
  ]);
});

test('the runner by its own name', () => {
  expect(parseDpb('me\nlocalhost:22', 'x', { name: 'me.example.org' }).hosts).toMatchObject([
    { local: true },
    { local: false },
  ]);
});

test.each([
  ['/2', 8, 4],
  ['/2', 3, 2],
  ['/2', 1, 0],
  ['/4', 64, 16],
  [4, 8, 4],
  [4, 1, 0],
] as const)('parallel %s of %i is %i', (parallel, jobs, slots) => {
  expect(parallelOf(parallel, jobs)).toBe(slots);
});
