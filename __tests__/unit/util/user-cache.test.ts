import { expect, test } from '@jest/globals';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { userCache } from '../../../src/util/user-cache.ts';

test.each([
  ['/var/cache/me', '/var/cache/me'],
  ['', join(homedir(), '.cache')],
  ['cache', join(homedir(), '.cache')],
  [undefined, join(homedir(), '.cache')],
])('XDG_CACHE_HOME %p: caches are in %s', (said, expected) => {
  expect(userCache(said === undefined ? {} : { XDG_CACHE_HOME: said })).toBe(expected);
});
