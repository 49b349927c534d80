import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { bytesOf, type Bytes } from '../util/bytes.ts';
import { echoOffset } from './echo.ts';

/** Ends each marker in make's output (output-parser.ts): what stands behind the last one is nobody's but make's. */
const MARKER_END = '\x1e';

/**
 * What make has printed of a command before it calls its shell, where that is in a file: under -O with several jobs, the
 * shim's standard output is a file until the recipe ends.
 *
 * @param shim process id
 * @param command as text, with the user's own shell in it
 * @param restore gives the user's own shells back in a text
 * @returns empty: nothing, it is silenced; undefined: it cannot be known yet
 */
export function echoInFile(shim: number, command: Bytes, restore: (text: Bytes) => Bytes): Bytes | undefined {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${shim}/fd/1`, 'r');
    const stats = fstatSync(file);
    if (!stats.isFile()) return undefined;
    // The echo has what the command has, and white space, prefixes and longer paths of shells besides.
    const length = Math.min(stats.size, command.length * 2 + 4096);
    const data = Buffer.alloc(length);
    const read = readSync(file, data, 0, length, stats.size - length);
    const text = bytesOf(data.subarray(0, read));
    const gap = restore(text.slice(text.lastIndexOf(MARKER_END) + 1));
    return gap.slice(echoOffset(gap, command));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
