import { homedir } from 'node:os';
import { DMAKE_NAMES } from '../build/dmake-settings.ts';
import { planFarm, type FarmPlan } from '../build/farm-plan.ts';
import { makefileMacros } from '../make/makefile-macros.ts';
import type { RealMake } from '../make/real-make.ts';
import { encode, type Bytes } from '../util/bytes.ts';
import type { CliOptions } from './options.ts';

/** The hosts: those of `-c`, or wherever the seeds look for them; `~/.makehosts` under its own conditions (B2, B3). */
export async function farmFor(
  { hostsFile, hostsFormat, group, dmake, makeArguments }: CliOptions,
  make: RealMake,
  environment: readonly Bytes[],
  jobs: number | 'unlimited' | undefined,
): Promise<FarmPlan> {
  const directory = process.cwd();
  const macros = await makefileMacros(DMAKE_NAMES, {
    make,
    arguments: makeArguments.map(encode),
    directory: encode(directory),
    environment,
  });
  return planFarm(
    {
      matrix:
        hostsFile === undefined ? { kind: 'default' } : { kind: 'file', file: hostsFile, source: `-c ${hostsFile}` },
      format: hostsFormat,
      group: group === undefined ? undefined : { value: group, where: 'option -g' },
      jobs,
      dmake,
    },
    { macros, environment: process.env, home: homedir(), directory, makehosts: 'with -j, and right' },
  );
}
