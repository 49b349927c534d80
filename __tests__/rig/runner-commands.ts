/** A workflow command. */
export interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/**
 * The runner compares by the culture of its machine, and we do not know that. `generous`: a command is whatever might be one,
 * with and without all characters that have no width or meaning. `strict`: only what is one everywhere, so that `::` does
 * not count beside a character that joins with it.
 */
export type Reading = 'generous' | 'strict';

/** What a runner has registered, by its own and by the documented names. */
export const COMMANDS: readonly string[] = [
  'error',
  'warning',
  'notice',
  'debug',
  'group',
  'endgroup',
  'stop-commands',
  'add-mask',
  'set-output',
  'save-state',
  'set-env',
  'add-path',
  'echo',
  'add-matcher',
  'remove-matcher',
  'internal-set-repo-path',
];

/** Skipped in a comparison by culture. */
const IGNORED = /[\p{Cc}\p{Cf}\p{Mn}\p{Default_Ignorable_Code_Point}]/gu;
/** What .NET trims. */
const BLANKS = /^[\p{Zs}\p{Zl}\p{Zp}\t-\r\u0085]+/u;
const SEPARATOR: Readonly<Record<Reading, RegExp>> = {
  generous: /::/g,
  strict:
    // eslint-disable-next-line no-control-regex
    /(?<![\p{Cf}\p{Default_Ignorable_Code_Point}])::(?![\p{M}\p{Cf}\x1b\p{Default_Ignorable_Code_Point}\p{Grapheme_Extend}\p{Emoji_Modifier}])/gu,
};

/**
 * The command in a line, if the runner takes it for one: `::name key=value,…::data` at the start of the line after trimming,
 * else `##[name key=value;…]data` anywhere. Names count in any case.
 */
export function parseCommand(line: string, registered: readonly string[], reading: Reading): Command | undefined {
  const texts = reading === 'strict' ? [line] : [line, line.replace(IGNORED, '')];
  for (const text of texts) {
    const command = modern(text, registered, SEPARATOR[reading]) ?? legacy(text, registered);
    if (command !== undefined) return command;
  }
  return undefined;
}

function modern(line: string, registered: readonly string[], separator: RegExp): Command | undefined {
  const text = line.replace(BLANKS, '');
  const [first, second] = text.matchAll(separator);
  if (first?.index !== 0 || second === undefined) return undefined;
  const parts = named(text.slice(2, second.index), registered);
  if (parts === undefined) return undefined;
  const data = unescape(text.slice(second.index + 2), /%(?:0D|0A|25)/g);
  return { name: parts.name, properties: propertiesOf(parts.rest.trim(), ',', /%(?:0D|0A|3A|2C|25)/g), data };
}

function legacy(text: string, registered: readonly string[]): Command | undefined {
  const begin = text.indexOf('##[');
  const end = begin < 0 ? -1 : text.indexOf(']', begin);
  if (end < 0) return undefined;
  const parts = named(text.slice(begin + 3, end), registered);
  if (parts === undefined) return undefined;
  const escaped = /%(?:3B|0D|0A|5D|25)/g;
  return {
    name: parts.name,
    properties: propertiesOf(parts.rest, ';', escaped),
    data: unescape(text.slice(end + 1), escaped),
  };
}

function named(info: string, registered: readonly string[]): { name: string; rest: string } | undefined {
  const [word = '', ...rest] = info.split(' ');
  const name = registered.find((one) => one.toLowerCase() === word.toLowerCase());
  return name === undefined ? undefined : { name, rest: rest.join(' ') };
}

function propertiesOf(text: string, separator: string, escaped: RegExp): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const pair of text.split(separator)) {
    const [key = '', ...value] = pair.split('=');
    if (key !== '' && value.length > 0) properties[key] = unescape(value.join('='), escaped);
  }
  return properties;
}

function unescape(text: string, escaped: RegExp): string {
  return text.replace(escaped, (code) => String.fromCharCode(parseInt(code.slice(1), 16)));
}
