// GNU make of versions that this machine's release does not have, for tests: `node scripts/gnu-make.mjs 4.4.1`.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchPoolSource } from './debian-source.mjs';

const BUILD = fileURLToPath(new URL('../build/', import.meta.url));

/** @param {string[]} argv @param {string} [directory] */
function run(argv, directory) {
  const [file, ...args] = argv;
  const environment = { ...process.env, LC_ALL: 'C' };
  // Makes above us are no business of the one that is built.
  for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'MAKEFILES']) delete environment[name];
  const done = spawnSync(file, args, { cwd: directory, env: environment, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (done.status === 0) return;
  const why = done.error?.message ?? `exit status ${done.status}\n${done.stdout}${done.stderr}`.trim();
  throw new Error(`${argv.join(' ')}: ${why}`);
}

/** @param {'4.4.1'} version */
const built = (version) => join(BUILD, `make-${version}`, 'make');

/**
 * A GNU make of that version, built once from Debian's source package and kept in `build/make-VERSION`, configured source
 * tree and test suite with it. Needs a C compiler.
 *
 * @param {'4.4.1'} version
 * @returns {string} absolute path of the program
 * @throws {Error} with the words of what failed
 */
export function fetchGnuMake(version) {
  const make = built(version);
  if (existsSync(make)) return make;
  mkdirSync(BUILD, { recursive: true });
  // One at a time; flock lets go by itself when its holder dies.
  const self = fileURLToPath(import.meta.url);
  run(['flock', join(BUILD, `.make-${version}.lock`), process.execPath, self, '--locked', version]);
  return make;
}

/** The part of {@link fetchGnuMake} that only one process does at a time. @param {'4.4.1'} version */
function buildLocked(version) {
  if (existsSync(built(version))) return;
  const source = fetchPoolSource(`make-dfsg-${version}`);
  const work = mkdtempSync(join(BUILD, '.make-'));
  try {
    const tree = join(work, 'tree');
    cpSync(source, tree, { recursive: true, preserveTimestamps: true });
    // Debian leaves the manual out, which configure misses.
    mkdirSync(join(tree, 'doc'), { recursive: true });
    writeFileSync(join(tree, 'doc/Makefile.in'), '');
    run(['./configure', '-q', '--prefix=/usr', '--without-guile', '--disable-nls'], tree);
    run(['sh', './build.sh'], tree);
    renameSync(tree, join(BUILD, `make-${version}`));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first, ...rest] = process.argv.slice(2);
  try {
    if (first === '--locked') buildLocked(rest[0]);
    else process.stdout.write(`${fetchGnuMake(first)}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
