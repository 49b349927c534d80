import { renameSync, writeFileSync } from 'node:fs';

import { startMake } from '../../../src/make/make-process.ts';
import { baseEnvironment, MakeRig, type Transport } from './make-rig.ts';

// Starts make in a directory, with a recipe that nobody answers, writes down its pid and waits to be killed.
const [, , transport, directory = ''] = process.argv;
const rig = await MakeRig.create(transport as Transport);
const { run, broker, make } = rig;
writeFileSync(`${directory}/left`, `${run.path}\n${rig.directory}`);
rig.onShell = ({ call }) => {
  writeFileSync(`${directory}/pid.new`, String(call.make));
  renameSync(`${directory}/pid.new`, `${directory}/pid`);
};
const environment = baseEnvironment();
await startMake({ run, broker, make, arguments: [], directory, environment, window: 1, output: 'inherit' });
