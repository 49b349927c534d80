import type { Host } from '../model/host.ts';
import { targetPath, type Job } from '../model/job.ts';
import type { LoadAverages } from '../model/load.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import { encode, type Bytes } from '../util/bytes.ts';
import type { Bay } from './bays.ts';
import type { Baggage } from './environment.ts';
import type { JobOutput } from './job-output.ts';
import type { Incoming, RemoteResult, Stage } from './ports.ts';
import type { SubMakeArguments } from './sub-make.ts';

/** What all jobs of a host share. */
export interface World {
  readonly host: Host;
  readonly stage: Stage;
  readonly baggage: Baggage;
  /** Its staging directory there. */
  readonly staging: Bytes;
  readonly subMakeArguments: SubMakeArguments;
}

/** What is made of one job. */
export interface Way {
  /** What it writes comes home; else its output alone is wanted. */
  readonly counts: boolean;
  /** What a job that fails wrote comes home all the same, but not its target (B9). */
  readonly keepOutputs: boolean;
  /** Its two descriptors are one. */
  readonly merge: boolean;
  /** Slots of the host that it has: a make that it calls is to use them all. */
  readonly slots: number;
  /** LaneRequest.recipe */
  readonly temporary: number;
  /** Takes what it prints. */
  readonly output: JobOutput;
  /** From here on it may run, as far as is known here. */
  readonly onSent: () => void;
  /** It is certain that it runs. */
  readonly onStart: () => void;
  /** It may be silent for a limited time. */
  readonly limited: boolean;
  /** It has printed something. */
  readonly onText: () => void;
  /** It has ended, and what it wrote is on its way. */
  readonly onEnd: () => void;
  /** It has ended, and this is the host's load. */
  readonly onLoad: (load: LoadAverages | undefined) => void;
}

/**
 * One job on one lane: its tree is brought up to date, the job runs, what it wrote comes home.
 *
 * @returns undefined: it was turned away (D10), and has not run
 * @throws Error with a reason for people when the lane fails; what it has left in the tree is not known then
 */
export async function visit(
  { lane, tree }: Bay,
  job: Job,
  way: Way,
  { host, stage, baggage, staging, subMakeArguments }: World,
  signal: AbortSignal,
): Promise<Omit<RemoteResult, 'begun'> | undefined> {
  const { counts, keepOutputs, merge, slots, temporary, output } = way;
  const staged = await tree.missing(job);
  const before = lane.traffic;
  let files = 0;
  let outcome = { kind: 'cancelled' } as Outcome;
  let seconds = 0;
  let started = false;
  const start = (): void => {
    if (!started) way.onStart();
    started = true;
  };
  let incoming: Incoming | undefined;
  try {
    // Not before: what another lane is bringing into the same tree may be just what this job needs.
    await staged.ready;
    const travelling = baggage.of(job.environment, slots);
    incoming = stage.incoming({
      job,
      version: staged.version,
      visible: staged.visible,
      foreign: lane.sandbox === 'tree' ? lane.treePath : undefined,
    });
    const target = incoming;
    if (lane.facts.cap === undefined) start();
    // No job runs before what it needs is there.
    if (staged.entries.length === 0) way.onSent();
    const hasRun = await lane.run(
      {
        entries: staged.entries,
        directory: stage.relative(job.directory) ?? '',
        path: [encode(host.path), travelling.path].filter((path) => path !== '').join(':'),
        argv: counts ? subMakeArguments.ofJob(job, staging) : job.argv,
        environment: travelling.variables,
        umask: job.umask,
        recipe: temporary,
        visible: staged.visible,
        merge,
        keep: keepOutputs ? { except: stage.relative(targetPath(job.recipe)) ?? '' } : undefined,
      },
      {
        onApplied: () => {
          staged.applied();
          way.onSent();
        },
        onText: (descriptor, data) => {
          start();
          way.onText();
          output.add(descriptor, data);
        },
        ...(way.limited && { onLife: () => way.onText() }),
        onEnd: (result, time, load) => {
          start();
          // What has printed more than can be kept has failed; the runner may have another try.
          outcome = succeeded(result) && output.trouble !== undefined ? { kind: 'exited', status: 1 } : result;
          seconds = time;
          way.onLoad(load);
          way.onEnd();
        },
        onOutput: (entry) => {
          files++;
          return target.add(entry);
        },
      },
      signal,
    );
    // It may have come to its own end before it could be killed: by then somebody else may do what it did.
    if (signal.aborted) outcome = { kind: 'cancelled' };
    const wanted = hasRun && counts && (succeeded(outcome) || (keepOutputs && outcome.kind !== 'cancelled'));
    const { visible } = staged;
    const missed =
      hasRun && counts && visible && !succeeded(outcome) ? stage.missed(job, visible, output.excerpt()) : [];
    // Also where nothing of it is wanted: the tree hears that the job has left it, and puts right what it changed there.
    const homecoming = await incoming.commit(tree, wanted);
    if (!hasRun) return undefined;
    const { sent, received } = lane.traffic;
    const traffic = { sent: sent - before.sent, received: received - before.received, files };
    return { outcome, seconds, homecoming, missed, traffic };
  } catch (error) {
    staged.failed();
    throw error;
  } finally {
    incoming?.discard();
  }
}
