import type { BuildOptions } from './build-options.ts';
import type { Dispatcher } from '../engine/dispatcher.ts';
import { callsMake } from '../engine/make-flags.ts';
import { withoutGroupNotices } from '../make/group-notices.ts';
import { OutputParser, type OutputParserOptions } from '../make/output-parser.ts';
import type { RunDirectory } from '../make/run-directory.ts';

/**
 * Makes events of make's output.
 *
 * @param options spool: of an output that is longer than a log shows all goes to a file
 */
export function parserFor(
  dispatcher: Dispatcher,
  run: RunDirectory,
  nonce: string,
  { sink, verbatim, spool }: Pick<BuildOptions, 'sink' | 'verbatim'> & Pick<OutputParserOptions, 'spool'>,
): OutputParser {
  return new OutputParser({
    nonce,
    spool,
    ...(verbatim === true && { jobTextLimit: Infinity }),
    jobById: (id) => dispatcher.jobById(id),
    isRecursive: (id) => dispatcher.isRecursive(id),
    isSynchronised: ({ id, command }) => dispatcher.hasEnded(id) && !callsMake(command),
    rewrite: (text) => dispatcher.rewrite(withoutGroupNotices(run.shells.restore(text))),
    emit: (event) => {
      sink(event);
      if (event.type === 'job-text') dispatcher.textCame(event.job.id);
    },
    onVerdict: ({ target, ignored }) => dispatcher.verdict(target, ignored),
    dropVerdict: (target) => dispatcher.isDropped(target),
  });
}

/**
 * Recipes that make may start when `jobs` of them may run: a few more, so that no slot waits for make. Only where what
 * was started can be taken back; and not for one job at a time, which people ask for when their makefile needs order.
 */
export function lookAhead(jobs: number): number {
  return jobs === 1 ? 1 : jobs + Math.max(2, Math.ceil(jobs / 4));
}
