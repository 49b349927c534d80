import { appendFileSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setOutput } from '@actions/core';
import type { RunTimes } from '../build/run-times.ts';
import type { Settings } from '../model/settings.ts';
import { Annotations } from '../report/annotations/annotations.ts';
import type { ProblemMatcher } from '../report/annotations/problem-matcher.ts';
import { DebugLog } from '../report/debug-log.ts';
import { openDirectory } from '../report/directory/open-directory.ts';
import { ReportDirectory } from '../report/directory/report-directory.ts';
import { FoldLog } from '../report/fold.ts';
import { progressReporter } from '../report/progress/progress-reporter.ts';
import { RunClock } from '../report/record/run-clock.ts';
import { RunRecord } from '../report/record/run-record.ts';
import { allOf, type Reporter } from '../report/reporter.ts';
import { SummaryLog } from '../report/summary/summary-log.ts';
import type { WorkflowLog } from '../report/workflow-commands.ts';
import { encode } from '../util/bytes.ts';
import type { ActionInputs } from './inputs.ts';
import { writeOutputs } from './outputs.ts';

export interface ActionReportsOptions {
  readonly log: WorkflowLog;
  readonly settings: Settings;
  readonly inputs: Pick<ActionInputs, 'debug'>;
  readonly matchers: readonly ProblemMatcher[];
  /** That of the report, if there is to be one. */
  readonly directory: string | undefined;
  /** What no file of the report may have in it. */
  readonly secrets: readonly (string | undefined)[];
  /** Of earlier runs. */
  readonly times: RunTimes;
}

/** All that is made of a run's events in a workflow. */
export class ActionReports implements Reporter {
  readonly record: RunRecord;
  readonly #log: WorkflowLog;
  readonly #all: Reporter;
  readonly #summary: SummaryLog | undefined;
  #done = false;
  readonly #directory: ReportDirectory | undefined;

  /** @throws UserError when the directory of the report cannot be used */
  constructor(options: ActionReportsOptions) {
    const { log, settings, inputs, matchers, directory, secrets, times } = options;
    const { root, workingDirectory, dist, summary } = settings;
    const clock = new RunClock();
    const { now } = clock;
    const print = (line: string): void => log.text(line);
    this.record = new RunRecord(now);
    if (directory !== undefined) {
      const onTrouble = (text: string): void => log.warning(text);
      this.#directory = new ReportDirectory({ path: directory, from: root, secrets, now, onTrouble });
    }
    const summaryLog = summary ? new SummaryLog({ record: this.record, root }) : undefined;
    this.#all = allOf([
      clock,
      this.record,
      // Before the log: what it cannot write at the end is still told.
      this.#directory,
      inputs.debug ? new DebugLog({ write: print, now, root: encode(root), dist }) : undefined,
      new FoldLog({ log, mode: settings.log, directory: encode(workingDirectory) }),
      progressReporter(settings.log, print, times.of),
      new Annotations({
        log,
        root: encode(root),
        directory: encode(workingDirectory),
        matchers,
        left: (level) => log.left(level),
      }),
      summaryLog,
    ]);
    this.#log = log;
    this.#summary = summaryLog;
  }

  /** Where the whole outputs of jobs go that print much. */
  get spool(): ReportDirectory['spool'] | undefined {
    return this.#directory?.spool;
  }

  readonly handle: Reporter['handle'] = (event) => {
    this.#all.handle(event);
    if (event.type === 'run-finished') this.#file('outputs', () => writeOutputs(event));
  };

  /** The output with the path of the report: known before anything runs. */
  setReport(path: string): void {
    this.#file('outputs', () => setOutput('report', path));
  }

  finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#file('log', () => this.#all.finish());
    const file = process.env['GITHUB_STEP_SUMMARY'];
    const summary = this.#summary;
    if (!file || !summary) return;
    this.#file('summary', () => {
      appendFileSync(file, summary.render(statSync(file, { throwIfNoEntry: false })?.size));
    });
  }

  /** What becomes of a build does not depend on files of the runner. */
  #file(what: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#log.warning(`the ${what} of the step could not be written: ${(error as Error).message}`);
    }
  }
}

/**
 * Where the report goes, a real path: the directory is there. When nobody says it lies where the runner removes all when the job is
 * over.
 *
 * @throws UserError when it cannot be used
 */
export function reportDirectory({ report }: Pick<ActionInputs, 'report'>): string | undefined {
  if (report === false) return undefined;
  return openDirectory(report ?? mkdtempSync(join(process.env['RUNNER_TEMP'] ?? tmpdir(), 'distmake-report-')));
}
