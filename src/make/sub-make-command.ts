import type { Bytes } from '../util/bytes.ts';

/** A word in the text of a command that calls make. */
export interface CallSite {
  /** Offset of the name. */
  readonly at: number;
  readonly name: Bytes;
}

/** What the text of a command tells of what it does. */
export interface CommandText {
  /**
   * What it does besides going to directories and calling make: nothing; it writes plain files and makes directories; or
   * more, which is also said of what is not understood.
   */
  readonly effect: 'none' | 'files' | 'more';
  /** In order. Where the effect is `more`, perhaps too many. */
  readonly calls: readonly CallSite[];
  /** Whether something in it may happen more often than it is written. */
  readonly repeats: boolean;
}

/** What neither asks nor changes anything but the shell itself. */
const HARMLESS = /^(?:cd|:|\[|test|true|false|echo|printf|pwd|exit|set|export|unset|wait)$/;
const WRITES = /^mkdir$/;
const NAME = /^g?make$/;

/** Words that stand before a command. */
const BEFORE = /^(?:if|then|elif|else|fi|do|done|!|exec|env|nice|nohup|time|command)$|^\w+=/;

/** Reads a command for sh. What it does not know counts as doing more. */
export function readCommand(command: Bytes): CommandText {
  const text = masked(command);
  const nothing = text.replace(/[12]?>(?:&[12]|>?[ \t]*\/dev\/null)(?![^\s;&|)])/g, blanks);
  // To a device, or to somewhere outside of the workspace, it may be more than a file.
  const plain = nothing.replace(/[12]?>>?[ \t]*[^\s;&|<>(){}`"'\\$#/~][^\s;&|<>(){}`"'\\$#]*/g, blanks);
  // Nobody need wait for what runs in the background.
  if (/[`"'\\<>$#]|(?<!&)&(?!&)/.test(plain)) return unknown(command, text);
  const calls: CallSite[] = [];
  let repeats = false;
  let writes = plain !== nothing;
  for (const part of plain.matchAll(/[^;&|\n(){}]+/g)) {
    const words = [...part[0].matchAll(/\S+/g)];
    const first = words.find(([word]) => !BEFORE.test(word));
    if (!first) continue;
    const [name] = first;
    if (name === 'for') repeats = true;
    else if (NAME.test(name)) calls.push({ at: part.index + first.index, name });
    else if (WRITES.test(name)) writes = true;
    else if (!HARMLESS.test(name)) return unknown(command, text);
  }
  return { effect: writes ? 'files' : 'none', calls, repeats };
}

/** The command with other words in place of those that call make. */
export function renameCalls(command: Bytes, calls: readonly CallSite[], rename: (at: number) => Bytes): Bytes {
  return calls.reduceRight(
    (text, { at, name }, number) => text.slice(0, at) + rename(number) + text.slice(at + name.length),
    command,
  );
}

/** As long as the command: quoted texts and variables become letters, lines that go on are joined. */
function masked(command: Bytes): Bytes {
  return command.replace(/\\\n|'[^']*'|"(?:[^"\\`$]|\$\w+|\$\{\w+\})*"|\$(?:\w+|\{\w+\}|[?$!#])/g, (found) =>
    found === '\\\n' ? '  ' : 'q'.repeat(found.length),
  );
}

function blanks(found: Bytes): Bytes {
  return ' '.repeat(found.length);
}

function unknown(command: Bytes, text: Bytes): CommandText {
  // What is quoted is mostly shown, seldom run; where quotes are not understood either, it may be anything.
  const runsText = /["'`]|(?<!\S)(?:eval|-\w*c)\s/.test(text);
  const looked = runsText ? command : text;
  const plain = [...looked.matchAll(/(?<![^\s;&|({`"'])(?<!(?<!\S)(?:cd|-C)[ \t]+)g?make(?![^\s;&|)`"'<>])/g)];
  const variables = [...command.matchAll(/\$\{?MAKE(?!\w)/g)];
  const calls = [...plain, ...variables].map((found) => ({ at: found.index, name: found[0] }));
  const repeats = /(?<![^\s;&|({`"'])(?:for|while|until|xargs|find|parallel)\s|\w\s*\(\s*\)/.test(looked);
  return { effect: 'more', calls, repeats };
}
