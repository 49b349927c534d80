import type { LaneSetup } from '../engine/ports.ts';
import { encode, type Bytes } from '../util/bytes.ts';
import type { Greeting } from './greeting.ts';

/**
 * The command that starts every lane. It must mean the same to any login shell (csh and fish too), so all that matters
 * comes as one line on stdin: `read` takes exactly that line, byte by byte, and leaves the rest alone.
 */
export const LANE_COMMAND = `exec sh -c 'IFS= read -r l; eval "$l"'`;

/** What is to run on a host before a lane: see LaneSetup. What it prints goes to stderr. */
type Before = Pick<LaneSetup, 'startup' | 'setup'>;

/**
 * That one line: runs the start-up command, evaluates the user's set-up lines with `set -e`, then becomes the lane in perl.
 *
 * @param nonce marks the lane's own words
 * @param size length of the program that follows on stdin, in bytes
 */
export function perlBootstrap(before: Before, nonce: string, size: number): Bytes {
  return line([
    ...beforeLines(before, nonce),
    `command -v perl >/dev/null 2>&1 || { ${say(nonce, 'no-perl')}; exit 3; }`,
    say(nonce, 'ready'),
    `exec perl -e '${READ_PROGRAM.replace('SIZE', String(size))}'`,
  ]);
}

/** The same for the lane in sh: a shell of its own, which knows nothing of the set-up lines but what they exported. */
export function shBootstrap(before: Before, nonce: string, size: number): Bytes {
  return line([
    ...beforeLines(before, nonce),
    say(nonce, 'ready'),
    `exec sh -c 'eval "$(dd bs=1 count=${size} 2>/dev/null)"'`,
  ]);
}

const READ_PROGRAM =
  'my ($n, $s) = (SIZE, ""); while (length($s) < $n) { sysread(STDIN, $s, $n - length $s, length $s) or exit 1 } eval $s; die $@ if $@;';

function say(nonce: string, word: Greeting): string {
  return `printf '\\n%s %s\\n' ${nonce} ${word}`;
}

function beforeLines({ startup, setup }: Before, nonce: string): string[] {
  return [...startupLines(startup, nonce), ...setupLines(setup, nonce)];
}

/** In a shell of its own: nothing that it sets is to reach the lane. */
function startupLines(startup: string, nonce: string): string[] {
  if (startup.trim() === '') return [];
  const failed = `printf '\\n%s startup-failed %s\\n' ${nonce} $?; exit 1`;
  return [`sh -c "$(printf %b '${octal(encode(startup))}')" </dev/null >&2 || { ${failed}; }`];
}

function setupLines(setup: string, nonce: string): string[] {
  if (setup.trim() === '') return [];
  return [
    `trap '${say(nonce, 'setup-failed').replaceAll("'", `'"'"'`)}' EXIT`,
    'set -e',
    `eval "$(printf %b '${octal(encode(setup))}')" </dev/null >&2`,
    'set +e',
    'trap - EXIT',
  ];
}

function line(commands: readonly string[]): Bytes {
  return commands.join('; ') + '\n';
}

/** For the `%b` of printf: POSIX has `\0ddd` there. */
function octal(bytes: Bytes): string {
  return bytes.replace(/[^A-Za-z0-9 _./=-]/g, (c) => `\\0${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
