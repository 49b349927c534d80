import { laneContract } from './lane-contract.ts';

laneContract({ name: 'the perl lane, with an overlay', kind: 'perl', sandbox: 'overlay', shell: '/bin/dash' });
laneContract({ name: 'the perl lane, in its own tree', kind: 'perl', sandbox: 'tree', shell: '/bin/dash' });
laneContract({
  name: 'the perl lane, with an overlay, for an ordinary user',
  kind: 'perl',
  sandbox: 'overlay',
  shell: '/bin/dash',
  unprivileged: true,
});
