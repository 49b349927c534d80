import { expect, test } from '@jest/globals';
import { describeHostReady, describeProgress, describeSurvey } from '../../../src/report/staging.ts';
import { build1 } from '../../fixtures/report/runs.ts';

const directories = [
  { path: 'third_party', files: 800, bytes: 71e6 },
  { path: 'docs', files: 1, bytes: 12e6 },
];

test('what travels, and where most of it lies', () => {
  expect(describeSurvey({ type: 'workspace-surveyed', files: 1204, bytes: 96e6, directories })).toBe(
    'workspace: 1204 files (96 MB); third_party 71 MB (800 files), docs 12 MB (1 file). What no recipe on a host reads can stay here: input exclude',
  );
  expect(describeSurvey({ type: 'workspace-surveyed', files: 12, bytes: 812, directories: [] })).toBe(
    'workspace: 12 files (812 B)',
  );
});

test("a directory's name cannot be anything but a name", () => {
  const path = 'a\n::error::x\x1b[2J##[group]y';
  const text = describeSurvey({
    type: 'workspace-surveyed',
    files: 1,
    bytes: 5e6,
    directories: [{ path, files: 1, bytes: 1 }],
  });
  expect(text).toMatch(/^workspace: 1 file \(5\.0 MB\); a ::error::x.*y 1 B \(1 file\)\. /);
  expect(text).not.toContain('##[');
});

test('how far a first staging is, and how fast', () => {
  const of = { files: 80_000, bytes: 96e6, directories: [] };
  expect(describeProgress({ type: 'staging-progress', host: build1, seconds: 5, files: 1204, bytes: 12e6, of })).toBe(
    `${build1.name}: staging, 1204 of 80000 files, 12 MB of 96 MB, 2.4 MB/s`,
  );
});

test.each([
  ['overlay', ''],
  ['tree', '; it forbids private mounts, so each slot has a copy of its own'],
  ['shared', '; it works in the workspace itself'],
] as const)('a host that is ready: %s', (sandbox, remark) => {
  expect(
    describeHostReady({
      type: 'host-ready',
      host: build1,
      seconds: 0.84,
      files: 120,
      bytes: 1.2e6,
      sandbox,
      slots: 4,
      staging: '/tmp/make-w',
      returned: false,
    }),
  ).toBe(`${build1.name}: ready in 0.8 s, 120 files (1.2 MB)${remark}`);
});

test('over a slow link', () => {
  const event = {
    host: build1,
    seconds: 8,
    files: 120,
    bytes: 1.2e6,
    compressed: 3e5,
    sandbox: 'overlay',
    slots: 4,
    staging: '/tmp/make-w',
    returned: false,
  } as const;
  expect(describeHostReady({ type: 'host-ready', ...event })).toBe(
    `${build1.name}: ready in 8.0 s, 120 files (1.2 MB, compressed to 300 kB)`,
  );
});
