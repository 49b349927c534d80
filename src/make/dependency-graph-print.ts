import { bytesOf, type Bytes } from '../util/bytes.ts';
import { launch, type LaunchOptions } from './launch.ts';

/** make prints a data base of a few MB for large projects; what is longer is not ours to hold. */
const LIMIT = 256 << 20;

/**
 * Runs a make that prints its data base, on the runner.
 *
 * @returns what it had printed when it ended, or when its time was over
 */
export async function printDatabase(
  options: Omit<LaunchOptions, 'stdio' | 'detached'> & { readonly timeout: number },
): Promise<Bytes> {
  const { run, broker, file, argv, environment, directory, timeout } = options;
  const stdio = ['ignore', 'pipe', 'ignore'] as const;
  const child = launch({ run, broker, file, argv, environment, directory, stdio: [...stdio] });
  const chunks: Buffer[] = [];
  let length = 0;
  const stop = (): void => {
    child.kill('SIGKILL');
    // $(shell) in the makefile may hold it open.
    child.stdout?.destroy();
  };
  child.stdout?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > LIMIT) stop();
    else chunks.push(chunk);
  });
  const timer = setTimeout(stop, timeout);
  await new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  clearTimeout(timer);
  return bytesOf(Buffer.concat(chunks));
}
