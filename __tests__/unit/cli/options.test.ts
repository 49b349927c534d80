import { expect, test } from '@jest/globals';
import { parseOptions, type CliOptions } from '../../../src/cli/options.ts';

const parse = (words: string): CliOptions => parseOptions(words.split(' '), '/here');

test('options stand in front; the first word that is none, and all behind it, go to make', () => {
  expect(parse('-gfast --load m1 all -g slow --eval --hosts')).toMatchObject({
    group: 'fast',
    load: 'm1',
    instead: undefined,
    makeArguments: ['all', '-g', 'slow', '--eval', '--hosts'],
  });
});

test.each<[string, Partial<CliOptions>]>([
  ['-c farm', { hostsFile: '/here/farm' }],
  ['-cfarm --hosts -g a', { hostsFile: '/here/farm', instead: 'hosts', group: 'a', makeArguments: [] }],
  ['--hosts-format=dpb', { hostsFormat: 'dpb' }],
  ['--known-hosts accept-new', { knownHosts: 'accept-new' }],
  ['--toolchain off', { toolchain: [] }],
  ['--toolchain ld --toolchain off', { toolchain: ['ld', 'off'] }],
  ['--local-jobs 0', { localJobs: 0 }],
  ['--bulk state all', { bulk: '/here/state', makeArguments: ['all'] }],
  ['--report=out all', { report: '/here/out', makeArguments: ['all'] }],
  ['--problem-matcher a.json --problem-matcher /b.json', { problemMatchers: ['/here/a.json', '/b.json'] }],
  ['--watch -j4', { watch: true, makeArguments: ['-j4'] }],
  ['--check', { instead: 'check' }],
  ['--check --version', { instead: 'version' }],
  ['-j4 --help', { instead: undefined, makeArguments: ['-j4', '--help'] }],
  [
    '-j4 --eval --check -f --load=auto -- --check --load',
    { makeArguments: '-j4 --eval --check -f --load=auto -- --check --load'.split(' ') },
  ],
  ['-j4 --version', { instead: undefined, makeArguments: ['-j4', '--version'] }],
  ['-dD -j4', { debug: true, makeArguments: ['-j4'] }],
  ['-j 4 -dD all', { debug: true, makeArguments: ['-j', '4', 'all'] }],
  ['-f -dD -d', { debug: false, makeArguments: ['-f', '-dD', '-d'] }],
  ['-j4 -- -dD', { debug: false }],
  [
    '-xDMAKE_MODE=serial -x DMAKE_GROUP=a=b',
    {
      dmake: new Map([
        ['DMAKE_MODE', 'serial'],
        ['DMAKE_GROUP', 'a=b'],
      ]),
    },
  ],
  ['-c farm -- make -j2 --hosts', { command: ['make', '-j2', '--hosts'], makeArguments: [] }],
  ['-j4', { load: undefined, toolchain: undefined, localJobs: undefined, group: undefined, makeArguments: ['-j4'] }],
])('%s', (words, expected) => {
  expect(parse(words)).toMatchObject(expected);
});

test.each([
  ['-g', 'option -g needs a value'],
  ['-j2 --bulk state', 'option --bulk must stand before the first argument for make'],
  ['--log plain all --log=fold', 'option --log must stand before the first argument for make'],
  ['--', 'behind -- a command is missing'],
  ['-j4 --check', 'option --check must stand before the first argument for make'],
  ['all --environment FOO', 'option --environment must stand before the first argument for make'],
  ['-k --load=auto', 'option --load must stand before the first argument for make'],
  ['-j2 --watch', 'option --watch must stand before the first argument for make'],
  ['--watch --log fold', 'option --watch: it shows the build its own way'],
  ['--report= all', 'option --report: the name of a directory is missing'],
  ['--bulk= all', 'option --bulk: the name of a directory is missing'],
  ['--bulk x -- make', 'option --bulk: the items are targets of a make'],
  ['-x DMAKE_MODE', 'option -x: "DMAKE_MODE" is not NAME=VALUE with one of DMAKE_RCFILE'],
  ['--load fast', 'option --load: "fast" is none of auto, jobs, reported, m1, m2'],
  ['--hosts-format ini', 'option --hosts-format: "ini" is none of makehosts, dmakerc, d1make, dpb, yaml'],
  ['--no-retry=', 'option --no-retry: one pattern each time, not ""; give the option again for another'],
  ['--job-timeout soon', 'option --job-timeout: "soon" is not a length of time such as 90, 90s, 10m or 24h'],
  ['--known-hosts file', 'option --known-hosts: "file" is none of accept-new'],
])('%s is refused', (words, message) => {
  expect(() => parse(words)).toThrow(message);
});

test('a pattern with a blank is two, and would match nothing', () => {
  expect(() => parseOptions(['--no-retry', 'push install'], '/w')).toThrow('option --no-retry: one pattern each time');
});
