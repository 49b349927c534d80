import { existsSync, renameSync, writeFileSync } from 'node:fs';

import { startMake } from '../../../src/make/make-process.ts';
import { baseEnvironment, MakeRig, type Transport } from './make-rig.ts';

// Starts make in a directory and writes down its pid when its first recipe comes. The recipe x is not answered, `answer`
// when there is a file of that name; all others run here. With make it ends.
const [, , transport, directory = '', interval = '10000'] = process.argv;
const rig = await MakeRig.create(transport as Transport, {}, { interval: Number(interval) });
const { run, broker, make } = rig;
writeFileSync(`${directory}/left`, `${run.path}\n${rig.directory}`);
rig.onShell = (seen) => {
  writeFileSync(`${directory}/pid.new`, String(seen.call.make));
  renameSync(`${directory}/pid.new`, `${directory}/pid`);
  if (seen.command === 'x') return;
  if (seen.command !== 'answer') {
    void MakeRig.runLocally(seen);
    return;
  }
  const look = setInterval(() => {
    if (!existsSync(`${directory}/answer`)) return;
    clearInterval(look);
    seen.call.exit({ kind: 'exited', status: 0 });
  }, 20);
};
const environment = baseEnvironment();
const common = { run, broker, make, directory, environment, output: 'inherit' as const };
const { ended } = await startMake({ ...common, arguments: ['-k'], window: 2 });
const outcome = await ended;
await rig.close();
process.exitCode = outcome.kind === 'exited' ? outcome.status : 99;
