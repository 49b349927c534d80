import * as v from 'valibot';
import { CHOSEN_REASONS, KEPT_REASONS, MISSED_REASONS } from '../../model/place-reason.ts';

/*
 * The lines of events.ndjson, version 1. schema/events.schema.json is made from this (scripts/schema.mjs), and the types of
 * what is written are these. What is added later is optional; anything else gets another version.
 */

/** Of events.ndjson. A reader of another version must not trust what it reads. */
export const EVENTS_VERSION = 1;

const text = v.string();
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const id = v.pipe(count, v.description('Introduced by a line before.'));
const seconds = v.pipe(v.number(), v.minValue(0));
const place = v.pipe(text, v.description('The name of a host, or "runner".'));
const host = v.pipe(text, v.description('The name of a host of run-started.'));
const lossy = v.optional(
  v.pipe(v.literal(true), v.description('A name is not UTF-8: what is not has become U+FFFD here.')),
);

const outcome = v.variant('kind', [
  v.strictObject({ kind: v.literal('exited'), status: count }),
  v.strictObject({ kind: v.literal('signaled'), signal: count }),
  v.strictObject({ kind: v.literal('host-lost'), reason: text }),
  v.strictObject({ kind: v.literal('timed-out'), limit: v.picklist(['time', 'silence']), seconds: v.number() }),
  v.strictObject({ kind: v.literal('cancelled') }),
]);

const classes = ['remote', 'retried', 'local', 'recursive'] as const;

/** One kind of line: its time and type, and these. */
function line<Type extends string, Entries extends v.ObjectEntries>(type: Type, description: string, entries: Entries) {
  const time = v.pipe(
    seconds,
    v.description('Seconds since the start of the run, never less than in the line before.'),
  );
  return v.pipe(v.strictObject({ time, type: v.literal(type), ...entries }), v.description(description));
}

const amount = { files: count, bytes: count };

/** What may stand on a line. */
export const EVENT_LINE = v.union([
  line('distmake-events', 'The first line.', { version: v.literal(EVENTS_VERSION) }),
  line('run-started', 'The host matrix is read, nothing has been started.', {
    hosts: v.array(
      v.strictObject({
        name: text,
        slots: v.optional(v.pipe(count, v.description('Absent: as many as the host turns out to have.'))),
        local: v.pipe(v.boolean(), v.description('It is the runner itself.')),
        speed: v.number(),
      }),
    ),
    jobs: v.pipe(
      v.union([count, v.literal('places')]),
      v.description('"places": as many as the hosts turn out to take.'),
    ),
    localJobs: count,
    processors: v.pipe(count, v.description('Of the runner.')),
    started: v.pipe(text, v.description('When, as ISO 8601 has it, UTC.')),
  }),
  line('work-known', 'Targets that the first make is going to run recipes of, without those of sub-makes.', {
    targets: v.array(text),
    lossy,
  }),
  line('workspace-surveyed', 'What every host gets at first; the biggest directories of it.', {
    ...amount,
    directories: v.array(v.strictObject({ path: text, ...amount })),
  }),
  line('staging-progress', 'So much of it is on its way to that host.', {
    host,
    seconds,
    ...amount,
    of: v.strictObject(amount),
  }),
  line('host-ready', 'Staged and ready for jobs.', {
    host,
    seconds,
    ...amount,
    compressed: v.optional(count),
    sandbox: v.picklist(['overlay', 'tree', 'shared']),
    slots: count,
    staging: v.pipe(text, v.description('Its staging directory there.')),
    returned: v.pipe(v.boolean(), v.description('It had been lost, or had not come up at first.')),
  }),
  line('host-lost', 'The host takes no jobs from here on.', {
    host,
    reason: text,
    benched: v.pipe(v.boolean(), v.description('It is tried again; false: it takes no part in the run any more.')),
  }),
  line('recipe', 'Introduces a recipe: all jobs of one target in one make.', {
    recipe: count,
    make: v.pipe(count, v.description('Process id of its make.')),
    target: text,
    directory: text,
    lossy,
  }),
  line('job', 'Introduces a job: one line of a recipe, or all of it.', {
    job: count,
    recipe: id,
    directory: v.optional(v.pipe(text, v.description('Absent: that of its recipe.'))),
    command: text,
    cut: v.optional(v.pipe(count, v.description('Characters of the command that are left out at its end.'))),
    lossy,
  }),
  line('job-queued', 'Make asks for it: it waits for its turn, and for a place.', { job: id }),
  line('job-placed', 'It has a slot, or several; on a host that has its tree brought up to date first.', {
    job: id,
    place,
    reason: v.picklist([...CHOSEN_REASONS, ...KEPT_REASONS, ...MISSED_REASONS]),
    slots: count,
  }),
  line('job-turned-away', "The host's owner has no place for it: it is placed again.", { job: id, place }),
  line('job-started', 'It starts there. One that is run again starts twice.', { job: id, place }),
  line('job-waits', 'It calls make, and only waits from here on: its slot is free.', { job: id }),
  line('job-collecting', 'It has ended on a host; what it wrote is on its way home.', { job: id, place }),
  line('job-finished', 'It has ended there.', {
    job: id,
    place,
    outcome,
    seconds: v.pipe(seconds, v.description('Of the recipe itself, by the clock of the place.')),
    again: v.pipe(v.boolean(), v.description('That does not count: it runs again.')),
    traffic: v.optional(v.strictObject({ sent: count, received: count, files: count })),
  }),
  line('job-text', 'It has printed so many bytes.', {
    job: id,
    bytes: v.pipe(count, v.description('Of a very long output those that were kept in memory.')),
    file: v.optional(v.pipe(text, v.description('All of it, relative to the directory of the report.'))),
  }),
  line('make-text', 'Make itself, or a recipe that calls make, has printed so many bytes.', { bytes: count }),
  line('recipe-finished', 'All jobs of the recipe are done.', {
    recipe: id,
    class: v.picklist(classes),
    failed: v.optional(v.strictObject({ job: id, outcome, place })),
  }),
  line('message', 'Something for people, not an error of the build.', {
    level: v.picklist(['notice', 'warning']),
    text,
  }),
  line('bulk-finished', 'A bulk build: how many items became what; where the list of them is.', {
    built: count,
    upToDate: count,
    failed: count,
    skipped: count,
    notReached: count,
    file: text,
  }),
  line('run-finished', 'The last line of a run that was not cut short.', {
    outcome,
    seconds,
    counts: v.strictObject(v.entriesFromList(classes, count)),
    failedTargets: v.array(text),
    hosts: v.array(
      v.strictObject({ name: text, jobs: count, busySeconds: seconds, sent: count, received: count, losses: count }),
    ),
  }),
]);

export type EventLine = v.InferOutput<typeof EVENT_LINE>;
