import { describe, expect, test } from '@jest/globals';
import { parseYaml } from '../../../src/hosts/yaml.ts';
import { compactMatrix, failure } from './compact.ts';

const FORM =
  'It is YAML or JSON such as {"hosts": ["build1 8", {"address": "ci@build2:2222", "slots": 4}]}; every key is told by ' +
  'schema/hosts.schema.json.';

function wrong(text: string): string {
  return failure(() => parseYaml(text, 'x'));
}

describe('errors', () => {
  const host = (options: string): string => `hosts:\n- {address: a, ${options}}`;
  const name =
    'must be a name: up to 100 characters on one line, without a blank at either end, and without "-" in front';
  const entry = 'must be "[user@]name[:port]", with " N" behind it for its jobs, or a mapping that has "address"';
  const tag = 'a tag ("!…") has no meaning here: leave it out';
  test.each([
    ['host: [a]\nhosts: [b]', '1, column 1: there is no key "host"; did you mean "hosts"?'],
    ['defaults: {}', '1, column 1: "hosts" is missing'],
    ['hosts: a', '1, column 8: "hosts" must be a list of hosts, not "a"'],
    ['hosts:', '1, column 7: "hosts" must be a list of hosts, and nothing stands there'],
    ['just text', '1, column 1: a matrix must be a mapping with "hosts" in it, or a list of hosts, not "just text"'],
    ['- 5', `1, column 3: a host ${entry}, not 5`],
    ['- [a]', `1, column 3: a host ${entry}, not a list`],
    ['- a b', '1, column 3: the number of jobs is not a number: "b"'],
    ['- a 1 2', '1, column 3: there is something behind the number of jobs: "2"'],
    ['- ""', '1, column 3: the name of the host is missing in ""'],
    ['- a::b', '1, column 3: an IPv6 address must be in brackets: "a::b"'],
    ['hosts:\n- {slots: 4}', '2, column 3: "address" is missing'],
    ['hosts:\n- {address: -a}', '2, column 13: "-a" cannot be the name of a host'],
    [host('lables: [x]'), '2, column 16: there is no key "lables"; did you mean "labels"?'],
    [
      host('constructor: x'),
      '2, column 16: there is no key "constructor": there are address, name, groups, slots, path, jump, identity, environment, speed, labels, transport, setup, startup, chroot, timeout, arch, stuck, memory, parallel, needs-owners-file',
    ],
    [host('slots: "8"'), '2, column 23: "slots" must be a whole number from 1 to 9999, not "8"'],
    [host('slots: 0'), '2, column 23: "slots" must be a whole number from 1 to 9999, not 0'],
    [host('slots: 1.5'), '2, column 23: "slots" must be a whole number from 1 to 9999, not 1.5'],
    [host('speed: 51'), '2, column 23: "speed" must be a number from 1 to 50, not 51'],
    [host('name: " a"'), `2, column 22: "name" ${name}, not " a"`],
    [
      host('labels: [x, "a b"]'),
      '2, column 28: an entry of "labels" must be a word without blanks and commas, not "a b"',
    ],
    [host('path: bin'), '2, column 22: "path" must be absolute, such as "/opt/bin", not "bin"'],
    [host('path: [/x, 3]'), '2, column 27: an entry of "path" must be text on one line, not 3'],
    [host('jump: "b,,c"'), '2, column 22: "jump" cannot be read: the name of the host is missing in ""'],
    [host('identity: "a\\0b"'), '2, column 26: "identity" must be text on one line, not "a\\x00b"'],
    [host('transport: "a\\nb"'), '2, column 27: "transport" must be text on one line, not "a\\x0ab"'],
    [host('transport: []'), '2, column 27: "transport" has no program in it'],
    [host('transport: "\'"'), '2, column 27: "transport" cannot be read: a quote is opened and never closed'],
    [host('chroot: jail'), '2, column 24: "chroot" must be absolute, such as "/jail", not "jail"'],
    [
      host('memory: 4T'),
      '2, column 24: "memory" must be bytes, or text with K, M or G behind the number such as 4G, not "4T"',
    ],
    [
      host('parallel: /x'),
      '2, column 26: "parallel" must be a number of jobs such as 4, or a part of the slots such as /2, not "/x"',
    ],
    [host('needs-owners-file: yes'), '2, column 35: "needs-owners-file" must be true or false, not "yes"'],
    [host('environment: [TOKEN=s3cret]'), '2, column 29: "environment" must be a mapping of variables to values'],
    [host('environment: {TOKEN: [s3cret]}'), '2, column 37: "TOKEN" must be text, a number, true or false'],
    [host('environment: {A: }'), '2, column 33: "A" must be text, a number, true or false'],
    [host('environment: {1A: s3cret}'), '2, column 30: "1A" must be the name of a variable'],
    ['hosts: [a]\ndefaults: {slots: x}', '2, column 19: "slots" must be a whole number from 1 to 9999, not "x"'],
    [
      'hosts: [a]\ndefaults: {name: x}',
      '2, column 12: there is no key "name": there are slots, path, jump, identity, environment, speed, labels, transport, setup, startup, chroot, timeout, arch, stuck, memory, parallel, needs-owners-file',
    ],
    ['hosts: [a]\ndefaults: {path: x}', '2, column 18: "path" must be absolute, such as "/opt/bin", not "x"'],
    ['hosts: [a]\ndefaults: []', '2, column 11: "defaults" must be a mapping, not a list'],
    [
      'hosts: [a, b, a]',
      '1, column 15: "a" is there twice, first on line 1: give one of them another "name", or leave it out',
    ],
    [
      'hosts: [a, {address: A, name: b}]',
      '1, column 31: "b" is there twice, first on line 1: it leads to the same login',
    ],
    [
      'hosts: [build1]\ngroups: {g: [build2]}',
      '2, column 14: there is no host and no group "build2"; did you mean "build1"?',
    ],
    [
      'hosts: [{address: a, groups: [slwo]}]\ngroups: {slow: [], fast: [a]}',
      '1, column 31: there is no group "slwo" in "groups"; did you mean "slow"?\nx, line 2, column 10: group "slow" has no members',
    ],
    ['hosts: [a]\ngroups: {a: [a]}', '2, column 10: group "a" has the name of a host'],
    ['hosts: [a]\ngroups: {g: [a, h], h: [g]}', '2, column 25: group "g" is in itself: g → h → g'],
    ['hosts: [a]\ngroups: {g: [a, h], h: [a]}', '2, column 17: "a" is twice in group "g", first on line 2'],
    ['hosts: [a]\ngroups: [g, {members: [a]}]', '2, column 13: "name" is missing'],
    [
      'hosts: [a]\ngroups: [[a]]',
      '2, column 10: a group must be a name, or a mapping that has "name" and "members", not a list',
    ],
    ['hosts: [a]\ngroups: {g: a}', '2, column 13: "g" must be a list of names of hosts and groups, not "a"'],
    ['hosts: [a]\nhosts: [b]', '2, column 1: "hosts" is there twice, first on line 1'],
    ['hosts: [a]\n---\nhosts: [b]', '2, column 1: a second document begins here: one is all there may be'],
    ['hosts: !!seq [a]', `1, column 14: ${tag}`],
    ['hosts: [!x a]', `1, column 12: ${tag}`],
    ['hosts: [*a]', '1, column 9: the alias "*a" stands for nothing above it'],
    ['hosts: &a [*a]', '1, column 12: the alias "*a" is within what it stands for'],
    ['? [a]\n: b', '1, column 3: a key must be a word or text in quotes'],
    [
      'hosts: "s3cret',
      '1, column 15: something is missing here: a quote, a brace, a bracket, a comma, a colon, or a blank behind one of them',
    ],
    ['hosts:\n\t- s3cret', '2, column 1: there is a tab in the indentation: YAML wants blanks'],
    [
      'hosts: s3cret: x',
      '1, column 8: there is a second ":" in this line: put the text in quotes, or go to a new line',
    ],
    [
      'hosts: [a',
      '1, column 10: the indentation does not fit (entries of one list begin in the same column), or a brace or bracket is not closed',
    ],
    [
      'hosts: [a]]',
      '1, column 11: this is not YAML: a quote, a comma, a brace or a colon may be missing or too many before it',
    ],
  ])('%j', (text, problem) => {
    expect(wrong(text)).toBe(`x, line ${problem}\n${FORM}`);
  });

  test.each(['', '# nothing', '{hosts: []}', '[]'])('no host at all: %j', (text) => {
    expect(wrong(text)).toBe(`x: there is no host in it\n${FORM}`);
  });

  test('all at once, in the order of the text', () => {
    const lines = wrong(`hosts:\n${'- {address: a, slots: x, foo: 1}\n'.repeat(6)}`).split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[0]).toBe('x, line 2, column 23: "slots" must be a whole number from 1 to 9999, not "x"');
    expect(lines[1]).toMatch(/^x, line 2, column 26: there is no key "foo"/);
    expect(lines[10]).toBe('x: 2 more problems');
  });
});

