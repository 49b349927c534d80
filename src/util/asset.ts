import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where a file of `src/assets` lies at run time, as an absolute path. `../assets` is right from the sources
 * (`src/util`) and from a bundle (`dist/main`, with the copy in `dist/assets`). It must not be written as
 * `new URL('../assets/…', import.meta.url)`: the bundler takes that form for a file to bundle.
 */
export function assetPath(name: string): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', 'assets', name);
}
