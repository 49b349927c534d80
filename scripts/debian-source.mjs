// Source trees of Debian's (or Ubuntu's) packages, as real projects to build: `node scripts/debian-source.mjs zlib`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../build/', import.meta.url));
const DAY_MS = 24 * 3600 * 1000;

/**
 * @param {string[]} argv
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
function run(argv, options = {}) {
  const [file, ...args] = argv;
  const environment = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const done = spawnSync(file, args, { env: environment, encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (done.status === 0) return String(done.stdout);
  const why = done.error?.message ?? `exit status ${done.status}\n${done.stdout}${done.stderr}`.trim();
  throw new Error(`${argv.join(' ')}: ${why}`);
}

/** The release's own suites (bookworm, bookworm-updates …): other people's repositories seldom have sources. */
function ownSuite() {
  const codename = /^VERSION_CODENAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  return (/** @type {string} */ suite) =>
    !suite.endsWith('/') && (codename === undefined || suite === codename || suite.startsWith(`${codename}-`));
}

/**
 * The `deb-src` twin of a one-line sources.list: `deb [options] URI suite component…`.
 *
 * @param {string} text
 * @param {(suite: string) => boolean} wanted
 */
export function sourceLines(text, wanted) {
  return text
    .split('\n')
    .map((line) => /^\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s+([^#]*[^#\s])/.exec(line))
    .filter((m) => m !== null && !m[2].startsWith('cdrom:') && m[4].split(/\s+/).includes('main') && wanted(m[3]))
    .map((m) => {
      const options = (m[1] ?? '').split(/\s+/).filter((o) => o !== '' && !/^arch[-+]?=/.test(o));
      return `deb-src ${options.length > 0 ? `[${options.join(' ')}] ` : ''}${m[2]} ${m[3]} ${m[4]}\n`;
    })
    .filter((line, i, all) => all.indexOf(line) === i)
    .join('');
}

/**
 * The `deb-src` twin of a deb822 .sources file: stanzas of `Field: value`, values go on in indented lines.
 *
 * @param {string} text
 * @param {(suite: string) => boolean} wanted
 */
export function sourceStanzas(text, wanted) {
  const stanzas = text
    .split('\n')
    .filter((l) => !l.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/);
  let result = '';
  for (const stanza of stanzas) {
    const fields = [...stanza.matchAll(/^([A-Za-z0-9-]+):(.*(?:\n[ \t].*)*)/gm)].map((m) => [m[1], m[2].trim()]);
    const value = (/** @type {string} */ name) => fields.find(([n]) => n.toLowerCase() === name)?.[1] ?? '';
    const suites = value('suites')
      .split(/\s+/)
      .filter((s) => s !== '' && wanted(s));
    if (suites.length === 0 || !value('components').split(/\s+/).includes('main')) continue;
    if (/^(no|false|off|0)$/i.test(value('enabled'))) continue;
    const own = new Set(['types', 'suites', 'enabled', 'architectures']);
    const kept = fields.filter(([n]) => !own.has(n.toLowerCase())).map(([n, v]) => `${n}: ${v}\n`);
    result += `Types: deb-src\nSuites: ${suites.join(' ')}\n${kept.join('')}\n`;
  }
  return result;
}

/** Writes our own list of sources from the machine's. @param {string} folder */
function writeSources(folder) {
  const paths = run(['apt-config', 'shell', 'LIST', 'Dir::Etc::sourcelist/f', 'PARTS', 'Dir::Etc::sourceparts/d']);
  const list = /LIST='([^']*)'/.exec(paths)?.[1] ?? '/etc/apt/sources.list';
  const parts = /PARTS='([^']*)'/.exec(paths)?.[1] ?? '/etc/apt/sources.list.d/';
  const files = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  if (existsSync(list)) files.unshift(list);

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const wanted = ownSuite();
  let written = 0;
  for (const [i, file] of files.entries()) {
    const kind = file.endsWith('.sources') ? 'sources' : file.endsWith('.list') ? 'list' : undefined;
    if (kind === undefined) continue;
    const text = readFileSync(file, 'utf8');
    const twin = kind === 'list' ? sourceLines(text, wanted) : sourceStanzas(text, wanted);
    if (twin === '') continue;
    writeFileSync(join(folder, `${i}.${kind}`), twin);
    written++;
  }
  if (written === 0) throw new Error(`no archive of this release in apt's sources (${files.join(', ') || list})`);
}

