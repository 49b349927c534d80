import { join } from 'node:path';
import { failure, readConfig, type ConfigLine } from './config-file.ts';
import { matchesPatterns } from './host-pattern.ts';

/** Of which host the configuration is asked. */
export interface ConfigQuery {
  /** The name as the matrix, or another host's ProxyJump, writes it. */
  readonly host: string;
  /** Undefined where whoever names the host does not name a user. */
  readonly user: string | undefined;
  readonly localUser: string;
}

export interface ConfigSources {
  readonly home: string;
  /** Default /etc/ssh. */
  readonly system?: string;
  readonly onNotice: (text: string) => void;
}

/** What the configuration says of one host, line by line; see {@link SshConfig.ask}. */
export class ConfigAnswers {
  readonly #lines = new Map<string, ConfigLine[]>();
  /** The name to connect to, in lower case. The second pass does not change it. */
  hostName = '';

  /** The line that counts. */
  first(keyword: string): ConfigLine | undefined {
    return this.#lines.get(keyword)?.[0];
  }

  /** All lines, for what adds up. */
  all(keyword: string): readonly ConfigLine[] {
    return this.#lines.get(keyword) ?? [];
  }

  take(line: ConfigLine): void {
    if (this.#isRuledOut(line.keyword)) return;
    const lines = this.#lines.get(line.keyword);
    if (lines === undefined) this.#lines.set(line.keyword, [line]);
    else if (ADD_UP.has(line.keyword) && !lines.some(({ words }) => words[0] === line.words[0])) lines.push(line);
  }

  /** Of ProxyJump and ProxyCommand the first counts (ssh_config(5)); but `ProxyJump none` leaves room for a command. */
  #isRuledOut(keyword: string): boolean {
    if (keyword === 'proxyjump') return this.#lines.has('proxycommand');
    if (keyword !== 'proxycommand') return false;
    const jump = this.first('proxyjump')?.words[0]?.toLowerCase();
    return jump !== undefined && jump !== 'none';
  }
}

/** Keywords of which every line counts. */
const ADD_UP: ReadonlySet<string> = new Set(['identityfile', 'certificatefile']);
interface Pass {
  readonly query: ConfigQuery;
  readonly answers: ConfigAnswers;
  /** What `Host` is compared with. */
  readonly host: string;
  /** The second pass, which `Match final` asks for. */
  readonly final: boolean;
  finalWanted: boolean;
}

/**
 * The user's and the machine's ssh configuration, as ssh_config(5) has it: the first value of a keyword wins, the user's
 * file comes first. The parser is that of npm's `ssh-config`; its evaluation is not used, because that does not follow Include,
 * does not know `!` in Match, and may start programs. Nothing is started here: `Match exec` never applies, with a notice.
 */
export class SshConfig {
  readonly #files: readonly (readonly ConfigLine[])[];
  readonly #onNotice: (text: string) => void;

  private constructor(files: readonly (readonly ConfigLine[])[], onNotice: (text: string) => void) {
    this.#files = files;
    this.#onNotice = onNotice;
  }

  /** @throws UserError with file and line for what cannot be parsed */
  static async load({ home, system = '/etc/ssh', onNotice }: ConfigSources): Promise<SshConfig> {
    const folder = join(home, '.ssh');
    const common = { home, onPassedOver: onNotice };
    return new SshConfig(
      await Promise.all([
        readConfig(join(folder, 'config'), { ...common, folder, own: true }),
        readConfig(join(system, 'ssh_config'), { ...common, folder: system, own: false }),
      ]),
      onNotice,
    );
  }

  ask(query: ConfigQuery): ConfigAnswers {
    const answers = new ConfigAnswers();
    const first: Pass = { query, answers, host: query.host, final: false, finalWanted: false };
    for (const lines of this.#files) this.#read(lines, first, true, false);
    answers.hostName = hostName(answers, query.host).toLowerCase();
    if (first.finalWanted) {
      const final: Pass = { ...first, host: answers.hostName, final: true };
      for (const lines of this.#files) this.#read(lines, final, true, false);
    }
    return answers;
  }

  /** @param never an Include in a block that does not apply: no block in it does */
  #read(lines: readonly ConfigLine[], pass: Pass, active: boolean, never: boolean): void {
    for (const line of lines) {
      switch (line.keyword) {
        case 'host':
          active = !never && matchesPatterns(line.words, pass.host);
          break;
        case 'match':
          active = !never && this.#matches(line, pass);
          break;
        case 'include':
          for (const file of line.included) this.#read(file, pass, active, never || !active);
          break;
        default:
          if (active) pass.answers.take(line);
      }
    }
  }

  #matches(line: ConfigLine, pass: Pass): boolean {
    const { query, answers } = pass;
    const words = [...line.words];
    while (words.length > 0) {
      const word = words.shift() ?? '';
      const wanted = !word.startsWith('!');
      const criterion = word.slice(wanted ? 0 : 1).toLowerCase();
      let result: boolean;
      if (criterion === 'all') result = true;
      else if (criterion === 'final' || criterion === 'canonical') {
        if (criterion === 'final') pass.finalWanted = true;
        result = pass.final;
      } else {
        const value = words.shift();
        if (value === undefined) throw failure(line, `Match ${word} has no value`);
        const subject = {
          host: () => hostName(answers, pass.host).toLowerCase(),
          originalhost: () => query.host.toLowerCase(),
          user: () => query.user ?? answers.first('user')?.words[0] ?? query.localUser,
          localuser: () => query.localUser,
        }[criterion];
        if (subject === undefined) {
          const why = criterion === 'exec' ? 'programs are not started for it' : 'it is not known here';
          this.#onNotice(
            `${line.file}, line ${line.line}: Match ${criterion} never applies: ${why}. ` +
              'What the block says counts for no host.',
          );
          return false;
        }
        const patterns = value.split(',');
        result = matchesPatterns(
          criterion.endsWith('host') ? patterns.map((one) => one.toLowerCase()) : patterns,
          subject(),
        );
      }
      if (result !== wanted) return false;
    }
    return true;
  }
}

/** The name to connect to, as far as it is known: HostName, in which `%h` is the host's name. */
function hostName(answers: ConfigAnswers, host: string): string {
  const pattern = answers.first('hostname')?.words[0];
  return pattern?.replace(/%[h%]/g, (token) => (token === '%h' ? host : '%')) ?? host;
}
