import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Host, SshAddress } from '../model/host.ts';
import { UserError } from '../util/user-error.ts';
import { excerpt } from '../util/excerpt.ts';
import { failure, type ConfigLine } from './config-file.ts';
import { flagOf, jumpsOf, portOf, timeOf, wordOf } from './config-values.ts';
import type { ConfigAnswers, SshConfig } from './config.ts';
import type { Endpoint } from './host-key.ts';
import { expandHome, expandPath, expandTokens, type TokenValues } from './tokens.ts';

/** What is to be reached: a host of the matrix, or a jump host. What it says itself wins over the configuration. */
export type Target = SshAddress & Partial<Pick<Host, 'jump' | 'identity' | 'timeout'>>;

/** How to get there. */
export type Proxy =
  | { readonly kind: 'direct' }
  /** Through these, in their order. */
  | { readonly kind: 'jump'; readonly hops: readonly SshAddress[] }
  /** The byte stream is that of a command for the shell. */
  | { readonly kind: 'command'; readonly command: string };

/** A file with a private key, and the line that names it. */
export interface NamedFile {
  readonly file: string;
  readonly line: ConfigLine;
}

/** How one target is reached: what it says itself, and what the ssh configuration says of it. */
export interface HostSettings {
  /** As whoever names it writes it, for messages. */
  readonly name: string;
  /** Where it listens. */
  readonly endpoint: Endpoint;
  /** By what its key is known. */
  readonly keyName: Endpoint;
  readonly username: string;
  /** File that the matrix names. */
  readonly identity: string | undefined;
  /** Files that the configuration names; undefined: none, the usual ones count. */
  readonly identities: readonly NamedFile[] | undefined;
  readonly certificates: readonly string[];
  readonly identitiesOnly: boolean;
  /** Socket of the agent to ask; `none`: no agent. Undefined: the usual one. */
  readonly agent: string | undefined;
  readonly proxy: Proxy;
  /** Undefined: the usual ones. Accepted keys go into the first. */
  readonly userKnownHosts: readonly string[] | undefined;
  readonly globalKnownHosts: readonly string[] | undefined;
  readonly hashKnownHosts: boolean;
  /** The configuration accepts keys that are not known. */
  readonly acceptNew: boolean;
  /** Milliseconds; undefined: the general one. */
  readonly timeout: number | undefined;
}

/**
 * @param home the user's home directory
 * @throws UserError with file and line for a value that is none, and where nothing says as whom to log in
 */
export function settingsOf(target: Target, config: SshConfig, home: string): HostSettings {
  const localUser = ownName();
  const answers = config.ask({ host: target.address, user: target.user, localUser: localUser ?? '' });
  const word = (keyword: string): string | undefined => answers.first(keyword)?.words[0];
  const portLine = answers.first('port');
  const address = answers.hostName;
  const endpoint = { address, port: target.port ?? (portLine ? portOf(portLine) : 22) };
  const alias = word('hostkeyalias');
  const jumpLine = answers.first('proxyjump');
  const values: TokenValues = {
    host: address,
    given: target.address,
    keyName: alias ?? address,
    port: endpoint.port,
    user: target.user ?? word('user') ?? localUser ?? noName(),
    localUser: localUser ?? '',
    home,
    jump: jumpLine === undefined ? '' : wordOf(jumpLine),
  };
  const paths = (line: ConfigLine): string[] => line.words.map((one) => expandPath(one, line, values));
  const optional = (keyword: string): readonly string[] | undefined => {
    const line = answers.first(keyword);
    return line && (wordOf(line) === 'none' ? [] : paths(line));
  };
  const identities = answers.all('identityfile');
  const timeoutLine = answers.first('connecttimeout');
  return {
    name: describe(target),
    endpoint,
    // With an alias the port does not count: the alias names one host.
    keyName: alias === undefined ? endpoint : { address: alias, port: 22 },
    username: values.user,
    identity: target.identity === undefined ? undefined : expandHome(target.identity, home),
    identities:
      identities.length === 0
        ? undefined
        : identities
            .filter((line) => wordOf(line) !== 'none')
            .map((line) => ({ file: expandPath(wordOf(line), line, values), line })),
    certificates: answers.all('certificatefile').flatMap((line) => (wordOf(line) === 'none' ? [] : paths(line))),
    identitiesOnly: flagOf(answers.first('identitiesonly')),
    agent: agentOf(answers, values),
    proxy: target.jump === undefined ? proxyOf(answers, values) : jumping(target.jump),
    userKnownHosts: optional('userknownhostsfile'),
    globalKnownHosts: optional('globalknownhostsfile'),
    hashKnownHosts: flagOf(answers.first('hashknownhosts')),
    // `no` would let changed keys in too: that is asked of nobody here.
    acceptNew: ['accept-new', 'no', 'off', 'false'].includes(word('stricthostkeychecking')?.toLowerCase() ?? ''),
    timeout: target.timeout === undefined ? timeoutLine && timeOf(timeoutLine) : target.timeout * 1000,
  };
}

/** The name of who runs this; undefined where their user id has none, as in a container that is started with any id. */
function ownName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] || undefined;
  }
}

function noName(): never {
  throw new UserError('no user is named for it, and the user id here has no name that could be taken: write user@host');
}

/** Where known hosts are when nothing says otherwise (ssh_config(5), UserKnownHostsFile and GlobalKnownHostsFile). */
export function usualKnownHosts(home: string): {
  readonly user: readonly string[];
  readonly global: readonly string[];
} {
  return {
    user: [join(home, '.ssh', 'known_hosts'), join(home, '.ssh', 'known_hosts2')],
    global: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
  };
}

/** `[user@]name[:port]`, as the matrix writes it. */
export function describe({ address, user, port }: SshAddress): string {
  const name = address.includes(':') ? `[${address}]` : address;
  return `${user === undefined ? '' : `${user}@`}${name}${port === undefined ? '' : `:${port}`}`;
}

/** What a shell could take for more than a name. ssh refuses such names too. */
const UNSAFE = /^-|[\s\p{Cc}'"`$\\;&<>|(){}]/u;

function agentOf(answers: ConfigAnswers, values: TokenValues): string | undefined {
  const line = answers.first('identityagent');
  if (line === undefined || wordOf(line) === 'SSH_AUTH_SOCK') return undefined;
  if (wordOf(line) === 'none') return 'none';
  const variable = /^\$(\w+)$/.exec(wordOf(line))?.[1];
  return variable === undefined ? expandPath(wordOf(line), line, values) : (process.env[variable] ?? 'none');
}

function proxyOf(answers: ConfigAnswers, values: TokenValues): Proxy {
  const jump = answers.first('proxyjump');
  if (jump !== undefined && wordOf(jump).toLowerCase() !== 'none') return jumping(jumpsOf(jump));
  const line = answers.first('proxycommand');
  if (line === undefined || line.text.toLowerCase() === 'none') return { kind: 'direct' };
  for (const name of [values.host, values.given, values.keyName, values.user]) {
    if (UNSAFE.test(name)) throw failure(line, `${excerpt(name)} is not put into a command for the shell`);
  }
  return { kind: 'command', command: expandTokens(line.text, line, values) };
}

function jumping(hops: readonly SshAddress[]): Proxy {
  return hops.length === 0 ? { kind: 'direct' } : { kind: 'jump', hops };
}