/** What makes apt use our own lists and cache. @param {string} apt the folder of both */
function aptOptions(apt) {
  const options = [
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::Etc::sourceparts=${apt}/sources`,
    `Dir::State::lists=${apt}/lists`,
  ];
  // The sandbox user of apt need not be able to enter our folders.
  options.push(`Dir::Cache=${apt}/cache`, 'Acquire::Languages=none', 'APT::Sandbox::User=root', 'Acquire::Retries=3');
  return options.flatMap((option) => ['-o', option]);
}

/** Fetches the archives' lists into our own folder. @param {string} apt */
function updateLists(apt) {
  for (const part of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, part), { recursive: true });
  writeSources(join(apt, 'sources'));
  run(['apt-get', '-q', ...aptOptions(apt), 'update']);
  writeFileSync(join(apt, 'updated'), '');
}

/**
 * Fetches .dsc and tarballs of a source package into `into`, with apt's own checks of signatures, and without touching the
 * machine's apt state.
 *
 * @param {string} name
 * @param {string} into
 */
function download(name, into) {
  const apt = join(BUILD, 'apt');
  const aptGet = ['apt-get', '-q', ...aptOptions(apt)];
  const fetch = () => run([...aptGet, 'source', '--only-source', '--download-only', name], { cwd: into });

  const updated = join(apt, 'updated');
  if (existsSync(updated) && Date.now() - statSync(updated).mtimeMs < DAY_MS) {
    try {
      return fetch();
    } catch {
      // The archive may have moved on since: look again below.
    }
  }
  updateLists(apt);
  return fetch();
}

/**
 * Fetches one file from the pool of the archives that this machine uses: it may belong to another release than the
 * machine's, which the machine's signed lists do not name. Therefore the sum is given.
 *
 * @param {string} file below the archive, `pool/…`
 * @param {string} sum SHA-256
 * @param {string} into the path of the file to write
 */
function downloadFromPool(file, sum, into) {
  const apt = join(BUILD, 'apt');
  // apt names no archive whose lists it does not have.
  if (!existsSync(join(apt, 'updated'))) updateLists(apt);
  const options = aptOptions(apt);
  const listed = run(['apt-get', ...options, 'indextargets', '--format', '$(REPO_URI)', 'Created-By: Sources']);
  let last = new Error("no archive of this release in apt's sources");
  for (const archive of new Set(listed.split('\n').filter((line) => line !== ''))) {
    const url = `${archive.replace(/\/*$/, '/')}${file}`;
    try {
      run(['/usr/lib/apt/apt-helper', ...options, 'download-file', url, into, `SHA256:${sum}`]);
      return;
    } catch (error) {
      last = /** @type {Error} */ (error);
    }
  }
  throw last;
}

/**
 * Checks what was downloaded against the .dsc.
 *
 * @param {string} folder
 * @returns {{ version: string, files: string[] }} Debian's version and the file names
 */
function verify(folder) {
  const dsc = readdirSync(folder).find((f) => f.endsWith('.dsc'));
  if (dsc === undefined) throw new Error(`apt-get source brought no .dsc: ${readdirSync(folder).join(' ')}`);
  const text = readFileSync(join(folder, dsc), 'utf8');
  const version = /^Version: *(\S+)/m.exec(text)?.[1];
  const sums = /^Checksums-Sha256:[ \t]*\n((?: .*\n?)+)/m.exec(text)?.[1];
  if (version === undefined || sums === undefined) throw new Error(`${dsc} has no Version or no Checksums-Sha256`);
  const files = [...sums.matchAll(/^ ([0-9a-f]{64}) (\d+) (\S+)$/gm)].map(([, sum, size, file]) => {
    const bytes = readFileSync(join(folder, basename(file)));
    if (bytes.length !== Number(size) || createHash('sha256').update(bytes).digest('hex') !== sum) {
      throw new Error(`${file} is not what ${dsc} says`);
    }
    return file;
  });
  return { version, files };
}

/** @param {string} sources @param {string} name @returns {string | undefined} the tree that is there already */
function cached(sources, name) {
  const found = readdirSync(sources).filter((f) => f.startsWith(`${name}-`) && /^\d/.test(f.slice(name.length + 1)));
  return found.length === 0 ? undefined : join(sources, found.sort().at(-1) ?? '');
}

/**
 * The upstream source tree (Debian's patches are not applied) of a source package, fetched by apt from the archives that
 * this machine uses, once; later calls give the same folder. Treat it as read-only: copy it before you build in it.
 * Needs no root and no dpkg-dev; needs xz for most packages.
 *
 * @param {string} name of the source package: lua5.4, zlib, jansson
 * @returns {string} `build/sources/NAME-VERSION`
 * @throws {Error} with apt's own words when it cannot be had
 */
export function fetchDebianSource(name) {
  if (!/^[a-z0-9][a-z0-9.+-]+$/.test(name)) throw new Error(`not the name of a source package: ${name}`);
  const sources = join(BUILD, 'sources');
  mkdirSync(sources, { recursive: true });
  const early = cached(sources, name);
  if (early !== undefined) return early;
  // One at a time: apt refuses to share its lists. flock lets go by itself when its holder dies.
  run(['flock', join(sources, '.lock'), process.execPath, fileURLToPath(import.meta.url), '--locked', name]);
  const tree = cached(sources, name);
  if (tree === undefined) throw new Error(`${name} was fetched, but is not in ${sources}`);
  return tree;
}

/** Tarballs of versions that need not be in the machine's own release. */
const POOL = {
  'make-dfsg-4.4.1': {
    file: 'pool/main/m/make-dfsg/make-dfsg_4.4.1.orig.tar.xz',
    sum: '3b16b00ea1079af9f8096bbc71ff7cc00c249fc6a862003da3c42308a0adb0fe',
  },
};

/**
 * As {@link fetchDebianSource}, of the named version, whatever version the machine's own release has.
 *
 * @param {keyof typeof POOL} which name and upstream version
 * @returns {string} `build/sources/pool/NAME-VERSION`
 * @throws {Error} with apt's own words when it cannot be had, or is not the file that was expected
 */
export function fetchPoolSource(which) {
  const sources = join(BUILD, 'sources');
  const tree = join(sources, 'pool', which);
  if (existsSync(tree)) return tree;
  mkdirSync(sources, { recursive: true });
  run(['flock', join(sources, '.lock'), process.execPath, fileURLToPath(import.meta.url), '--locked-pool', which]);
  return tree;
}

/** The part of {@link fetchPoolSource} that only one process does at a time. @param {keyof typeof POOL} which */
function fetchPoolLocked(which) {
  const sources = join(BUILD, 'sources');
  const home = join(sources, 'pool', which);
  if (existsSync(home)) return;
  const { file, sum } = POOL[which];
  const work = mkdtempSync(join(sources, '.fetch-'));
  try {
    const tarball = join(work, basename(file));
    downloadFromPool(file, sum, tarball);
    unpack(tarball, join(work, 'tree'));
    mkdirSync(join(sources, 'pool'), { recursive: true });
    renameSync(join(work, 'tree'), home);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} tarball @param {string} tree which must not be there */
function unpack(tarball, tree) {
  mkdirSync(tree);
  run(['tar', '-xf', tarball, '-C', tree, '--strip-components=1', '--no-same-owner']);
}

/** The part of {@link fetchDebianSource} that only one process does at a time. @param {string} name */
function fetchLocked(name) {
  const sources = join(BUILD, 'sources');
  if (cached(sources, name) !== undefined) return;
  const work = mkdtempSync(join(sources, '.fetch-'));
  try {
    download(name, work);
    const { version, files } = verify(work);
    const tarball = files.find((f) => /\.orig\.tar\.\w+$/.test(f)) ?? files.find((f) => /\.tar\.\w+$/.test(f));
    if (tarball === undefined) throw new Error(`${name} ${version} has no tarball among ${files.join(' ')}`);
    const tree = join(work, 'tree');
    unpack(join(work, tarball), tree);
    renameSync(tree, join(sources, `${name}-${version.replace(/^\d+:/, '')}`));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first, ...rest] = process.argv.slice(2);
  try {
    if (first === '--locked') fetchLocked(rest[0]);
    else if (first === '--locked-pool') fetchPoolLocked(/** @type {keyof typeof POOL} */ (rest[0]));
    else for (const name of [first, ...rest]) process.stdout.write(`${fetchDebianSource(name)}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
