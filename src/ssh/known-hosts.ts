import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../util/user-error.ts';
import { hostLabel, isKeyBlob, keyType, type Endpoint } from './host-key.ts';
import { matchesHost, parseHostNames, type HostNames } from './host-pattern.ts';

/** What messages call the text of the action's input. */
export const KNOWN_HOSTS_INPUT = 'the input known-hosts';

/** What the known hosts say about the key that a host shows. Lines count from 1. */
export type HostKeyVerdict =
  | { readonly verdict: 'known' }
  /** No key of the host is known. `authorityLine`: a line that trusts a certificate authority for it. */
  | { readonly verdict: 'unknown'; readonly source: string; readonly authorityLine: number | undefined }
  /** Another key is known, on that line. */
  | { readonly verdict: 'changed'; readonly source: string; readonly line: number; readonly old: Buffer }
  /** The key itself is marked as not to be trusted. */
  | { readonly verdict: 'revoked'; readonly source: string; readonly line: number };

type Marker = 'none' | 'revoked' | 'cert-authority';

interface Entry {
  readonly line: number;
  readonly marker: Marker;
  readonly names: HostNames;
  readonly type: string;
  readonly key: Buffer;
}

/*
 * sshd(8), SSH_KNOWN_HOSTS FILE FORMAT:
 *
 *   line   = [ marker blanks ] names blanks type blanks base64 [ blanks comment ]  |  "#" comment  |  nothing
 *   marker = "@revoked" | "@cert-authority"
 */
const MARKERS: ReadonlyMap<string | undefined, Marker> = new Map<string | undefined, Marker>([
  [undefined, 'none'],
  ['revoked', 'revoked'],
  ['cert-authority', 'cert-authority'],
]);
const LINE = /^(?:@(\S+)[ \t]+)?([^@ \t]\S*)[ \t]+(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t].*)?$/;

/**
 * The keys by which ssh hosts are known, from text in the known_hosts format. Answers are those of OpenSSH, with one
 * exception: a line with `@cert-authority` vouches for certificates, which are not supported here, so it makes no key
 * known; it is only mentioned.
 */
export class KnownHosts {
  readonly #source: string;
  readonly #entries: readonly Entry[];
  /** Lines that are neither blank nor comment nor understood: they say nothing about any host. */
  readonly badLines: readonly number[];

  private constructor(source: string, entries: readonly Entry[], badLines: readonly number[]) {
    this.#source = source;
    this.#entries = entries;
    this.badLines = badLines;
  }

  /** @param source what messages call the text: `input known-hosts`, or the name of a file */
  static parse(text: string, source: string): KnownHosts {
    const entries: Entry[] = [];
    const badLines: number[] = [];
    for (const [index, raw] of text
      .replace(/^\ufeff/, '')
      .split(/\r?\n/)
      .entries()) {
      const content = raw.trim();
      if (content === '' || content.startsWith('#')) continue;
      const entry = parseEntry(content, index + 1);
      if (entry === undefined) badLines.push(index + 1);
      else entries.push(entry);
    }
    return new KnownHosts(source, entries, badLines);
  }

  /** Whether this host may be talked to when it shows this key (a blob as in RFC 4253, 6.6). */
  check(host: Endpoint, key: Buffer): HostKeyVerdict {
    const exact = this.#about(hostLabel(host));
    // OpenSSH takes the key of the host without a port for other ports too, as long as nothing is known for that port.
    const portless = this.#about(hostLabel({ ...host, port: 22 }));
    const source = this.#source;

    const same = [...exact, ...portless].filter((entry) => entry.key.equals(key));
    const revoked = same.find((entry) => entry.marker === 'revoked');
    if (revoked !== undefined) return { verdict: 'revoked', source, line: revoked.line };

    const own = exact.filter((entry) => entry.marker === 'none');
    if (own.some((entry) => entry.key.equals(key))) return { verdict: 'known' };
    const old = own.find((entry) => entry.type === keyType(key)) ?? own[0];
    if (old !== undefined) return { verdict: 'changed', source, line: old.line, old: old.key };
    if (same.some((entry) => entry.marker === 'none')) return { verdict: 'known' };

    const authority = [...exact, ...portless].find((entry) => entry.marker === 'cert-authority');
    return { verdict: 'unknown', source, authorityLine: authority?.line };
  }

  /** Types of the keys known for a host (`ssh-ed25519`), in the order of the lines, each once. See hostKeyAlgorithms. */
  keyTypesFor(host: Endpoint): string[] {
    const own = this.#about(hostLabel(host)).filter((entry) => entry.marker === 'none');
    const portless = this.#about(hostLabel({ ...host, port: 22 })).filter((entry) => entry.marker === 'none');
    return [...new Set((own.length > 0 ? own : portless).map((entry) => entry.type))];
  }

  #about(label: string): Entry[] {
    return this.#entries.filter((entry) => matchesHost(entry.names, label));
  }
}

/**
 * The known hosts of the input, or of the user's file when the input is not given. A missing file knows no host.
 *
 * @param text the input `known-hosts`
 * @param home the user's home directory
 * @throws UserError when the file is there but cannot be read
 */
export async function loadKnownHosts(text: string | undefined, home: string): Promise<KnownHosts> {
  if (text !== undefined && text.trim() !== '') return KnownHosts.parse(text, KNOWN_HOSTS_INPUT);
  const file = join(home, '.ssh', 'known_hosts');
  try {
    return KnownHosts.parse(await readFile(file, 'latin1'), file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return KnownHosts.parse('', file);
    throw new UserError(
      `${file} cannot be read (${code ?? String(error)}); the input known-hosts would be used instead`,
    );
  }
}

function parseEntry(content: string, line: number): Entry | undefined {
  const [, mark, field = '', type = '', base64 = ''] = LINE.exec(content) ?? [];
  const marker = MARKERS.get(mark);
  const names = parseHostNames(field);
  const key = Buffer.from(base64, 'base64');
  // The blob repeats the type: a line where they differ was put together wrongly.
  if (marker === undefined || names === undefined || keyType(key) !== type || !isKeyBlob(key)) return undefined;
  return { line, marker, names, type, key };
}
