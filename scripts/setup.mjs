/** What the tests need besides this repository: Debian packages, npm packages, Node 24. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBrowser, installBrowser } from './browser.mjs';
import { root } from './build.mjs';
import { fetchMermaid, hasMermaid } from './mermaid.mjs';
import { installPackages, listedPackages, missingPackages } from './packages.mjs';

/** The runtime of the action: `runs.using` in action.yml. */
const wantedNode = '24.21.0';

/**
 * Says what is missing, then installs it.
 * @returns {string} the path of a node 24
 * @throws {Error} with a message for people
 */
export function setUp() {
  const wanted = listedPackages(new URL('packages.txt', import.meta.url));
  const packages = missingPackages(wanted);
  const needsBrowser = findBrowser() === undefined;
  const needsMermaid = !hasMermaid();
  const modules = !modulesMatchLock();
  const node = node24();
  const needsNode = !works(node);
  const plan = [
    ...(packages.length > 0 ? [`Debian packages: ${packages.join(' ')}`] : []),
    ...(needsBrowser ? ['a browser to look at pages with: the Debian package chromium'] : []),
    ...(needsMermaid ? ['Mermaid, from npm, into build/'] : []),
    ...(modules ? ['npm packages, as package-lock.json lists them, into node_modules/'] : []),
    ...(needsNode ? [`Node ${wantedNode}, from npm, into build/node24/`] : []),
  ];
  console.log(plan.length > 0 ? `To be installed:\n  ${plan.join('\n  ')}` : 'Nothing needs to be installed.');
  if (packages.includes('openssh-server')) {
    console.log('  (Debian starts an ssh service with openssh-server; the tests run servers of their own.)');
  }
  if (packages.length > 0) installPackages(packages);
  if (needsBrowser) installBrowser();
  if (modules) npm(['ci', '--include=dev']);
  if (needsMermaid) fetchMermaid();
  if (needsNode) installNode24();
  if (!works(node)) throw new Error(`${node} does not run on this machine`);
  return node;
}

/** Node 24 where there is one, else the node that runs this: for single stages, which install nothing. */
export function presentNode() {
  const node = node24();
  return works(node) ? node : process.execPath;
}

function node24() {
  if (process.versions.node.startsWith('24.')) return process.execPath;
  return join(root, 'build/node24/node_modules', nodePackage(), 'bin/node');
}

function nodePackage() {
  return `node-linux-${process.arch}`;
}

function works(node) {
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.startsWith('v24.') ?? false;
}

function installNode24() {
  if (!['x64', 'arm64'].includes(process.arch)) {
    throw new Error(`No Node 24 in npm for ${process.arch}: run this under a Node 24 of your own.`);
  }
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  npm(['install', '--prefix', join(root, 'build/node24'), ...options, `${nodePackage()}@${wantedNode}`]);
}

function npm(args) {
  const run = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (run.error) throw new Error('npm is not on PATH');
  if (run.status !== 0) throw new Error(`npm ${args[0]} failed; can this machine reach its npm registry?`);
}

/** Whether node_modules/ holds exactly the versions that the lock file names; what is optional may be absent. */
function modulesMatchLock() {
  const there = packagesOf('node_modules/.package-lock.json');
  const wanted = packagesOf('package-lock.json') ?? {};
  if (there === undefined) return false;
  const same = (path) => there[path]?.integrity === wanted[path]?.integrity;
  const paths = Object.keys(wanted).filter((path) => path !== '');
  return (
    paths.every((path) => (path in there ? same(path) : wanted[path].optional === true)) &&
    Object.keys(there).every((path) => path in wanted && existsSync(join(root, path)))
  );
}

function packagesOf(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}
