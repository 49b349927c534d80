import { spawnSync } from 'node:child_process';

/** Is this process root itself? */
export const isRoot = () => process.getuid?.() === 0;

/**
 * The command line that runs `argv` as root: itself for root, through `sudo -n` otherwise.
 *
 * @param {readonly string[]} argv
 * @returns {string[]}
 */
export const asRoot = (argv) => (isRoot() ? [...argv] : ['sudo', '-n', ...argv]);

/** @returns {string | undefined} why nothing can be run as root here, or undefined when it can */
export function whyNoRoot() {
  if (isRoot()) return undefined;
  const tried = spawnSync('sudo', ['-n', 'true'], { encoding: 'utf8' });
  if (tried.status === 0) return undefined;
  return `this needs root, or sudo that asks no password: ${(tried.error?.message ?? tried.stderr).trim()}`;
}

/**
 * Runs a short command as root and waits for it.
 *
 * @param {readonly string[]} argv
 * @returns {string} what it printed
 * @throws {Error} with its command line and its stderr when it fails
 */
export function runAsRoot(argv) {
  const [file, ...args] = asRoot(argv);
  const done = spawnSync(/** @type {string} */ (file), args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (done.status === 0) return done.stdout;
  throw new Error(`${argv.join(' ')}: ${(done.error?.message ?? done.stderr).trim() || `exit status ${done.status}`}`);
}
