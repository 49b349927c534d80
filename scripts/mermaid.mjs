// Mermaid for tests, as GitHub has it in its pages: `node scripts/mermaid.mjs`. No dev dependency: it brings 260 MB of modules.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '12.3.0';
const INTEGRITY = 'sha512-4113TdXeLAsMruJ79OpFL5O8+LTFXhQqZ260rF3tgUmiNAtRm4Uume04I+65PRN6yZ69J4f8rVYWW8zRk65UYw==';
const BUILD = fileURLToPath(new URL('../build/', import.meta.url));

/** @param {string[]} argv @param {string} [directory] */
function run(argv, directory) {
  const [file, ...args] = argv;
  const done = spawnSync(file, args, { cwd: directory, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (done.status === 0) return;
  const why = done.error?.message ?? `exit status ${done.status}\n${done.stdout}${done.stderr}`.trim();
  throw new Error(`${argv.join(' ')}: ${why}`);
}

const home = join(BUILD, `mermaid-${VERSION}`);
const file = join(home, 'mermaid.min.js');

/** @returns {boolean} whether it has been fetched */
export function hasMermaid() {
  return existsSync(file);
}

/**
 * The one file for browsers of Mermaid's npm package, fetched once by npm and kept in `build/mermaid-VERSION`.
 *
 * @returns {string} absolute path of mermaid.min.js
 * @throws {Error} with npm's own words when it cannot be had, or that it is not the package that was expected
 */
export function fetchMermaid() {
  if (hasMermaid()) return file;
  mkdirSync(BUILD, { recursive: true });
  const work = mkdtempSync(join(BUILD, '.mermaid-'));
  try {
    run(['npm', 'pack', '--silent', '--ignore-scripts', `mermaid@${VERSION}`], work);
    const [tarball] = readdirSync(work);
    const sum = `sha512-${createHash('sha512')
      .update(readFileSync(join(work, tarball)))
      .digest('base64')}`;
    if (sum !== INTEGRITY) throw new Error(`mermaid ${VERSION} from npm is not the package that was expected: ${sum}`);
    const tree = join(work, 'tree');
    mkdirSync(tree);
    run(['tar', '-xzf', tarball, '-C', 'tree', '--strip-components=2', 'package/dist/mermaid.min.js'], work);
    // Another process may have been first.
    if (!existsSync(file)) renameSync(tree, home);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.stdout.write(`${fetchMermaid()}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
