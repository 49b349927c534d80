import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { parse } from 'ssh-config';
import { decode, encode } from '../util/bytes.ts';
import { isPattern, matchingFiles } from '../util/file-pattern.ts';
import { UserError } from '../util/user-error.ts';
import { messageOf } from '../util/message-of.ts';

/** One line of an ssh configuration: a keyword and what stands behind it. */
export interface ConfigLine {
  /** In lower case. */
  readonly keyword: string;
  /** The values, without their quotes. */
  readonly words: readonly string[];
  /** All that stands behind the keyword, as it is written: a command. */
  readonly text: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Of an Include: the lines of each file that it names. */
  readonly included: readonly (readonly ConfigLine[])[];
}

/** Where a file stands, for what it includes and for whether others may write it. */
export interface ConfigPlace {
  readonly home: string;
  /** What relative names of Include are below: `~/.ssh`, or `/etc/ssh`. */
  readonly folder: string;
  /** The user's own: what others may write is not believed, for it names commands (ssh(1), FILES). */
  readonly own: boolean;
  readonly onPassedOver: (text: string) => void;
}

/** As many as ssh follows. */
const MAX_DEPTH = 16;
/** Commands: ssh takes the rest of the line as it stands. */
const COMMANDS: ReadonlySet<string> = new Set(['proxycommand', 'localcommand', 'remotecommand', 'knownhostscommand']);
/** Keywords with a list of words behind them. */
const LISTS: ReadonlySet<string> = new Set([
  'host',
  'match',
  'include',
  'userknownhostsfile',
  'globalknownhostsfile',
  'sendenv',
  'setenv',
]);

/**
 * Reads a configuration and all that it includes (ssh_config(5)). A file that is not there is an empty one.
 *
 * @throws UserError with file and line for what cannot be parsed
 */
export async function readConfig(file: string, place: ConfigPlace, depth = 0): Promise<readonly ConfigLine[]> {
  const text = await readText(file, place);
  const lines: ConfigLine[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const at = { file, line: index + 1 };
    const parsed = parseLine(content.trim(), at);
    if (parsed === undefined) continue;
    const included: (readonly ConfigLine[])[] = [];
    if (parsed.keyword === 'include') {
      if (depth === MAX_DEPTH) throw failure(at, `Include goes more than ${MAX_DEPTH} files deep`);
      for (const name of parsed.words) {
        for (const found of await filesOf(name, place)) included.push(await readConfig(found, place, depth + 1));
      }
    }
    lines.push({ ...parsed, ...at, included });
  }
  return lines;
}

/** A UserError that names the line. */
export function failure({ file, line }: Pick<ConfigLine, 'file' | 'line'>, problem: string): UserError {
  return new UserError(`${file}, line ${line}: ${problem}`);
}

async function readText(file: string, place: ConfigPlace): Promise<string> {
  try {
    if (place.own) {
      const { uid, mode } = await stat(file);
      if ((uid !== 0 && uid !== process.getuid?.()) || (mode & 0o022) !== 0) {
        place.onPassedOver(
          `${file} is passed over: it must belong to you, and nobody else may have the right to write it ` +
            `(chmod go-w), because it can name commands. ssh does not take it either.`,
        );
        return '';
      }
    }
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw new UserError(`${file} cannot be read (${code ?? String(error)})`);
  }
}

function parseLine(
  content: string,
  at: Pick<ConfigLine, 'file' | 'line'>,
): Pick<ConfigLine, 'keyword' | 'words' | 'text'> | undefined {
  if (content === '' || content.startsWith('#')) return undefined;
  const [, name = '', text = ''] = /^([^\s=]+)(?:\s*=\s*|\s+|$)(.*)$/.exec(content) ?? [];
  const keyword = name.toLowerCase();
  if (name === '') throw failure(at, 'there is no keyword before "="');
  if (text === '') throw failure(at, `${name} has no value`);
  if (COMMANDS.has(keyword)) return { keyword, words: [text], text };
  try {
    // One line at a time, which tells the line of a fault. Of the keywords the parser splits some alone; and it wants a
    // value behind each word of Match, which `!all` has not.
    const [directive] = parse(`${LISTS.has(keyword) ? 'Host' : name} ${text}`);
    const value = directive !== undefined && 'value' in directive ? directive.value : '';
    const words = typeof value === 'string' ? [value] : value.map(({ val }) => val);
    return { keyword, words, text };
  } catch (error) {
    const message = messageOf(error);
    throw failure(
      at,
      message.startsWith('Unexpected line break') ? 'a quotation mark is not closed' : `it cannot be read (${message})`,
    );
  }
}

/** The files that an Include names, sorted; wildcards as glob(7) has them. */
async function filesOf(name: string, { home, folder }: ConfigPlace): Promise<readonly string[]> {
  const path = name.startsWith('~/') ? join(home, name.slice(2)) : isAbsolute(name) ? name : join(folder, name);
  return isPattern(path) ? (await matchingFiles(encode(path))).map(decode).sort() : [path];
}
