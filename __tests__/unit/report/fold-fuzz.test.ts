import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BuildEvent, Place } from '../../../src/model/event.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { MISSED_REASONS } from '../../../src/model/place-reason.ts';
import { FoldLog, type LogMode } from '../../../src/report/fold.ts';
import { WorkflowLog } from '../../../src/report/workflow-commands.ts';
import { encode } from '../../../src/util/bytes.ts';
import { RunnerLog } from '../../rig/runner-log.ts';
import { job, recipe } from '../../fixtures/report/runs.ts';
import { evilText } from './evil-text.ts';

const evilBytes = fc.oneof(
  evilText.map(encode),
  evilText.map((text) => Buffer.from(text, 'utf16le').toString('latin1')),
);

const host: fc.Arbitrary<Host> = fc.record({ name: evilText, address: evilText, user: evilText }).map((own) => ({
  ...HOST_DEFAULTS,
  ...own,
  port: undefined,
  slots: 4,
  local: false,
  line: 1,
}));

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('exited' as const), status: fc.nat(2) }),
  fc.record({ kind: fc.constant('signaled' as const), signal: fc.constantFrom(9, 99) }),
  fc.record({ kind: fc.constant('host-lost' as const), reason: evilText }),
  fc.record({
    kind: fc.constant('timed-out' as const),
    limit: fc.constantFrom('time' as const, 'silence' as const),
    seconds: fc.nat(),
  }),
  fc.constant({ kind: 'cancelled' as const }),
);

/** Events of few jobs in any order, also in those that no engine makes; all text in them is evil. */
const events = fc
  .record({
    targets: fc.array(evilBytes, { minLength: 3, maxLength: 3 }),
    hosts: fc.array(host, { minLength: 2, maxLength: 2 }),
  })
  .chain(({ targets, hosts }) => {
    const [someHost] = hosts as [Host, ...Host[]];
    const jobs = targets.flatMap((target, index) =>
      [0, 1].map((line) => ({ ...job(index * 2 + line, recipe(index, target, `/${target}`), target) })),
    );
    const aJob = fc.constantFrom(...jobs);
    const place: fc.Arbitrary<Place> = fc.constantFrom(undefined, ...hosts);
    const directory = fc.constantFrom("make[1]: Entering directory '/d'\n", "make[1]: Leaving directory '/d'\n");
    const event: fc.Arbitrary<BuildEvent> = fc.oneof(
      fc.record({
        type: fc.constant('job-placed' as const),
        job: aJob,
        place,
        reason: fc.constantFrom(...MISSED_REASONS),
        slots: fc.constant(1),
      }),
      fc.record({
        type: fc.constant('job-finished' as const),
        job: aJob,
        place,
        outcome,
        seconds: fc.constant(1),
        again: fc.boolean(),
      }),
      fc.record({
        type: fc.constant('job-text' as const),
        job: aJob,
        echo: fc.oneof(fc.constant(''), evilBytes),
        output: fc.oneof(
          fc.constant(''),
          evilBytes,
          evilBytes.map((text) => `${text}\n`.repeat(2100)),
        ),
        file: fc.option(evilText, { nil: undefined }),
      }),
      fc.record({
        type: fc.constant('make-text' as const),
        text: fc.oneof(
          evilBytes,
          directory,
          aJob.map((one) => `make: [${one.recipe.target}] Error 1 (ignored)\n`),
        ),
      }),
      fc
        .tuple(
          aJob,
          fc.option(fc.tuple(outcome, place), { nil: undefined }),
          fc.constantFrom('remote' as const, 'recursive' as const),
        )
        .map(([one, failed, kind]): BuildEvent => ({
          type: 'recipe-finished',
          recipe: one.recipe,
          class: kind,
          failed: failed === undefined ? undefined : { job: one, outcome: failed[0], place: failed[1] },
        })),
      fc.record({
        type: fc.constant('host-lost' as const),
        host: fc.constantFrom(...hosts),
        reason: evilText,
        benched: fc.boolean(),
      }),
      fc.record({
        type: fc.constant('message' as const),
        level: fc.constantFrom('notice' as const, 'warning' as const),
        text: evilText,
      }),
      fc.record({
        type: fc.constant('workspace-surveyed' as const),
        files: fc.nat(),
        bytes: fc.constant(1e9),
        directories: fc.array(fc.record({ path: evilText, files: fc.nat(), bytes: fc.nat() }), { maxLength: 2 }),
      }),
      evilBytes.map((target): BuildEvent => ({
        type: 'bulk-finished',
        file: target,
        report: {
          built: [],
          upToDate: [],
          failed: [{ target, weight: 1, how: target, where: someHost.name }],
          skipped: [],
          notReached: [],
        },
      })),
      evilText.map((staging): BuildEvent => ({
        type: 'host-ready',
        host: someHost,
        seconds: 1,
        files: 1,
        bytes: 1,
        sandbox: 'tree',
        slots: 1,
        staging,
        returned: false,
      })),
    );
    return fc.array(event, { maxLength: 25 });
  });

test.each<[LogMode]>([['fold'], ['failures'], ['plain']])('no event can say more than text: log %s', (mode) => {
  fc.assert(
    fc.property(events, (run) => {
      const pieces: string[] = [];
      let tokens = 0;
      const log = new WorkflowLog(
        (piece) => pieces.push(piece),
        () => `secret${(tokens += 1)}`,
      );
      const fold = new FoldLog({ log, mode, directory: '/' });
      for (const event of run) fold.handle(event);
      fold.finish();
      const count = (type: BuildEvent['type'], level?: string): number =>
        run.filter((event) => event.type === type && (event.type !== 'message' || event.level === level)).length;
      const lost = new Set(run.flatMap((event) => (event.type === 'host-lost' ? [event.host.name] : [])));
      const annotations = {
        warning: Math.min(10, lost.size + count('message', 'warning')),
        notice: Math.min(9, count('message', 'notice')),
        error: 0,
      };
      for (const reading of ['generous', 'strict'] as const) {
        // Others write between any two pieces: each has to leave the runner as it found it.
        for (const piece of pieces) {
          expect(piece.endsWith('\n')).toBe(true);
          const one = new RunnerLog(piece, reading);
          expect(one).toMatchObject({ others: [], unfinished: false, unbalanced: 0 });
          if (mode === 'plain') expect(one.groups).toEqual([]);
          expect(Math.max(0, ...piece.split('\n').map((line) => line.length))).toBeLessThanOrEqual(3 * 4096);
        }
        const all = new RunnerLog(pieces.join(''), reading);
        expect(all).toMatchObject({ others: [], unfinished: false, unbalanced: 0 });
        for (const level of ['error', 'warning', 'notice'] as const)
          expect(all.of(level)).toHaveLength(annotations[level]);
      }
    }),
    { numRuns: process.env['DISTMAKE_FULL'] === undefined ? 60 : 200 },
  );
});
