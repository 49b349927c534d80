import { expect, test } from '@jest/globals';
import { parseDmakerc } from '../../../src/hosts/dmakerc.ts';
import { compactMatrix, failure } from './compact.ts';

const FORM =
  'An entry is "[host] NAME [{ jobs = N, path = "DIR", rsh = "PROGRAM" }]", NAME being "[user@]name[:port]"; a group is ' +
  '"group NAME { … }" with entries and "group NAME" in it; names may be in double quotes; "#" begins a comment.';

test.each([
  ['falcon { jobs = 0 }', '1, column 17: the number of jobs is zero: leave the host out instead'],
  ['falcon { jobs = -1 }', '1, column 17: the number of jobs is negative: "-1"'],
  ['falcon { jobs = four }', '1, column 17: the number of jobs is not a number: "four"'],
  ['falcon { jobs = 10000 }', '1, column 17: the number of jobs is above 9999: "10000"'],
  ['falcon { job = 4 }', '1, column 10: there is no attribute "job"; did you mean "jobs"?'],
  ['falcon { nice = 4 }', '1, column 10: there is no attribute "nice": there are jobs, path and rsh'],
  ['falcon { jobs = 1, jobs = 2 }', '1, column 20: attribute "jobs" is there twice'],
  ['falcon { jobs = 1 path = "/x" }', '1, column 19: a comma is missing before "path"'],
  ['falcon { jobs = 1, }', '1, column 20: an attribute such as "jobs = 4" should stand here, not "}"'],
  ['falcon { jobs 1 }', '1, column 15: "=" is missing behind "jobs"'],
  ['falcon { jobs = }', '1, column 17: the value of "jobs" is missing'],
  ['falcon { path = "bin" }', '1, column 17: path must be absolute, such as "/opt/bin", not "bin"'],
  ['falcon { path = "/bin:" }', '1, column 17: path has an empty part: each is a directory such as "/opt/bin"'],
  ['falcon { rsh = "" }', '1, column 16: rsh: the program is missing'],
  ['falcon { rsh = "ssh \'x" }', '1, column 16: rsh: a quote is opened and never closed'],
  ['falcon { jobs = 1\nhost hawk', '1, column 8: "{" is never closed'],
  ['falcon { jobs = 1', '1, column 8: "{" is never closed'],
  ['falcon 4', '1, column 8: a number stands where a host should: jobs are written "{ jobs = 4 }"'],
  ['falcon }', '1, column 8: the name of a host should stand here, not "}"'],
  ['"falcon', '1, column 1: a quote is opened and not closed on its line: "\\"falcon"'.replace('\\"', '"')],
  ['host ""', '1, column 6: the name of a host is empty'],
  ['host', '1, column 5: the name of a host should stand here, not the end'],
  ['-falcon {}', '1, column 1: "-falcon" cannot be the name of a host'],
  ['falcon\x07', '1, column 7: there is a control character in it: "\\x07"'],
  ['falcon\nfalcon { jobs = 3 }', '2, column 1: "falcon" is there twice, first on line 1: leave one out'],
  ['group x {\n falcon\n FALCON { jobs = 3 } }', '3, column 2: "FALCON" is twice in group "x", first on line 2'],
  [
    'group x { falcon group y }\ngroup y {\n host falcon { jobs=4 } }',
    '1, column 24: "falcon" is twice in group "x", first on line 1',
  ],
  ['group labs { group lab2 }\ngroup lab1 { a }', '1, column 20: there is no group "lab2"; did you mean "labs"?'],
  [
    'group a { x group b }\ngroup b { group c }\ngroup c { y group a }',
    '3, column 19: group "a" is in itself: a → b → c → a',
  ],
  ['group a { x group a }', '1, column 19: group "a" is in itself: a → a'],
  ['group a { x }\ngroup a { y }', '2, column 7: group "a" is there twice, first on line 1'],
  ['group a { }\nb', '1, column 1: group "a" has no members'],
  ['group a\nb', '2, column 1: "{" with the members of group "a" is missing here'],
  ['group a { b', '1, column 9: "{" of group "a" is never closed'],
  [
    'group a { b group c { d } }',
    '1, column 21: a group cannot be defined in a group: give group "c" its members outside of this group, and only its name here',
  ],
])('%j', (text, problem) => {
  expect(failure(() => parseDmakerc(text, 'x'))).toBe(`x, line ${problem}\n${FORM}`);
});

test('the same machine may say something else in another group', () => {
  const matrix = parseDmakerc('falcon { jobs = 3 }\ngroup x { falcon }\ngroup y { falcon { jobs=3 } }', 'x');
  expect(compactMatrix(matrix)).toMatchObject({
    hosts: [
      { slots: 3, line: 1 },
      { slots: 2, line: 2 },
    ],
    groups: [
      ['x', 'falcon (2)'],
      ['y', 'falcon (1)'],
    ],
    ungrouped: ['falcon (1)'],
  });
});

test.each([
  ['build1', true],
  ['BUILD1.example.org', true],
  ['localhost', true],
  ['build1.example.com', false],
  ['build1:22', false],
  ['build', false],
])('%s on build1.example.org', (name, local) => {
  expect(parseDmakerc(`${name} { rsh = ssh }`, 'x', { name: 'build1.example.org' }).hosts).toMatchObject([
    { local, transport: local ? undefined : ['ssh'] },
  ]);
});

test('keywords are names when quoted, and a path is kept', () => {
  const { hosts, groups } = parseDmakerc('"host" { path = "/a b:/c" }\ngroup "group" { host "group" }', 'x');
  expect(hosts).toMatchObject([{ name: 'host', path: '/a b:/c' }, { name: 'group' }]);
  expect(groups).toMatchObject([{ name: 'group' }]);
});

test('groups may nest as deep as they like', () => {
  const count = 2000;
  const lines = Array.from({ length: count }, (_, index) => `group g${index} { group g${index + 1} }`);
  const { groups } = parseDmakerc([...lines, `group g${count} { falcon }`].join('\n'), 'x');
  expect(groups[0]).toMatchObject({ name: 'g0', hosts: [{ name: 'falcon' }] });
});
