import type { Bytes } from '../util/bytes.ts';

/** One rule as `make -p` prints it (with messages in English), built-in ones left out. */
export interface DataBaseRule {
  readonly target: Bytes;
  /** A pattern rule: it stands among the implicit ones. */
  readonly pattern: boolean;
  readonly doubleColon: boolean;
  /** As they stand there, `.WAIT` in its place, without those that are order-only. */
  readonly normal: readonly Bytes[];
  /** Those behind `|`. */
  readonly orderOnly: readonly Bytes[];
  /** Undefined: it has none. */
  readonly recipe: Recipe | undefined;
  /** All targets that one run of the recipe makes, where it makes several. */
  readonly alsoMakes: readonly Bytes[];
  /** Only a step on the way to something else: make deletes it in the end. */
  readonly intermediate: boolean;
}

interface Recipe {
  /** Where its first line stands; undefined when make does not say. */
  readonly file: Bytes | undefined;
  readonly line: number;
  readonly text: Bytes;
}

const ALSO = '#  Also makes: ';

/** Names may hold colons: the one that ends them is followed by a blank, or by nothing. */
const RULE = /^(.+?):(:)?(?: (.*))?$/;

const RECIPE = /^# {2}recipe to execute(?: \(from '(.*)', line (\d+)\))?/;

/**
 * The rules in a data base. A target with several double-colon rules has each of them.
 *
 * @returns undefined when there is no data base in the text
 */
export function readDataBase(text: Bytes): readonly DataBaseRule[] | undefined {
  // What make would print before it, in a dry run, may look like anything.
  const begin = text.lastIndexOf('\n# Make data base, printed on');
  const lines = text.slice(Math.max(begin, 0)).split('\n');
  const rules = lines.indexOf('# Implicit Rules');
  if (rules < 0) return undefined;
  const files = lines.indexOf('# Files', rules);
  const found: DataBaseRule[] = [];
  for (let at = rules + 1; at < lines.length; at++) {
    if (lines[at] !== '') continue;
    // A block: comments, the target's own variables, its rule; what comes behind is said about it.
    const end = blockEnd(lines, at + 1);
    const block = lines.slice(at + 1, end);
    at = end - 1;
    const rule = block.includes('# Not a target:') || block.some(isBuiltIn) ? undefined : readRule(block, at <= files);
    if (rule !== undefined) found.push(rule);
  }
  return found;
}

/** The value of a variable in a data base, as it was assigned; undefined when it has none. */
export function variableIn(text: Bytes, name: string): Bytes | undefined {
  const begin = text.lastIndexOf('\n# Make data base, printed on');
  return new RegExp(`^${name.replaceAll('.', '\\.')} :?:?= (.+)$`, 'm').exec(text.slice(Math.max(begin, 0)))?.[1];
}

function readRule(block: readonly Bytes[], pattern: boolean): DataBaseRule | undefined {
  const [, target, colon, text = ''] = RULE.exec(ruleOf(block) ?? '') ?? [];
  if (target === undefined) return undefined;
  const words = text.split(' ').filter((word) => word !== '');
  const bar = words.indexOf('|');
  const at = block.findIndex((line) => RECIPE.test(line));
  const [, file, line] = RECIPE.exec(block[at] ?? '') ?? [];
  return {
    target,
    pattern,
    doubleColon: colon !== undefined,
    normal: bar < 0 ? words : words.slice(0, bar),
    orderOnly: bar < 0 ? [] : words.slice(bar + 1),
    recipe: at < 0 ? undefined : { file, line: Number(line), text: block.slice(at + 1).join('\n') },
    alsoMakes:
      block
        .find((one) => one.startsWith(ALSO))
        ?.slice(ALSO.length)
        .split(' ') ?? [],
    intermediate: block.includes('#  File is an intermediate prerequisite.'),
  };
}

/** Blank lines end a block, but for those in the value of a variable. */
function blockEnd(lines: readonly Bytes[], from: number): number {
  let at = from;
  while (at < lines.length && lines[at] !== '') {
    if (/^.+?: (?:override |private )*define /.test(lines[at] ?? '')) {
      const end = lines.indexOf('endef', at);
      if (end > 0) at = end;
    }
    at++;
  }
  return at;
}

/** The first line that is neither a comment nor, behind one, a variable of the target. */
function ruleOf(block: readonly Bytes[]): Bytes | undefined {
  for (let at = 0; at < block.length; at++) {
    const line = block[at] ?? '';
    if (!line.startsWith('#')) return line.startsWith('\t') ? undefined : line;
    if (
      !/^# (?:default|environment|makefile|environment under -e|command line|'?override'? directive|automatic)\b/.test(
        line,
      )
    ) {
      continue;
    }
    const variable = block[++at] ?? '';
    if (/: (?:override |private )*define /.test(variable)) at = Math.max(at, block.indexOf('endef', at));
  }
  return undefined;
}

function isBuiltIn(line: Bytes): boolean {
  return line === '#  Builtin rule' || line === '#  recipe to execute (built-in):';
}
