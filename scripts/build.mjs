/** Builds dist/ from src/: `node scripts/build.mjs [folder]`, the folder being `dist` unless it is named. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pageTemplate } from './page.mjs';

export const root = resolve(fileURLToPath(import.meta.url), '../..');

/** One bundle each: dist/NAME/index.js from src/NAME.ts. The walker is the program of a thread. */
const entries = ['main', 'post', 'cli', 'walker'];

/** What a bundle consists of. The bundler adds more, a Windows program of ssh2's for one, that nothing of ours uses. */
const wanted = new Set(['index.js', 'package.json', 'licenses.txt']);

/**
 * Compiles the sources and bundles every entry.
 * @param {string} out the folder to make anew
 * @throws {Error} with a message for people when a step fails
 */
export function build(out) {
  // The names that the bundler gives to modules come from their paths: lib/ must be this folder, or no two builds agree.
  rmSync(join(root, 'lib'), { recursive: true, force: true });
  rmSync(out, { recursive: true, force: true });
  tool('typescript/bin/tsc', ['-p', '.']);
  for (const entry of entries) {
    const folder = join(out, entry);
    const options = ['--license', 'licenses.txt', '--no-cache', '--quiet'];
    tool('@vercel/ncc/dist/ncc/cli.js', ['build', join('lib', `${entry}.js`), '-o', folder, ...options]);
    for (const name of readdirSync(folder)) {
      if (!wanted.has(name)) rmSync(join(folder, name), { recursive: true });
      else chmodSync(join(folder, name), 0o644);
    }
  }
  makeProgram(join(out, 'cli', 'index.js'));
  const assets = join(root, 'src', 'assets');
  if (existsSync(assets)) copyAssets(assets, join(out, 'assets'));
  writeFileSync(join(out, 'assets', 'report.html'), pageTemplate(), { mode: 0o644 });
}

/** @param {string} file the bundle that package.json's `bin` names */
function makeProgram(file) {
  const text = readFileSync(file, 'utf8');
  if (!text.startsWith('#!')) writeFileSync(file, `#!/usr/bin/env node\n${text}`);
  chmodSync(file, 0o755);
}

/** Copies a tree with the modes that git keeps, 644 and 755, whatever the umask is. */
function copyAssets(from, to) {
  cpSync(from, to, { recursive: true });
  for (const entry of readdirSync(to, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}

function tool(script, args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`${script.split('/').at(-1)} ${args.slice(0, 2).join(' ')} failed`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    build(resolve(process.argv[2] ?? join(root, 'dist')));
  } catch (error) {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
}
