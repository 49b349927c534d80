/** One line of a recipe. */
export interface Line {
  /** No other line of the scenario has the same. */
  readonly command: string;
  /** How long it runs, on whatever machine. */
  readonly ms: number;
  /** With which it ends, on whatever machine. */
  readonly status: number;
  /** It begins with `-`. */
  readonly ignored: boolean;
  /** It calls make, with this makefile. */
  readonly sub: Makefile | undefined;
  readonly hang: Hang | undefined;
}

/** A line that takes much longer than it should, or does not end by itself. */
export interface Hang {
  readonly ms: number;
  readonly where: 'on hosts' | 'anywhere';
  /** Its first so many runs there. */
  readonly runs: number;
  /** It prints nothing meanwhile. */
  readonly mute: boolean;
}

/** How a target and its recipe may be carried about: its name tells, as a makefile's patterns would. */
export type Manner =
  /** `*.o`: it may leave the runner. */
  | 'leaves'
  /** `*.txt`: it stays. */
  | 'stays'
  /** `once*.o`: it may leave, and must not run a second time. */
  | 'once'
  /** `alone*.o`: it may leave, and no other recipe of its make may run beside it. */
  | 'alone'
  /** `whole*`: its recipe calls make and may leave as a whole. */
  | 'whole';

export interface Target {
  /** Also the file that every line of its recipe writes. */
  readonly name: string;
  readonly manner: Manner;
  /** Prerequisites: targets above it. */
  readonly needs: readonly string[];
  readonly lines: readonly Line[];
}

/** All targets are goals. Whoever is needed comes first. */
export interface Makefile {
  readonly targets: readonly Target[];
}

/** What stands in a file. */
export type Content = string;

/** What a line needs to know of its target. */
export interface Task {
  readonly target: Target;
  readonly line: Line;
  /** From 0. */
  readonly number: number;
  /** What it writes if it succeeds and has read what it was meant to read; undefined: in no build does it come to that. */
  readonly gives: Content | undefined;
}

/** What comes of a makefile where one machine does it all, one recipe after another: what every run is measured by. */
export class PlainBuild {
  /** By command, of sub-makes too. */
  readonly tasks = new Map<string, Task>();
  /** What is in the files of the targets that get made where failures do not keep others from being made (-k). */
  readonly files = new Map<string, Content>();
  readonly #made = new Set<string>();
  /** Make's exit status. */
  readonly status: number;

  constructor(makefile: Makefile) {
    this.status = this.#make(makefile, true) ? 0 : 2;
  }

  /** @param isReached somebody calls make for it. @returns whether all was made */
  #make({ targets }: Makefile, isReached: boolean): boolean {
    let all = isReached;
    for (const target of targets) {
      const isMade = this.#makeTarget(target, isReached);
      if (isMade) this.#made.add(target.name);
      // Nobody says what is in the file of one that has failed half-way.
      else this.files.delete(target.name);
      all &&= isMade;
    }
    return all;
  }

  #makeTarget(target: Target, isReached: boolean): boolean {
    let goesOn = isReached && target.needs.every((name) => this.#made.has(name));
    for (const [number, line] of target.lines.entries()) {
      const isSubMade = line.sub === undefined || this.#make(line.sub, goesOn);
      const succeeds = goesOn && isSubMade && line.status === 0;
      const gives = succeeds ? contentOf(target, line, (path) => this.files.get(path)) : undefined;
      this.tasks.set(line.command, { target, line, number, gives });
      if (gives !== undefined) this.files.set(target.name, gives);
      goesOn &&= succeeds || line.ignored;
    }
    return goesOn;
  }
}

/**
 * What a line writes: its own words, and all that it has read, as a number.
 *
 * @param read what is in a file where it runs; undefined: there is none
 */
export function contentOf(target: Target, line: Line, read: (path: string) => Content | undefined): Content {
  const inputs = [...target.needs, target.name, ...(line.sub?.targets ?? []).map(({ name }) => name)];
  let sum = 2166136261;
  for (const text of [line.command, ...inputs.map((path) => read(path) ?? '')]) {
    for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 16777619);
    sum = Math.imul(sum ^ 0x2c, 16777619);
  }
  return (sum >>> 0).toString(36);
}