test('groups without "groups" are those that hosts name, in the order in which they do', () => {
  const matrix = parseYaml('- {address: a, groups: [z, "1"]}\n- {address: b, groups: z}\n- c', 'x');
  expect(compactMatrix(matrix)).toMatchObject({
    groups: [
      ['z', 'a (1)', 'b (2)'],
      ['1', 'a (1)'],
    ],
    ungrouped: ['c (3)'],
  });
});

test('groups as a list', () => {
  const text = 'hosts: [a, {address: b, groups: day}]\ngroups:\n- day\n- {name: all, members: [a, day]}';
  expect(compactMatrix(parseYaml(text, 'x'))).toMatchObject({
    groups: [
      ['day', 'b (1)'],
      ['all', 'a (1)', 'b (1)'],
    ],
  });
});

test('one machine may be in two groups under two names', () => {
  const text = '- {address: a, name: day, slots: 2, groups: d}\n- {address: a, name: night, slots: 8, groups: n}';
  expect(parseYaml(text, 'x').groups).toMatchObject([{ hosts: [{ slots: 2 }] }, { hosts: [{ slots: 8 }] }]);
});

test('the same private address behind two gates is two machines', () => {
  const text = '- {address: 10.0.0.1, name: a, jump: gate1}\n- {address: 10.0.0.1, name: b, jump: gate2}';
  expect(parseYaml(text, 'x').ungrouped).toHaveLength(2);
});

test('the runner, and what is only called so', () => {
  const text = '- localhost 2\n- {address: localhost, name: box, transport: docker exec -i box}';
  expect(parseYaml(text, 'x').hosts).toMatchObject([{ local: true }, { local: false }]);
});

test('odd names of variables are names', () => {
  const { hosts } = parseYaml('- {address: a, environment: {constructor: x, __proto__: "y", N: 007, T: True}}', 'x');
  expect(Object.entries(hosts[0]?.environment ?? {})).toEqual([
    ['constructor', 'x'],
    ['__proto__', 'y'],
    ['N', '007'],
    ['T', 'True'],
  ]);
});

test('zero takes a default away', () => {
  const text =
    'defaults: {stuck: 9, memory: 1K, chroot: /x, jump: g, path: /p}\nhosts:\n- {address: a, stuck: 0, memory: 0, chroot: /, jump: none, path: []}\n- b';
  expect(parseYaml(text, 'x').hosts).toMatchObject([
    { stuck: undefined, memory: undefined, chroot: undefined, jump: [], path: '' },
    { stuck: 9, memory: 1024, chroot: '/x', jump: [{ address: 'g' }], path: '/p' },
  ]);
});
