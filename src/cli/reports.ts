import { hostname } from 'node:os';
import type { RunTimes } from '../build/run-times.ts';
import type { Settings } from '../model/settings.ts';
import type { ProblemMatcher } from '../report/annotations/problem-matcher.ts';
import type { ReportDirectory } from '../report/directory/report-directory.ts';
import { plainLog } from '../report/plain.ts';
import { RunClock } from '../report/record/run-clock.ts';
import { RunRecord } from '../report/record/run-record.ts';
import { allOf, type Reporter } from '../report/reporter.ts';
import { printBytes, say, workflowLog } from '../report/standard-streams.ts';
import { encode } from '../util/bytes.ts';
import { hasProgress, type Shown } from './shown.ts';

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

/**
 * What a run does not need is not loaded.
 *
 * @throws UserError when the directory of the report cannot be used
 */
export async function cliReports(options: CliReportsOptions): Promise<CliReports> {
  const { shown, settings, debug, directory, secrets } = options;
  const clock = new RunClock();
  const { now } = clock;
  const onTrouble = (text: string): void => all.handle({ type: 'message', level: 'warning', text });
  let report: ReportDirectory | undefined;
  if (directory !== undefined) {
    const { ReportDirectory } = await import(/* webpackMode: "eager" */ '../report/directory/report-directory.ts');
    report = new ReportDirectory({ path: directory, from: process.cwd(), secrets, now, onTrouble });
  }
  const record = hasProgress(shown) ? new RunRecord(now) : undefined;
  const all = allOf([
    clock,
    record,
    // First: what it cannot write at the end is still told.
    report,
    debug ? await debugLog(settings, now) : undefined,
    await logFor(options, now),
  ]);
  return { ...all, record, spool: report?.spool };
}

async function logFor({ shown, settings, matchers, times }: CliReportsOptions, now: () => number): Promise<Reporter> {
  switch (shown.as) {
    case 'make':
      return plainLog(say);
    case 'dmake': {
      const { DmakeLog } = await import(/* webpackMode: "eager" */ '../report/dmake-log.ts');
      return new DmakeLog({ mode: shown.mode, runner: hostname(), write: printBytes, say });
    }
    case 'watch': {
      const { openWatch } = await import(/* webpackMode: "eager" */ '../report/watch/open-watch.ts');
      const { FoldLog } = await import(/* webpackMode: "eager" */ '../report/fold.ts');
      return openWatch({
        terminal: process.stdout,
        directory: encode(settings.workingDirectory),
        above: (log) => new FoldLog({ log, mode: 'failures', directory: encode(settings.workingDirectory) }),
        earlier: times.of,
        now,
      });
    }
    case 'workflow':
      return workflow(settings, matchers, times);
  }
}

async function debugLog({ root, dist }: Settings, now: () => number): Promise<Reporter> {
  const { DebugLog } = await import(/* webpackMode: "eager" */ '../report/debug-log.ts');
  return new DebugLog({ write: (line) => say(`${line}\n`), now, root: encode(root), dist });
}

async function workflow(settings: Settings, matchers: readonly ProblemMatcher[], times: RunTimes): Promise<Reporter> {
  const { FoldLog } = await import(/* webpackMode: "eager" */ '../report/fold.ts');
  const { progressReporter } = await import(/* webpackMode: "eager" */ '../report/progress/progress-reporter.ts');
  const { Annotations } = await import(/* webpackMode: "eager" */ '../report/annotations/annotations.ts');
  const log = workflowLog();
  const { root, workingDirectory } = settings;
  return allOf([
    new FoldLog({ log, mode: settings.log, directory: encode(workingDirectory) }),
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
