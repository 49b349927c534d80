import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { fetchDebianSource } from '../../../scripts/debian-source.mjs';
import { fetchGnuMake } from '../../../scripts/gnu-make.mjs';
import { SshdRig } from '../../rig/sshd-rig.ts';
import type { Mode } from './exceptions.ts';
import { GnuSuite, type StandIn, type SuitePlace } from './gnu-suite.ts';
import { judge } from './judge.ts';
import { isInQuarter } from './quarter.ts';

// GNU make's own test suite with the command in make's place: what plain make passes on this machine has to pass.

const FULL = process.env['DISTMAKE_FULL'] !== undefined;
const LIMIT_MS = (FULL ? 60 : 10) * 60_000;
const COMMAND = `${process.execPath} ${resolve(fileURLToPath(import.meta.url), '../../../../dist/cli/index.js')}`;
const PATH = process.env['PATH'] ?? '/usr/bin:/bin';

/** The makes with their suites: of this machine's release, and 4.4.1. */
const MAKES = {
  installed: () => ({ source: fetchDebianSource('make-dfsg'), make: '/usr/bin/make' }),
  '4.4.1': () => ({ source: dirname(fetchGnuMake('4.4.1')), make: fetchGnuMake('4.4.1') }),
};

/** What runs always, with a quarter of the suite: each mode and each make. The full run has all of all. */
const RUNS: readonly (readonly [which: keyof typeof MAKES, mode: Mode, always: boolean])[] = [
  ['installed', 'no hosts', true],
  ['installed', 'the runner alone', false],
  ['installed', 'two hosts', true],
  ['4.4.1', 'no hosts', false],
  ['4.4.1', 'the runner alone', true],
  ['4.4.1', 'two hosts', false],
];

let rig: SshdRig;
let home: string;
beforeAll(async () => {
  for (const prepare of Object.values(MAKES)) prepare();
  rig = await SshdRig.start({
    hosts: [
      { name: 'one', user: 'root' },
      { name: 'two', user: 'unprivileged' },
    ],
  });
  home = mkdtempSync('/var/tmp/distmake-suite-home-');
  chmodSync(home, 0o755);
  mkdirSync(join(home, '.ssh'));
  writeFileSync(join(home, '.ssh/id_ed25519'), rig.privateKey, { mode: 0o600 });
  writeFileSync(join(home, '.ssh/known_hosts'), rig.knownHosts);
  writeFileSync(join(home, 'hosts'), rig.matrix);
  writeFileSync(join(home, 'runner'), 'localhost 4\n');
}, LIMIT_MS);
afterAll(async () => {
  await rig?.dispose();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
});

test.each(RUNS.filter(([, , always]) => FULL || always))(
  '%s make, %s',
  async (which, mode) => {
    const { source, make } = MAKES[which]();
    const suite = new GnuSuite({ source, make });
    const scripts = suite.scripts.filter((script) => FULL || isInQuarter(script));
    const release = /^GNU Make (\S+)/.exec(execFileSync(make, ['--version'], { encoding: 'utf8' }))?.[1] ?? '';
    const standIn: StandIn = { home, command: (place) => commandFor(mode, place) };
    expect(await judge(suite, scripts, { release, mode, standIn })).toEqual([]);
  },
  LIMIT_MS,
);

function commandFor(mode: Mode, { real, tests }: SuitePlace): string {
  switch (mode) {
    case 'no hosts':
      // By no path, as people call it: $(MAKE) is what make was called.
      return `env PATH=${real}:${PATH} ${COMMAND}`;
    case 'the runner alone':
      return `${COMMAND} -c ${home}/runner --dist '*' --root ${tests} --make ${real}/make`;
    case 'two hosts':
      return `${COMMAND} -c ${home}/hosts --dist '*' --staging tree --root ${tests} --make ${real}/make`;
  }
}
