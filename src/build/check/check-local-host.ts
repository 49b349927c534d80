import { availableParallelism } from 'node:os';
import { randomBytes } from 'node:crypto';
import { Baggage } from '../../engine/environment.ts';
import { HostPlace } from '../../engine/host-place.ts';
import { Scheduler } from '../../engine/scheduler.ts';
import type { Host } from '../../model/host.ts';
import type { HostReport } from '../../model/host-report.ts';
import { LocalHosts, runnerLoad } from '../local-hosts.ts';
import { readOwnersFile } from '../local-owners-file.ts';
import { runnerTools } from '../toolchain.ts';
import type { CheckWorld } from './check-world.ts';
import { factsProgram, readFacts } from './host-questions.ts';
import { inTime } from './in-time.ts';
import { nothingOf, type Findings } from './findings.ts';
import { messageOf } from '../../util/message-of.ts';

/**
 * Heeds the owner of the runner and what the matrix says of bare localhost, as a build does. Never rejects: what goes wrong is
 * the report's problem.
 */
export async function checkLocalHost(host: Host, world: CheckWorld): Promise<HostReport> {
  const { settings, environment, tools, limits, signal } = world;
  const findings: Findings = { ...nothingOf(host), login: 'the runner itself' };
  if (settings.fallback === 'never')
    return { ...findings, remarks: ['it gets no jobs: with fallback never nothing that may leave runs on the runner'] };
  const processors = availableParallelism();
  const locals = new LocalHosts({
    hosts: [host],
    scheduler: new Scheduler([host], { jobs: 1, localJobs: 0, processors, fallback: 'local' }),
    sink: (event) => {
      if (event.type === 'host-lost') findings.problem = event.reason;
    },
    tools,
    baggage: new Baggage(environment, []),
    environment,
    root: settings.root,
    processors,
    load: runnerLoad,
  });
  const late = `it was not ready within ${limits.start / 1000} s: its start-up command or its set-up lines take long, or hang`;
  try {
    await inTime(locals.start(Promise.resolve(false)), limits.start, late, signal);
    if (findings.problem === undefined) {
      await askRunner(world, findings);
      const cap = readOwnersFile(host.needsOwnersFile)?.cap;
      const place = new HostPlace(host, 'jobs');
      const load = runnerLoad();
      place.ready({ processors, cap, load });
      Object.assign(findings, { processors, cap, load, slots: place.slots, tools: 'same' });
    }
  } catch (error) {
    findings.problem = messageOf(error);
  } finally {
    locals.close();
  }
  return findings;
}

async function askRunner({ settings, environment, limits, signal }: CheckWorld, findings: Findings): Promise<void> {
  const nonce = randomBytes(16).toString('hex');
  const late = AbortSignal.any([AbortSignal.timeout(limits.question), signal]);
  const answer = await runnerTools(settings.root, environment).ask(factsProgram(nonce), late);
  const { make, cc } = readFacts(answer, nonce);
  Object.assign(findings, { make, cc });
}
