import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { excerpt } from '../../util/excerpt.ts';
import { UserError } from '../../util/user-error.ts';
import { severityOf } from './matchers.ts';
import { PARTS, type MatcherPattern, type ProblemMatcher } from './problem-matcher.ts';
import { messageOf } from '../../util/message-of.ts';

const FORM =
  'A problem matcher is a file of JSON, {"problemMatcher": [{"owner": "NAME", "pattern": [{"regexp": "^(.+):(\\\\d+): (.+)$", "file": 1, "line": 2, "message": 3}]}]}; see https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md';

const BE_GROUP = 'must be the number of a group';
const group = v.nullish(v.pipe(v.number(BE_GROUP), v.integer(BE_GROUP), v.minValue(0, BE_GROUP)));
const BE_SEVERITY = 'must be "error", "warning" or "notice"';

const PATTERN = v.object(
  {
    regexp: v.string('must be text'),
    file: group,
    fromPath: group,
    line: group,
    column: group,
    severity: group,
    code: group,
    message: group,
    loop: v.nullish(v.boolean('must be true or false')),
  },
  'must be an object that has "regexp"',
);

/** What is not named here is of others (`endColumn`, `__comment`). */
const MATCHER = v.object(
  {
    owner: v.pipe(v.string('must be text'), v.nonEmpty('must not be empty')),
    severity: v.nullish(
      v.pipe(
        v.string(BE_SEVERITY),
        v.check((word) => word === '' || severityOf(word) !== undefined, BE_SEVERITY),
      ),
    ),
    pattern: v.pipe(v.array(PATTERN, 'must be a list of patterns'), v.nonEmpty('must have at least one pattern')),
  },
  'must be an object that has "owner" and "pattern"',
);

const FILE = v.object(
  { problemMatcher: v.pipe(v.array(MATCHER, 'must be a list'), v.nonEmpty('must not be empty')) },
  'must be an object that has "problemMatcher"',
);

/**
 * Reads files of problem matchers, in GitHub's form. Of several with the same owner the last one counts, as on GitHub.
 *
 * @throws UserError with everything that is wrong with them
 */
export function readProblemMatchers(paths: readonly string[]): readonly ProblemMatcher[] {
  const byOwner = new Map<string, ProblemMatcher>();
  const problems: string[] = [];
  for (const path of paths) {
    for (const matcher of readFile(path, problems)) {
      const key = matcher.owner.toLowerCase();
      byOwner.delete(key);
      byOwner.set(key, matcher);
    }
  }
  if (problems.length > 0) throw new UserError([...problems.slice(0, 10), FORM].join('\n'));
  // The one that came last is asked first.
  return [...byOwner.values()].reverse();
}

function readFile(path: string, problems: string[]): readonly ProblemMatcher[] {
  const wrong = (text: string): readonly ProblemMatcher[] => {
    problems.push(`problem matcher ${path}: ${text}`);
    return [];
  };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return wrong(`it cannot be read: ${messageOf(error)}`);
  }
  let data: unknown;
  try {
    data = JSON.parse(withoutComments(text));
  } catch (error) {
    return wrong(`it is not JSON: ${messageOf(error).replace(/\s+/g, ' ')}`);
  }
  const { success, output, issues } = v.safeParse(FILE, data);
  if (!success) {
    for (const issue of issues) wrong(`${pathOf(issue)} ${wordsOf(issue)}`);
    return [];
  }
  return output.problemMatcher.map(({ owner, severity, pattern }) => {
    const told = (what: string): void => void wrong(`matcher ${excerpt(owner)}: ${what}`);
    return {
      owner,
      severity: severityOf(severity ?? undefined) ?? 'error',
      patterns: patternsOf(pattern, told),
    };
  });
}

function patternsOf(
  patterns: readonly v.InferOutput<typeof PATTERN>[],
  wrong: (what: string) => void,
): MatcherPattern[] {
  const set = new Map<string, number>();
  const several = patterns.length > 1;
  const read = patterns.map((pattern, index): MatcherPattern => {
    const which = several ? `pattern ${index + 1}: ` : '';
    const { regexp, count } = compile(pattern.regexp, (what) => wrong(which + what));
    const groups: Record<string, number> = {};
    for (const part of PARTS) {
      const number = pattern[part] ?? undefined;
      if (number === undefined) continue;
      if (number > count) wrong(`${which}"${part}" is group ${number}, and "regexp" has ${count}`);
      const other = set.get(part);
      if (other !== undefined) wrong(`${which}"${part}" is set in pattern ${other} already`);
      set.set(part, index + 1);
      groups[part] = number;
    }
    const loop = pattern.loop ?? false;
    if (loop && (!several || index < patterns.length - 1))
      wrong(`${which}only the last of several patterns may have "loop"`);
    else if (loop && groups['message'] === undefined) wrong(`${which}the pattern with "loop" must set "message"`);
    return { regexp, groups, loop };
  });
  if (!set.has('message')) wrong('one of its patterns must set "message"');
  return read;
}

/** .NET, which reads these on GitHub, takes flags in front (`(?i)`). */
function compile(source: string, wrong: (what: string) => void): { readonly regexp: RegExp; readonly count: number } {
  const [, flags = ''] = /^\(\?([im]+)\)/.exec(source) ?? [];
  const bare = flags === '' ? source : source.slice(flags.length + 3);
  try {
    const regexp = new RegExp(bare, [...new Set(flags)].join(''));
    return { regexp, count: (new RegExp(`${bare}|`).exec('')?.length ?? 1) - 1 };
  } catch (error) {
    wrong(`"regexp" cannot be read: ${messageOf(error)}`);
    return { regexp: /$^/, count: Infinity };
  }
}

/** GitHub takes comments in them. What stands behind them keeps its place. */
function withoutComments(text: string): string {
  return text
    .replace(/^\ufeff/, '')
    .replace(/("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (all, string?: string) =>
      string === undefined ? all.replace(/[^\n]/g, ' ') : string,
    );
}

/** `problemMatcher[0].pattern[1].line`. */
function pathOf(issue: v.BaseIssue<unknown>): string {
  const steps = (issue.path ?? []) as unknown as readonly { readonly key: string | number }[];
  const path = steps.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  return path === '' ? 'the file' : path.replace(/^\./, '');
}

function wordsOf(issue: v.BaseIssue<unknown>): string {
  return issue.input === undefined ? 'is not there' : issue.message;
}
