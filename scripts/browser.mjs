/** The browser in which the tests look at pages. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const names = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'];

/** @returns {string | undefined} the path of one that is installed */
export function findBrowser() {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    for (const name of names) {
      const path = join(folder || '.', name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/** What is to be installed where there is none; Ubuntu's own is no package but a snap: there Chrome has to be there already. */
export const browserPackage = 'chromium';
