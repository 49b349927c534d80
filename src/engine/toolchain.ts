import type { Fallback, Toolchain } from '../model/settings.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { excerpt } from '../util/excerpt.ts';
import { shellQuote } from '../util/quote.ts';

/** A command for sh whose output tells whether two machines have the same tools. */
export interface Tool {
  readonly command: string;
  /** Further lines say nothing of the version. */
  readonly firstLine: boolean;
  /** Where it is absent there is nothing to compare; else absence is a difference like any other. */
  readonly optional: boolean;
}

/** What a tool's command gave: its stdout without newlines at the end, and its exit status. */
export interface ToolAnswer {
  readonly status: number;
  readonly text: Bytes;
}

/** Of sh, for a program that is not there. */
const ABSENT = 127;

/** So much of a differing line is shown, in characters. */
const SHOWN = 120;

/**
 * What is compared. Where nothing may run on the runner its own tools do not matter, nor whether all hosts have the same
 * kernel: what their compilers make code for does.
 */
export function toolsOf(toolchain: Toolchain, fallback: Fallback): readonly Tool[] {
  if (toolchain) return toolchain.map((command) => ({ command, firstLine: false, optional: false }));
  const second = fallback === 'never' ? 'cc -dumpmachine' : 'uname -m';
  return ['cc --version', second].map((command) => ({ command, firstLine: true, optional: true }));
}

/**
 * One program for sh that runs all of them, each in a subshell without input.
 *
 * @param nonce a word of letters and digits that no command knows: parts the answers
 */
export function toolProgram(tools: readonly Tool[], nonce: string): string {
  const lines = tools.map(
    ({ command }) => `(eval ${shellQuote(command)}) </dev/null; printf '\\n${nonce} %d\\n' "$?"\n`,
  );
  return `printf '${nonce}\\n'\n${lines.join('')}`;
}

/**
 * Reads what `toolProgram` printed, in order.
 *
 * @returns fewer than there are tools when it did not come to its end; undefined when it did not even begin
 */
export function readAnswers(stdout: Bytes, nonce: string): readonly ToolAnswer[] | undefined {
  const begin = `${nonce}\n`;
  if (!stdout.startsWith(begin)) return undefined;
  const answers: ToolAnswer[] = [];
  let from = begin.length;
  for (const end of stdout.matchAll(new RegExp(`\\n${nonce} (\\d+)\\n`, 'g'))) {
    const text = stdout.slice(from, end.index).replace(/\n+$/, '');
    answers.push({ status: Number(end[1]), text });
    from = end.index + end[0].length;
  }
  return answers;
}

/** What an answer is compared with. */
export interface Model {
  readonly answer: ToolAnswer;
  /** Of the machine that gave it, for people. */
  readonly name: string;
}

/**
 * How a host's answers differ from others, for people: the first tool and the first line that do, both as they are.
 *
 * @param there the host's own answers, in the order of the tools
 * @param modelOf what that tool's answer is compared with; not asked where there is nothing to compare
 * @returns undefined when they are the same
 */
export function firstDifference(
  tools: readonly Tool[],
  there: readonly ToolAnswer[],
  modelOf: (at: number, answer: ToolAnswer) => Model | undefined,
): string | undefined {
  for (const [at, tool] of tools.entries()) {
    const answer = there[at];
    const model = answer && !isSkipped(tool, answer) ? modelOf(at, answer) : undefined;
    const found = answer && model && difference(tool, answer, model);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether this answer is that of a tool which is not there and need not be. */
function isSkipped(tool: Tool, answer: ToolAnswer): boolean {
  return tool.optional && answer.status === ABSENT;
}

function difference(tool: Tool, there: ToolAnswer, { answer: other, name }: Model): string | undefined {
  if (isSkipped(tool, other)) return undefined;
  const [ours, theirs] = [linesOf(tool, there), linesOf(tool, other)];
  const at = Array.from(ours.length > theirs.length ? ours : theirs).findIndex((_, n) => ours[n] !== theirs[n]);
  const command = excerpt(tool.command, SHOWN);
  if (at >= 0) {
    const where = at > 0 ? `, line ${at + 1},` : '';
    return `${command}${where} says ${said(there, ours[at])} there, ${said(other, theirs[at])} on ${name}`;
  }
  if (there.status === other.status) return undefined;
  return `${command} ends with status ${there.status} there, ${other.status} on ${name}`;
}

function linesOf({ firstLine }: Tool, { text }: ToolAnswer): readonly Bytes[] {
  const lines = text === '' ? [] : text.split('\n');
  return firstLine ? lines.slice(0, 1) : lines;
}

function said({ status }: ToolAnswer, line: Bytes | undefined): string {
  if (line !== undefined) return excerpt(decode(line), SHOWN);
  return status === 0 ? 'nothing' : `nothing (status ${status}${status === ABSENT ? ': it is not there' : ''})`;
}
