import type { Bytes } from '../util/bytes.ts';
import { shellQuote } from '../util/quote.ts';
import { changeEnvironment, environmentValue } from './environment.ts';

/** Fragments of shell script for shim.sh. Each ends in a newline; they may be put one behind another. */

/** Above this, or with a NUL inside, data goes through a file. */
export const MAX_INLINE = 64 << 10;

export function printFragment(descriptor: 1 | 2, data: Bytes): Bytes {
  return `printf %s ${shellQuote(data)} >&${descriptor}${noteLoss(descriptor)}\n`;
}

/** @param cat path of cat(1) */
export function catFragment(descriptor: 1 | 2, file: string, cat: string): Bytes {
  return `${cat} ${shellQuote(file)} >&${descriptor}${noteLoss(descriptor)}\n`;
}

/** The shell, or cat, has said why. */
function noteLoss(descriptor: 1 | 2): Bytes {
  return descriptor === 1 ? ' || distmake_lost=1' : '';
}

/**
 * Runs argv in a process of its own, tells its pid (verb c) and its status (verb d). At a terminal both get SIGINT, and
 * the shim must outlive the other.
 */
export function runFragment(argv: readonly Bytes[], environment: readonly Bytes[], changes: readonly Bytes[]): Bytes {
  return [
    'trap : INT QUIT\n(trap - INT QUIT\n',
    'read -r distmake_pid distmake_rest </proc/self/stat\ndistmake_tell c "$distmake_pid"\n',
    environmentFragment(environment, changes),
    checkFragment(argv[0] ?? ''),
    `exec ${argv.map(shellQuote).join(' ')})\n`,
    'distmake_tell d $?\ntrap - INT QUIT\n',
  ].join('');
}

/** @param launcher words that take argv[0], a file and the further arguments, and execute just that */
export function execFragment(
  launcher: readonly Bytes[],
  command: { readonly file: Bytes; readonly argv: readonly Bytes[] },
  environment: readonly Bytes[],
  changes: readonly Bytes[],
): Bytes {
  const [name = '', ...rest] = command.argv;
  const words = [...launcher, name, command.file, ...rest];
  return `${environmentFragment(environment, changes)}exec ${words.map(shellQuote).join(' ')}\n`;
}

/** A job of which not all could be printed has failed, as it would have where its own writes fail. */
export function exitFragment(status: number): Bytes {
  return status === 0 ? 'exit ${distmake_lost:-0}\n' : `exit ${status}\n`;
}

export function dieFragment(signal: number): Bytes {
  return `trap - ${signal} 2>/dev/null\nkill -${signal} $$\nexit ${128 + signal}\n`;
}

/** As make says it of a shell that is not there. */
function checkFragment(file: Bytes): Bytes {
  if (!file.includes('/')) return '';
  const complaint = shellQuote(`make: ${file}: No such file or directory\n`);
  return `[ -f ${shellQuote(file)} ] || { printf %s ${complaint} >&2; exit 127; }\n`;
}

/** The changes, and what a shell changes by itself at its start put back. */
function environmentFragment(environment: readonly Bytes[], changes: readonly Bytes[]): Bytes {
  const final = changeEnvironment(environment, changes);
  const own = ['PWD', 'OLDPWD'].map((name) => {
    const value = environmentValue(final, name);
    return value === undefined ? name : `${name}=${value}`;
  });
  return [...changes, ...own].map(changeFragment).join('');
}

function changeFragment(change: Bytes): Bytes {
  const [name = ''] = change.split('=', 1);
  // make exports no other names either.
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return '';
  return change.includes('=') ? `export ${name}=${shellQuote(change.slice(name.length + 1))}\n` : `unset ${name}\n`;
}
