import type { Place } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Job } from '../model/job.ts';
import { decode, encode, type Bytes } from '../util/bytes.ts';
import { shellQuote } from '../util/quote.ts';
import { cleanLines } from './clean-text.ts';

/** Longest text that is worth a paste, in bytes. */
const MOST = 64 * 1024;

/** Longer lines are broken where that can be done: neither a log nor a terminal takes lines of 4096 characters. */
const LONG = 1000;

/** What means more than a word to an interactive shell in front of which `cd DIR &&` stands. */
const MORE_THAN_ONE = /[\n;&|!#(){}]/;

/** Anything that a terminal does not take as it is pasted; `\p{C}` is all control characters and the invisible ones. */
const UNPASTABLE = /(?![\n\t])\p{C}/u;

/**
 * Shell that runs a job again wherever the workspace is in its place. A plain command of make's usual shell stands as it
 * is; anything else is given to its own shell, quoted by POSIX' rules, in a subshell:
 *
 *     cd /w/src && cc -c main.c
 *     (cd /w/src && /bin/bash -ec 'cc -c main.c; test -s main.o')
 *
 * @returns undefined where no log can show it so that it could be pasted: it is too long, or has control characters, `##[`,
 *   or bytes that are no UTF-8
 */
export function rerunLine({ directory, argv, command }: Job): string | undefined {
  if (command.length > MOST) return undefined;
  const usual = argv.length === 3 && /^(?:\/bin\/)?sh$/.test(argv[0] ?? '') && argv[1] === '-c' && argv[2] === command;
  const bytes =
    usual && !MORE_THAN_ONE.test(command)
      ? `cd ${shellQuote(directory)} && ${broken(command.trim())}`
      : `(cd ${shellQuote(directory)} && ${argv.map((word) => shellQuote(word === command ? broken(word) : word)).join(' ')})`;
  const text = decode(bytes);
  const isShown = cleanLines(text).join('\n') === text && !UNPASTABLE.test(text);
  return isShown && encode(text) === bytes ? text : undefined;
}

/**
 * `ran on me@10.0.0.1:2222 (ssh -p 2222 me@10.0.0.1)`: the second is how to get there, where plain ssh leads there. Where a host
 * with a name of its own is, and the way through others, is nobody's business (privateFields).
 */
export function whereItRan(place: Place): string {
  if (place === undefined) return 'ran on the runner';
  const { name, address, local, transport, jump } = place;
  const leads = !local && transport === undefined && jump === undefined && name.includes(address);
  return `ran on ${name}${leads ? ` (${sshLine(place)})` : ''}`;
}

/**
 * A long command with a backslash at the end of each line, which means the same to a shell between words. Not where a
 * space might be no space between words: behind a quote, a backslash, or where a comment or a here-document may begin.
 */
function broken(command: Bytes): Bytes {
  if (command.length <= LONG) return command;
  const safe = command.search(/['"\\`#]|<</);
  const end = safe < 0 ? command.length : safe;
  let text = '';
  let from = 0;
  while (end - from > LONG) {
    const at = command.lastIndexOf(' ', from + LONG);
    if (at <= from) break;
    text += `${command.slice(from, at)} \\\n`;
    from = at + 1;
  }
  return text + command.slice(from);
}

function sshLine({ user, address, port }: Host): string {
  const words = ['ssh'];
  if (port !== undefined && port !== 22) words.push('-p', String(port));
  words.push(user === undefined ? address : `${user}@${address}`);
  return words.map(shellQuote).join(' ');
}
