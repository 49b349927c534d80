import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { listedPackages, missingPackages } from '../../../scripts/packages.mjs';

const root = resolve(import.meta.dirname, '../../..');

test('the list of Debian packages is read without its comments', () => {
  const names = listedPackages(pathToFileURL(resolve(root, 'scripts/packages.txt')));
  expect(names).toEqual(expect.arrayContaining(['openssh-server', 'make', 'gcc', 'perl']));
  for (const name of names) expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
});

test('installed packages are told from missing ones', () => {
  expect(missingPackages(['dpkg', 'no-such-package-anywhere', 'coreutils'])).toEqual(['no-such-package-anywhere']);
});

test('the lock file names no registry', () => {
  const lock = JSON.parse(readFileSync(resolve(root, 'package-lock.json'), 'utf8'));
  for (const [path, entry] of Object.entries<{ resolved?: string; integrity?: string }>(lock.packages)) {
    expect({ path, resolved: entry.resolved }).toEqual({ path, resolved: undefined });
    if (path !== '') expect(entry.integrity).toMatch(/^sha512-/);
  }
});
