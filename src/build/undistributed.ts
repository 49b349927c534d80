import { availableParallelism } from 'node:os';
import { runNative } from '../make/native-process.ts';
import type { Outcome } from '../model/outcome.ts';
import { bytesOf, decode } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import type { BuildOptions } from './build-options.ts';

/**
 * A build by a make whose recipes cannot come to us: it runs as it is, and the log says why.
 *
 * @param obstacle RealMake.obstacle
 * @throws UserError where nothing distributable may run on the runner
 */
export async function buildUndistributed(options: BuildOptions, obstacle: string): Promise<Outcome> {
  const { settings, make, jobs, sink } = options;
  if (settings.fallback === 'never') throw new UserError(`${obstacle}, and fallback is never: nothing is built`);
  const begin = performance.now();
  const { localJobs } = settings;
  sink({ type: 'run-started', hosts: [], jobs, localJobs, processors: availableParallelism(), time: Date.now() });
  sink({ type: 'message', level: 'warning', text: `${obstacle}: it runs undistributed` });
  // Whole lines, for a log.
  let rest = '';
  const print = (data: Buffer): void => {
    const text = rest + bytesOf(data);
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (end > 0) sink({ type: 'make-text', text: text.slice(0, end) });
  };
  const outcome = await runNative({
    file: decode(make.path),
    name: settings.make,
    arguments: [...(typeof jobs === 'number' && jobs > 1 ? [`-j${jobs}`] : []), ...options.arguments],
    directory: settings.workingDirectory,
    output: options.piped ? print : 'inherit',
    onSignal: options.onSignal,
  });
  if (rest !== '') sink({ type: 'make-text', text: rest });
  const seconds = (performance.now() - begin) / 1000;
  const counts = { remote: 0, retried: 0, local: 0, recursive: 0 };
  sink({ type: 'run-finished', outcome, seconds, counts, failedTargets: [], hosts: [] });
  return outcome;
}
