/** Runs one group of tests: `node scripts/jest.mjs unit|integration|e2e [jest arguments]`. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './build.mjs';
import { presentNode } from './setup.mjs';

/**
 * The arguments of node for a group of tests. ES modules need the flag; it is not put into NODE_OPTIONS, where the
 * programs that the tests start would inherit it.
 */
export function jestArguments(group, more = []) {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const roots = `--roots=${join(root, '__tests__', group)}`;
  // Tests with real hosts mostly wait; more than two at a time would only make each other late.
  const pace = ['--maxWorkers=2', `--testTimeout=${group === 'unit' ? 30_000 : 90_000}`];
  return [...flags, join(root, 'node_modules/jest/bin/jest.js'), roots, '--ci', ...pace, ...more];
}

/** The environment in which `node` is that node. */
export function environmentFor(node) {
  return { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [group, ...more] = process.argv.slice(2);
  const node = presentNode();
  const options = { cwd: root, env: environmentFor(node), stdio: 'inherit' };
  process.exitCode = spawnSync(node, jestArguments(group, more), options).status ?? 1;
}
