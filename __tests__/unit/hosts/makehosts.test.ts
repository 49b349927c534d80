import { describe, expect, test } from '@jest/globals';
import { parseMakehosts } from '../../../src/hosts/makehosts.ts';
import { failure } from './compact.ts';

const FORM =
  'A line is "[user@]name[:port] N", N being the jobs it may run at one time, such as "ci@build1.example.org:2222 8"; ' +
  'an IPv6 address goes in brackets: "[2001:db8::7]:2222 8".';

function wrong(text: string, source = 'input hosts'): string {
  return failure(() => parseMakehosts(text, source));
}

describe('good lines', () => {
  test.each([
    ['build1 4', { name: 'build1', address: 'build1', user: undefined, port: undefined, slots: 4, local: false }],
    ['10.0.0.7:2222 1', { name: '10.0.0.7:2222', address: '10.0.0.7', port: 2222 }],
    ['[::1]:2222 4', { name: '[::1]:2222', address: '::1', port: 2222 }],
    ['ci@[fe80::1%eth0] 4', { name: 'ci@[fe80::1%eth0]', address: 'fe80::1%eth0', user: 'ci', port: undefined }],
    ['ann@example.org@build1 2', { address: 'build1', user: 'ann@example.org' }],
    ['localhost 3', { local: true, slots: 3 }],
    ['localhost:22 3', { local: false }],
    ['root@localhost 3', { local: false }],
    ['127.0.0.1 3', { local: false }],
    ['\t build1 \t 004 \t# the fast one', { name: 'build1', slots: 4 }],
    ['build1 9999', { slots: 9999 }],
    ['build1 4 #', { slots: 4 }],
    ['my_host-2 4', { address: 'my_host-2' }],
  ])('%s', (line, host) => {
    expect(parseMakehosts(line, 'x').hosts).toMatchObject([host]);
  });

  test('order, blank lines, comments and CRLF', () => {
    const { hosts } = parseMakehosts('# my hosts\r\n\r\nb 2\r\n   \r\n\t# off: c 3\r\na 1\r\n', 'x');
    expect(hosts.map(({ name, slots, line }) => [name, slots, line])).toEqual([
      ['b', 2, 3],
      ['a', 1, 6],
    ]);
  });

  test('the runner itself and its sshd are two hosts, and so are two users', () => {
    expect(parseMakehosts('localhost 1\nlocalhost:22 1\na@localhost 1\nb@localhost 1', 'x').hosts).toHaveLength(4);
  });
});

describe('bad lines', () => {
  test.each([
    ['build1', 1, 'the number of jobs is missing after "build1"'],
    ['build1 # 4', 1, 'the number of jobs is missing after "build1"'],
    ['build1 0', 8, 'the number of jobs is zero: leave the host out instead'],
    ['build1 -2', 8, 'the number of jobs is negative: "-2"'],
    ['build1 four', 8, 'the number of jobs is not a number: "four"'],
    ['build1 4.5', 8, 'the number of jobs is not a number: "4.5"'],
    ['build1 +4', 8, 'the number of jobs is not a number: "+4"'],
    ['build1 0x4', 8, 'the number of jobs is not a number: "0x4"'],
    ['build1 4#fast', 8, 'the number of jobs is not a number: "4#fast"'],
    ['build1 4\u00a0', 8, 'the number of jobs is not a number: "4\\xa0"'],
    ['build1 10000', 8, 'the number of jobs is above 9999: "10000"'],
    ['build1 4 8', 10, 'there is something behind the number of jobs: "8"'],
    ['build1:0 4', 1, 'the port must be a number from 1 to 65535, not "0"'],
    ['build1:65536 4', 1, 'the port must be a number from 1 to 65535, not "65536"'],
    ['build1:ssh 4', 1, 'the port must be a number from 1 to 65535, not "ssh"'],
    ['build1: 4', 1, 'the port must be a number from 1 to 65535, not ""'],
    ['build1:-1 4', 1, 'the port must be a number from 1 to 65535, not "-1"'],
    ['[::1]: 4', 1, 'the port must be a number from 1 to 65535, not ""'],
    ['@build1 4', 1, 'the user before "@" is missing in "@build1"'],
    ['ci@ 4', 1, 'the name of the host is missing in "ci@"'],
    [':22 4', 1, 'the name of the host is missing in ":22"'],
    ['[]:22 4', 1, 'the name of the host is missing in "[]:22"'],
    ['::1 4', 1, 'an IPv6 address must be in brackets: "::1"'],
    ['ci@fe80::1:2222 4', 1, 'an IPv6 address must be in brackets: "fe80::1:2222"'],
    ['[build1]:22 4', 1, '"build1" in brackets is no IPv6 address'],
    ['[::1 4', 1, 'an IPv6 address must be in brackets: "[::1"'],
    ['-oProxyCommand=x 4', 1, '"-oProxyCommand=x" cannot be the name of a host'],
    ['-l@build1 4', 1, '"-l" cannot be the name of a user'],
    ['a;b@build1 4', 1, '"a;b" cannot be the name of a user'],
    ['ssh://build1 4', 1, 'the port must be a number from 1 to 65535, not "//build1"'],
    ['bu$ild 4', 1, '"bu$ild" cannot be the name of a host'],
    ['.. 4', 1, '".." cannot be the name of a host'],
    ['build1\x1b[2J 4', 7, 'there is a control character in it: "\\x1b"'],
    ['build1 4\rbuild2 4', 9, 'there is a control character in it: "\\x0d"'],
    [`${'x'.repeat(50)}`, 1, `the number of jobs is missing after "${'x'.repeat(40)}…"`],
  ])('%j', (line, column, problem) => {
    expect(wrong(`good 1\n\n${line}`)).toBe(`input hosts, line 3, column ${column}: ${problem}\n${FORM}`);
  });

  test.each([
    ['a 1\nb 2\na 3', '"a" is there twice, first on line 1: one line with the sum will do'],
    ['a:22 1\nb 2\nA:22 3', '"A:22" is there twice, first on line 1: one line with the sum will do'],
    ['u@[::1]:9 1\n\nu@[::1]:9 3', '"u@[::1]:9" is there twice, first on line 1: one line with the sum will do'],
  ])('a host twice: %j', (text, problem) => {
    expect(wrong(text)).toBe(`input hosts, line 3, column 1: ${problem}\n${FORM}`);
  });

  test.each(['', '\n\n', '# nothing\n'])('no host at all: %j', (text) => {
    expect(wrong(text, '/home/u/.makehosts')).toBe(`/home/u/.makehosts: there is no host in it\n${FORM}`);
  });

  test('all bad lines are named, up to ten', () => {
    expect(wrong('a\nb 1\nc 0')).toBe(
      'input hosts, line 1, column 1: the number of jobs is missing after "a"\n' +
        `input hosts, line 3, column 3: the number of jobs is zero: leave the host out instead\n${FORM}`,
    );
    const lines = wrong(Array.from({ length: 13 }, (_, index) => `h${index}`).join('\n')).split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[9]).toBe('input hosts, line 10, column 1: the number of jobs is missing after "h9"');
    expect(lines[10]).toBe('input hosts: 3 more problems');
  });
});
