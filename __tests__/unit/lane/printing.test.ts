import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { LaneRig, linkTools, type Variant } from './lane-rig.ts';

const sh = { kind: 'sh', sandbox: 'tree' } as const;
const tools = (directory: string): void => {
  const names =
    'awk cat chmod dd env find flock grep ln mkdir mkfifo mv printf readlink rm rmdir sed seq setsid sleep stat tar touch wc';
  linkTools(directory, names.split(' '));
};
const variants: readonly Variant[] = [
  { name: 'the perl lane', kind: 'perl', sandbox: 'tree', shell: '/bin/dash' },
  { ...sh, name: 'the sh lane', shell: '/bin/dash' },
  // It compares whole seconds.
  { ...sh, name: 'the sh lane, in busybox', shell: '/bin/busybox', tools },
];

test.each(variants)(
  'a job shows that it prints long before the next sign of life is due: $name',
  async (variant) => {
    // Signs of life come every 15 s at most.
    const rig = await LaneRig.open(variant, { patience: 60 });
    try {
      let signs = 0;
      const sign = (): void => writeFileSync(join(rig.tree, `go${++signs}`), '');
      const ticks = 'for i in $(seq 40); do echo tick; sleep 0.2; if [ -e go3 ]; then exit 0; fi; done >&2; exit 1';
      const { outcome } = await rig.run(ticks, {}, undefined, { onLife: sign, onText: sign });
      expect(outcome).toEqual({ kind: 'exited', status: 0 });
    } finally {
      await rig.dispose();
    }
  },
  20_000,
);
