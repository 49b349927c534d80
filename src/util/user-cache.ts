import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path/posix';

/**
 * The user's directory for caches: XDG_CACHE_HOME, else ~/.cache. The XDG base directory specification has one that is empty
 * count as not set, and one that is not absolute as invalid.
 */
export function userCache(environment: NodeJS.ProcessEnv = process.env): string {
  const said = environment['XDG_CACHE_HOME'] ?? '';
  return isAbsolute(said) ? said : join(homedir(), '.cache');
}
