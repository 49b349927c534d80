/** The browser in which the tests look at pages. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installPackages } from './packages.mjs';

const names = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'];

/** @returns {string | undefined} the path of one that is installed */
export function findBrowser() {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    for (const name of names) {
      const path = join(folder || '.', name);
      // On Ubuntu there is a program of that name that only says how to get the browser.
      if (spawnSync(path, ['--version'], { timeout: 30_000 }).status === 0) return path;
    }
  }
  return undefined;
}

/**
 * Installs Debian's. Ubuntu has no such package, but a snap, which needs a service of its own.
 * @throws {Error} saying what to do by hand
 */
export function installBrowser() {
  try {
    installPackages(['chromium']);
  } catch (error) {
    throw new Error(
      `${error.message}\nOn Ubuntu install Google Chrome, or a chromium of your own, so that it is on PATH`,
      {
        cause: error,
      },
    );
  }
  if (findBrowser() === undefined) throw new Error('chromium is installed, but does not run here');
}
