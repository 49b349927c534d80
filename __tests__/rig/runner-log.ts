import { MISSED_REASONS } from '../../src/model/place-reason.ts';
import { REASON_WORDS } from '../../src/report/reason-text.ts';
import { COMMANDS, parseCommand, type Command, type Reading } from './runner-commands.ts';

/** An annotation as the runner would keep it. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
  readonly title: string | undefined;
  readonly file: string | undefined;
  readonly line: string | undefined;
  readonly col: string | undefined;
  /** The names of all properties that it has. */
  readonly properties: readonly string[];
}

/** A fold. */
export interface Group {
  readonly title: string;
  readonly lines: string[];
}

/** A command that is neither fold nor annotation: `add-mask`, `set-env` … */
export interface OtherCommand {
  readonly name: string;
  readonly data: string;
}

/** What the title of a fold says. */
export interface FoldTitle {
  readonly target: string;
  readonly place: string;
  /** Why it ran on the runner though it might have left. */
  readonly reason: string | undefined;
  readonly seconds: number;
}

const ANNOTATIONS = ['error', 'warning', 'notice'] as const;
const GATHERED = /^\d+ targets without output$/;
const REASONS = MISSED_REASONS.map((reason) => `, ${REASON_WORDS[reason]}`);

/**
 * A step's log as the runner understands it: lines end at CRLF, LF and a lone CR; while commands are stopped only the token
 * counts; groups do not nest.
 */
export class RunnerLog {
  readonly groups: Group[] = [];
  readonly annotations: Annotation[] = [];
  readonly others: OtherCommand[] = [];
  /** Names of all commands that act, in their order. */
  readonly commands: string[] = [];
  /** What stands outside of folds and is no command. */
  readonly outside: string[] = [];
  /** All lines that are shown, without titles and commands, in their order. */
  readonly shown: string[] = [];
  /** Commands are still stopped, or a group is still open, at the end. */
  readonly unfinished: boolean;
  /** Groups that begin within another, and ends of none. */
  unbalanced = 0;

  constructor(text: string, reading: Reading = 'generous') {
    let group: Group | undefined;
    let token: string | undefined;
    const lines = text.split(/\r\n|\n|\r/);
    if (lines.at(-1) === '') lines.pop();
    for (const line of lines) {
      const command = parseCommand(line, token === undefined ? COMMANDS : [token], reading);
      if (command === undefined) {
        if (group === undefined || !GATHERED.test(group.title)) this.shown.push(line);
        (group?.lines ?? this.outside).push(line);
      } else if (token !== undefined) token = undefined;
      else if (command.name === 'stop-commands') token = command.data;
      else {
        this.commands.push(command.name);
        if (command.name !== 'group' && command.name !== 'endgroup') this.#command(command);
        else {
          if ((group === undefined) !== (command.name === 'group')) this.unbalanced += 1;
          group = command.name === 'group' ? { title: command.data, lines: [] } : undefined;
          if (group !== undefined) this.groups.push(group);
        }
      }
    }
    this.unfinished = token !== undefined || group !== undefined;
  }

  /** The only fold of a target; throws when there is none, or more than one. */
  group(target: string): Group {
    const found = this.groups.filter(({ title }) => title.startsWith(`${target}  `));
    if (found.length !== 1) throw new Error(`${found.length} folds for ${target}`);
    return found[0] as Group;
  }

  /** What the titles of all folds say, in order: `{ target: 'a.o', place: 'build1', seconds: 0.2 }`. Gathered targets too. */
  get titles(): readonly FoldTitle[] {
    return this.groups.flatMap(({ title, lines }) => (GATHERED.test(title) ? lines : [title]).map(parseTitle));
  }

  of(level: Annotation['level']): Annotation[] {
    return this.annotations.filter((annotation) => annotation.level === level);
  }

  #command({ name, properties, data }: Command): void {
    const level = ANNOTATIONS.find((one) => one === name);
    if (level === undefined) this.others.push({ name, data });
    else {
      const { title, file, line, col } = properties;
      this.annotations.push({ level, message: data, title, file, line, col, properties: Object.keys(properties) });
    }
  }
}

function parseTitle(title: string): FoldTitle {
  const [, target, where, seconds] = /^(.+?) {2}(.+) {2}(\d+\.\d) s(?: {2}(?:status|SIG|signal).*)?$/.exec(title) ?? [];
  if (target === undefined || where === undefined) throw new Error(`this is no title of a fold: ${title}`);
  const reason = REASONS.find((words) => where.endsWith(words));
  const place = reason === undefined ? where : where.slice(0, -reason.length);
  return { target, place, reason: reason?.slice(2), seconds: Number(seconds) };
}
