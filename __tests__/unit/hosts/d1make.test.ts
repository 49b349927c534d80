import { expect, test } from '@jest/globals';
import { parseD1makeHosts } from '../../../src/hosts/d1make.ts';
import { failure } from './compact.ts';

const FORM =
  'It is a list of hosts, "[user@]name[:port]" each, with blanks between them, such as "build1 ci@build2:2222"; ' +
  'an IPv6 address goes in brackets: "[2001:db8::7]:2222".';

test('what the other variables say', () => {
  const settings = { setup: 'CC=gcc; ulimit -n 4096;', makeArguments: '-k -s' };
  expect(parseD1makeHosts('  a   b ', 'D1MAKE_HOSTS', settings)).toMatchObject({
    makeArguments: '-k -s',
    hosts: [
      { name: 'a', slots: undefined, setup: settings.setup },
      { name: 'b', slots: undefined, setup: settings.setup },
    ],
  });
});

test.each([
  ['', ': there is no host in it'],
  ['  \n', ': there is no host in it'],
  ['a b a', ', line 1, column 5: "a" is there twice: leave one out'],
  ['a -b', ', line 1, column 3: "-b" cannot be the name of a host'],
  ['a,b', ', line 1, column 1: "a,b" cannot be the name of a host'],
  ['a\nb::c d\n', ', line 2, column 1: an IPv6 address must be in brackets: "b::c"'],
  ['a \x1b', ', line 1, column 3: there is a control character in it: "\\x1b"'],
])('%j', (text, problem) => {
  expect(failure(() => parseD1makeHosts(text, 'D1MAKE_HOSTS'))).toBe(`D1MAKE_HOSTS${problem}\n${FORM}`);
});
