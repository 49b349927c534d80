import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { laneContract } from './lane-contract.ts';
import { LaneRig, linkTools, type Variant } from './lane-rig.ts';

const sh = { kind: 'sh', sandbox: 'tree' } as const;

/** Nothing but the applets of busybox. */
const busybox: Variant = {
  ...sh,
  name: 'the sh lane, with busybox alone',
  shell: '/bin/busybox',
  tools: (directory) => {
    rmSync(join(directory, 'sh'));
    execFileSync('/bin/busybox', ['--install', '-s', directory]);
    // Not every busybox has it.
    if (!existsSync(join(directory, 'flock'))) linkTools(directory, ['flock']);
  },
};

/** As little as a host can have: dd without fullblock, no setsid, a stat instead of GNU find, whole seconds in tar. */
const poor: Variant = {
  ...sh,
  name: 'the sh lane, with poor tools',
  shell: '/bin/dash',
  tools: (directory) => {
    const names =
      'awk cat chmod cp env flock grep head ln ls mkdir mkfifo mv printf readlink renice rm rmdir sed sleep stat tar timeout touch tr true wc';
    linkTools(directory, names.split(' '));
    const wrapper = (name: string, text: string): void => {
      writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    };
    wrapper('dd', 'case "$*" in *iflag*) exit 1 ;; esac\nexec /bin/dd "$@"');
    wrapper('find', 'case "$*" in *printf*) exit 1 ;; esac\nexec /usr/bin/find "$@"');
  },
};

laneContract({ ...sh, name: 'the sh lane, in dash', shell: '/bin/dash' });
laneContract({ ...sh, name: 'the sh lane, in bash', shell: '/bin/bash' });
laneContract(busybox);
if (process.env['DISTMAKE_FULL'] !== undefined) {
  laneContract({ ...busybox, name: 'the sh lane, with busybox alone, for an ordinary user', unprivileged: true });
}
laneContract(poor);

test.each(['awk', 'tar'])('the sh lane says which tool is missing: %s', async (missing) => {
  const tools = (directory: string): void => {
    poor.tools?.(directory);
    rmSync(join(directory, missing));
  };
  await expect(LaneRig.open({ ...poor, tools })).rejects.toThrow(`there is neither perl nor ${missing} on its PATH`);
});
