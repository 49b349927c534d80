/** An annotation as the runner would keep it. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
  readonly title: string | undefined;
  readonly file: string | undefined;
  readonly line: string | undefined;
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

const ANNOTATIONS = ['error', 'warning', 'notice'] as const;
const OTHERS = ['debug', 'add-mask', 'set-output', 'set-env', 'add-path', 'save-state', 'echo', 'add-matcher'];

/**
 * A step's log as the runner understands it: lines end at CRLF, LF and a lone CR; `::name …::data` counts at the start of a
 * line after trimming, `##[name …]data` anywhere in a line; while commands are stopped only the token counts; groups do
 * not nest.
 */
export class RunnerLog {
  readonly groups: Group[] = [];
  readonly annotations: Annotation[] = [];
  readonly others: OtherCommand[] = [];
  /** What stands outside of folds and is no command. */
  readonly outside: string[] = [];
  /** All lines that are shown, without titles and commands, in their order. */
  readonly shown: string[] = [];
  /** Commands are still stopped, or a group is still open, at the end. */
  readonly unfinished: boolean;

  constructor(text: string) {
    let group: Group | undefined;
    let token: string | undefined;
    const lines = text.split(/\r\n|\n|\r/);
    if (lines.at(-1) === '') lines.pop();
    for (const line of lines) {
      const names = [...ANNOTATIONS, ...OTHERS, 'group', 'endgroup', 'stop-commands'];
      const command = parseCommand(line, token === undefined ? names : [token]);
      if (command === undefined) {
        this.shown.push(line);
        (group?.lines ?? this.outside).push(line);
      } else if (token !== undefined) token = undefined;
      else if (command.name === 'stop-commands') token = command.data;
      else if (command.name === 'group') this.groups.push((group = { title: command.data, lines: [] }));
      else if (command.name === 'endgroup') group = undefined;
      else this.#command(command);
    }
    this.unfinished = token !== undefined || group !== undefined;
  }

  /** The only fold of a target; throws when there is none, or more than one. */
  group(target: string): Group {
    const found = this.groups.filter(({ title }) => title.startsWith(`${target}  `));
    if (found.length !== 1) throw new Error(`${found.length} folds for ${target}`);
    return found[0] as Group;
  }

  /** Target and place of every fold, in order: `{ target: 'a.o', place: 'build1', seconds: 0.2 }`. */
  get titles(): readonly { readonly target: string; readonly place: string; readonly seconds: number }[] {
    return this.groups.map(({ title }) => {
      const [, target, place, seconds] = /^(.+?) {2}(.+) {2}(\d+\.\d) s$/.exec(title) ?? [];
      if (target === undefined || place === undefined) throw new Error(`this is no title of a fold: ${title}`);
      return { target, place, seconds: Number(seconds) };
    });
  }

  of(level: Annotation['level']): Annotation[] {
    return this.annotations.filter((annotation) => annotation.level === level);
  }

  #command({ name, properties, data }: Command): void {
    const level = ANNOTATIONS.find((one) => one === name);
    if (level === undefined) this.others.push({ name, data });
    else {
      const { title, file, line } = properties;
      this.annotations.push({ level, message: data, title, file, line });
    }
  }
}

interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

function parseCommand(line: string, registered: readonly string[]): Command | undefined {
  const modern = /^::([^ ]*?)(?: (.*?))?::(.*)$/s.exec(line.trimStart());
  const legacy = /##\[([^ \]]*)(?: ([^\]]*))?\](.*)$/s.exec(line);
  for (const match of [modern, legacy]) {
    const name = registered.find((one) => one.toLowerCase() === match?.[1]?.toLowerCase());
    if (match === null || name === undefined) continue;
    const properties: Record<string, string> = {};
    for (const pair of (match[2] ?? '').split(match === modern ? ',' : ';')) {
      const [key = '', ...value] = pair.split('=');
      if (value.length > 0) properties[key.trim()] = unescape(value.join('='));
    }
    return { name, properties, data: unescape(match[3] ?? '') };
  }
  return undefined;
}

function unescape(text: string): string {
  const characters: Record<string, string> = { '%0D': '\r', '%0A': '\n', '%3A': ':', '%2C': ',', '%25': '%' };
  return text.replace(/%(?:0D|0A|3A|2C|25)/g, (escaped) => characters[escaped] ?? '');
}
