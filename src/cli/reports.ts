import { hostname } from 'node:os';
import type { RunTimes } from '../build/run-times.ts';
import type { Settings } from '../model/settings.ts';
import { Annotations } from '../report/annotations/annotations.ts';
import type { ProblemMatcher } from '../report/annotations/problem-matcher.ts';
import { DebugLog } from '../report/debug-log.ts';
import { ReportDirectory } from '../report/directory/report-directory.ts';
import { DmakeLog, type DmakeOutputMode } from '../report/dmake-log.ts';
import { FoldLog } from '../report/fold.ts';
import { plainLog } from '../report/plain.ts';
import { progressReporter } from '../report/progress/progress-reporter.ts';
import { RunClock } from '../report/record/run-clock.ts';
import { RunRecord } from '../report/record/run-record.ts';
import { allOf, type Reporter } from '../report/reporter.ts';
import { printBytes, say, workflowLog } from '../report/standard-streams.ts';
import { openWatch } from '../report/watch/open-watch.ts';
import { encode } from '../util/bytes.ts';

/**
 * What is printed of a run. `make`: its output is its own, faults are told beside it. `dmake`: one of dmake's shapes, nothing
 * of which is made harmless. `workflow`: folds and annotations. `watch`: a live view on a terminal.
 */
export type Shown =
  { readonly as: 'make' | 'workflow' | 'watch' } | { readonly as: 'dmake'; readonly mode: DmakeOutputMode };

export interface CliReportsOptions {
  readonly shown: Shown;
  readonly settings: Settings;
  readonly debug: boolean;
  readonly matchers: readonly ProblemMatcher[];
  /** That of the report, if there is to be one; absolute. */
  readonly directory: string | undefined;
  /** What no file of the report may have in it. */
  readonly secrets: readonly string[];
  /** Of earlier runs. */
  readonly times: RunTimes;
}

/** All that the command makes of a run's events. */
export interface CliReports extends Reporter {
  readonly record: RunRecord | undefined;
  /** Where the whole outputs of jobs go that print much. */
  readonly spool: ReportDirectory['spool'] | undefined;
}

/** @throws UserError when the directory of the report cannot be used */
export function cliReports(options: CliReportsOptions): CliReports {
  const { shown, settings, debug, directory, secrets } = options;
  const clock = new RunClock();
  const { now } = clock;
  const onTrouble = (text: string): void => all.handle({ type: 'message', level: 'warning', text });
  const report =
    directory === undefined
      ? undefined
      : new ReportDirectory({ path: directory, from: process.cwd(), secrets, now, onTrouble });
  const record = hasProgress(shown) ? new RunRecord(now) : undefined;
  const all = allOf([
    clock,
    record,
    // First: what it cannot write at the end is still told.
    report,
    debug
      ? new DebugLog({ write: (line) => say(`${line}\n`), now, root: encode(settings.root), dist: settings.dist })
      : undefined,
    logFor(options, now),
  ]);
  return { ...all, record, spool: report?.spool };
}

/** Whether there is something that shows how far the run has come. */
export function hasProgress({ as }: Shown): boolean {
  return as === 'watch' || as === 'workflow';
}

function logFor({ shown, settings, matchers, times }: CliReportsOptions, now: () => number): Reporter {
  switch (shown.as) {
    case 'make':
      return plainLog(say);
    case 'dmake':
      return new DmakeLog({ mode: shown.mode, runner: hostname(), write: printBytes, say });
    case 'watch':
      return openWatch({
        terminal: process.stdout,
        directory: encode(settings.workingDirectory),
        above: (log) => new FoldLog({ log, mode: 'failures' }),
        earlier: times.of,
        now,
      });
    case 'workflow':
      return workflow(settings, matchers, times);
  }
}

function workflow(settings: Settings, matchers: readonly ProblemMatcher[], times: RunTimes): Reporter {
  const log = workflowLog();
  const { root, workingDirectory } = settings;
  return allOf([
    new FoldLog({ log, mode: settings.log }),
    progressReporter(settings.log, (line) => log.text(line), times.of),
    new Annotations({
      log,
      root: encode(root),
      directory: encode(workingDirectory),
      matchers,
      left: (level) => log.left(level),
    }),
    { handle: () => undefined, finish: () => log.finish() },
  ]);
}
