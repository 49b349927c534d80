/**
 * Imported before anything else by every entry: the bundles are ES modules, and ssh2 reads `__dirname` as soon as it
 * is loaded. The value is the folder of the bundle.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

globalThis.__dirname = dirname(fileURLToPath(import.meta.url));
