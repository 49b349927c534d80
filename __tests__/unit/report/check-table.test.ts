import { expect, test } from '@jest/globals';
import type { HostReport } from '../../../src/model/host-report.ts';
import { checkTable } from '../../../src/report/check-table.ts';
import { textTable } from '../../../src/report/text-table.ts';
import { host } from '../../fixtures/report/runs.ts';

const good: HostReport = {
  host: host('build1'),
  problem: undefined,
  remarks: ['it has 4.0 MB free where it is staged (/tmp), and the workspace takes 12 MB'],
  login: 'ci@10.0.0.1:22',
  by: 'the ssh agent (2 keys)',
  sandbox: 'overlay',
  withoutPerl: false,
  slots: 2,
  processors: 8,
  cap: 2,
  load: [0.314, 1, 2],
  tools: 'same',
  make: '4.3',
  cc: '12.2.0',
  roundTrip: 0.44,
  clock: { offset: 0.304, within: 0.012 },
  free: { bytes: 4_000_000, files: 100 },
};
const nothing = Object.fromEntries(Object.keys(good).map((name) => [name, undefined]));
const bad = {
  ...nothing,
  host: host('build2'),
  problem: 'nothing listens on port 22 there (ECONNREFUSED): is sshd running?',
  remarks: [],
  login: 'ci@10.0.0.2:22',
  by: '~/.ssh/id_ed25519',
} as unknown as HostReport;

test('a line for each host, then what is to be known of them', () => {
  expect(checkTable([good, bad])).toBe(
    [
      'host    jobs  login           by                      sandbox  slots                                 tools  make  cc      round trip  clock           free    load',
      'build1  yes   ci@10.0.0.1:22  the ssh agent (2 keys)  overlay  2 (8 processors, its owner allows 2)  same   4.3   12.2.0  0.4 ms      +0.30 s ± 0.01  4.0 MB  0.31',
      'build2  no    ci@10.0.0.2:22  ~/.ssh/id_ed25519       -        -                                     -      -     -       -           -               -       -',
      '',
      'build1: it has 4.0 MB free where it is staged (/tmp), and the workspace takes 12 MB',
      'build2 takes no jobs: nothing listens on port 22 there (ECONNREFUSED): is sshd running?',
      '',
      '1 of 2 hosts can take jobs',
      '',
    ].join('\n'),
  );
});

test('what tells nothing of any host has no column', () => {
  expect(checkTable([{ ...bad, by: undefined, login: 'build2' }])).toBe(
    [
      'host    jobs',
      'build2  no',
      '',
      'build2 takes no jobs: nothing listens on port 22 there (ECONNREFUSED): is sshd running?',
      '',
      '0 of 1 host can take jobs',
      '',
    ].join('\n'),
  );
});

test('the clock is shown as exactly as it is known', () => {
  const clockOf = (offset: number, within: number): string =>
    / ms {2,}(.*?) {2,}/.exec(checkTable([{ ...good, clock: { offset, within } }]).split('\n')[1] ?? '')?.[1] ?? '';
  expect(clockOf(-0.0004, 0.0005)).toBe('+0.000 s ± 0.001');
  expect(clockOf(-3600.5, 0.55)).toBe('-3600.5 s ± 0.6');
  expect(clockOf(99.99, 0.05)).toBe('+99.99 s ± 0.05');
});

test('a terminal that is too narrow for the table has a block for each host', () => {
  const lines = checkTable([good, bad], false, { columns: 80 }).split('\n');
  expect(lines.slice(0, 5)).toEqual([
    'host: build1',
    'jobs: yes',
    'login: ci@10.0.0.1:22',
    'by: the ssh agent (2 keys)',
    'sandbox: overlay',
  ]);
  expect(lines.slice(13, 19)).toEqual([
    '',
    'host: build2',
    'jobs: no',
    'login: ci@10.0.0.2:22',
    'by: ~/.ssh/id_ed25519',
    '',
  ]);
  expect(checkTable([good, bad], false, { columns: 200 })).toBe(checkTable([good, bad]));
});

test('of a check that was stopped it is told what is not known', () => {
  const table = checkTable([good, bad], false, { isOpen: ({ host }) => host === bad.host });
  expect(table).toMatch(/^build2 {2}\? /m);
  expect(table).toContain('\nbuild2: nothing listens');
  expect(table).toMatch(/\n1 of 2 hosts can take jobs, of 1 it is not known\n$/);
});

test('names and words of hosts cannot leave their line or their cell', () => {
  const evil = '\x1b]0;t\x07\x1b[2J\x1b[31mred\r\n::error::no ##[error]\u202e';
  const table = checkTable([
    { ...good, host: host(evil), problem: evil, remarks: [evil, 'x'.repeat(9999)], make: evil },
  ]);
  // eslint-disable-next-line no-control-regex
  expect(table).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]|##\[/);
  const lines = table.split('\n');
  expect(lines).toHaveLength(9);
  expect(lines.some((line) => line.startsWith('::'))).toBe(false);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(2000);
});

test('columns are aligned by what a terminal shows', () => {
  expect(
    textTable([
      ['日本', 'x', ''],
      ['a', 'y', 'z'],
    ]),
  ).toEqual(['日本  x', 'a     y  z']);
  expect(textTable([])).toEqual([]);
});
