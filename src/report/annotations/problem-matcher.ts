import type { Severity } from './diagnostic.ts';

/** The groups of a regular expression that hold each part of a problem. */
export interface MatcherGroups {
  readonly file?: number | undefined;
  /** A file in whose directory `file` is. */
  readonly fromPath?: number | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly severity?: number | undefined;
  readonly code?: number | undefined;
  readonly message?: number | undefined;
}

export interface MatcherPattern {
  readonly regexp: RegExp;
  readonly groups: MatcherGroups;
  /** The last of several: each further line that it fits is a problem as well. */
  readonly loop: boolean;
}

/** How to read the problems of one tool: each pattern fits one line, one line after the other. */
export interface ProblemMatcher {
  readonly owner: string;
  /** Of problems that say none. */
  readonly severity: Severity;
  readonly patterns: readonly MatcherPattern[];
}

/** What a matcher has found, part by part. */
export type Matched = Readonly<Partial<Record<keyof MatcherGroups, string>>>;

export const PARTS = ['file', 'fromPath', 'line', 'column', 'severity', 'code', 'message'] as const;

/** One matcher on its way through one text, with what its earlier patterns have found. */
export class MatcherRun {
  readonly matcher: ProblemMatcher;
  #state: (Matched | undefined)[] = [];

  constructor(matcher: ProblemMatcher) {
    this.matcher = matcher;
  }

  reset(): void {
    this.#state = [];
  }

  /** @returns what is found when the line fits the last pattern, and those before it have fit the lines before */
  match(line: string): Matched | undefined {
    const { patterns } = this.matcher;
    // From the last one: a line that ends one problem may begin the next.
    for (let at = patterns.length - 1; at >= 0; at--) {
      const before = at === 0 ? {} : this.#state[at - 1];
      const pattern = patterns[at];
      if (!before || !pattern) continue;
      const groups = pattern.regexp.exec(line);
      if (at < patterns.length - 1) {
        this.#state[at] = groups ? joined(before, groups, pattern.groups) : undefined;
      } else if (groups) {
        this.reset();
        if (pattern.loop) this.#state[at - 1] = before;
        return joined(before, groups, pattern.groups);
      } else if (at > 0) {
        this.#state[at - 1] = undefined;
      }
    }
    return undefined;
  }
}

/** What was found first stands. */
function joined(before: Matched, values: RegExpExecArray, groups: MatcherGroups): Matched {
  const found: Partial<Record<keyof MatcherGroups, string>> = {};
  for (const part of PARTS) {
    const group = groups[part];
    const value = before[part] ?? (group === undefined ? undefined : values[group]);
    if (value !== undefined) found[part] = value;
  }
  return found;
}
