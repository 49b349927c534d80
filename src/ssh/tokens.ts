import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { failure, type ConfigLine } from './config-file.ts';

/** What the `%` tokens of an ssh configuration stand for (ssh_config(5), TOKENS). */
export interface TokenValues {
  /** `%h`: the name to connect to. */
  readonly host: string;
  /** `%n`: the name as it was given. */
  readonly given: string;
  /** `%k`: the name by which the host key is known. */
  readonly keyName: string;
  readonly port: number;
  /** `%r` */
  readonly user: string;
  /** `%u` */
  readonly localUser: string;
  /** `%d` */
  readonly home: string;
  /** `%j`: the ProxyJump as it is written, else empty. */
  readonly jump: string;
}

/**
 * A file name of the configuration with its tokens, `${VARIABLE}` and `~/` put in.
 *
 * @throws UserError for a token or a variable that is not known
 */
export function expandPath(text: string, line: ConfigLine, values: TokenValues): string {
  const filled = expandTokens(text, line, values).replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = process.env[name];
    if (value === undefined) throw failure(line, `the variable ${name} is not set`);
    return value;
  });
  return expandHome(filled, values.home);
}

/** A file name in which `~/` is the home directory. */
export function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}

/** @throws UserError for a token that is not known */
export function expandTokens(text: string, line: ConfigLine, values: TokenValues): string {
  return text.replace(/%(.?)/g, (token, letter: string) => {
    const value = tokenValue(letter, values);
    if (value === undefined) throw failure(line, `${token} is no token that stands for something here`);
    return value;
  });
}

function tokenValue(letter: string, values: TokenValues): string | undefined {
  switch (letter) {
    case '%':
      return '%';
    case 'h':
      return values.host;
    case 'n':
      return values.given;
    case 'k':
      return values.keyName;
    case 'p':
      return String(values.port);
    case 'r':
      return values.user;
    case 'u':
      return values.localUser;
    case 'd':
      return values.home;
    case 'i':
      return String(process.getuid?.() ?? '');
    case 'j':
      return values.jump;
    case 'l':
      return hostname();
    case 'L':
      return hostname().split('.')[0];
    case 'C':
      return createHash('sha1')
        .update(`${hostname()}${values.host}${values.port}${values.user}${values.jump}`)
        .digest('hex');
    default:
      return undefined;
  }
}
