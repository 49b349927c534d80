import { execFile } from 'node:child_process';
import { isAbsolute } from 'node:path/posix';
import { promisify } from 'node:util';

import { decode, type Bytes } from '../../util/bytes.ts';

const run = promisify(execFile);

const known = new Map<Bytes, Promise<string | undefined>>();

/**
 * The version of a bmake, which is a date (`20200710`); also of the make of NetBSD and FreeBSD, which it is. Undefined for
 * every other program. Asked once.
 */
export function bmakeVersion(path: Bytes): Promise<string | undefined> {
  let answer = known.get(path);
  if (answer === undefined) {
    answer = ask(path);
    known.set(path, answer);
  }
  return answer;
}

async function ask(path: Bytes): Promise<string | undefined> {
  if (!isAbsolute(path)) return undefined;
  try {
    const { MAKEFLAGS: _flags, MAKEFILES: _files, ...env } = process.env;
    // GNU make has no -V, and that of OpenBSD no .MAKE.LEVEL.
    const words = ['-r', '-f', '/dev/null', '-V', 'MAKE_VERSION', '-V', '.MAKE.LEVEL'];
    const { stdout } = await run(decode(path), words, { env, timeout: 10_000 });
    return /^(20\d{6})\n\d+\n$/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
