/** Debian packages: which are missing, and how to get them. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @param {string | URL} file a list, one package a line, `#` begins a comment */
export function listedPackages(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
}

/**
 * Those of `names` that are not installed.
 * @param {string[]} names
 * @returns {string[]}
 * @throws {Error} on a system without dpkg
 */
export function missingPackages(names) {
  const format = '${Package}\t${db:Status-Status}\n';
  // It fails when it has never heard of one of them; what it knows it prints all the same.
  const query = spawnSync('dpkg-query', ['-W', '-f', format, ...names], { encoding: 'utf8' });
  if (query.error) {
    throw new Error(`This needs Debian or Ubuntu (no dpkg-query here). What it would install: ${names.join(' ')}`);
  }
  const installed = new Set(
    query.stdout
      .split('\n')
      .map((line) => line.split('\t'))
      .filter(([, status]) => status === 'installed')
      .map(([name]) => name),
  );
  return names.filter((name) => !installed.has(name));
}

/**
 * Installs packages as root or through sudo, asking nothing.
 * @param {string[]} names
 * @throws {Error} saying what to do by hand
 */
export function installPackages(names) {
  const byHand = `Install them by hand, as root: apt-get install ${names.join(' ')}`;
  const asRoot = process.getuid() === 0 ? [] : ['sudo', ...(process.stdin.isTTY ? [] : ['-n'])];
  if (asRoot.length > 0 && spawnSync('sudo', ['-V']).error) throw new Error(`Neither root nor sudo here. ${byHand}`);
  aptGet(asRoot, ['update'], `The package lists could not be fetched (network?). ${byHand}`);
  const failed =
    'The packages could not be installed; «Failed to fetch» or «Unable to locate» above mean that the ' +
    `package mirrors cannot be reached. ${byHand}`;
  aptGet(asRoot, ['install', '-y', '--no-install-recommends', ...names], failed);
}

function aptGet(asRoot, args, complaint) {
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0', '-o', 'Acquire::Retries=3'];
  const [program, ...rest] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options, ...args];
  const run = spawnSync(program, rest, { stdio: 'inherit' });
  if (run.status !== 0) throw new Error(complaint);
}
