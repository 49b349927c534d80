import { readFile } from 'node:fs/promises';
import { UserError } from '../util/user-error.ts';
import { hostLabel, isKeyBlob, keyType, type Endpoint } from './host-key.ts';
import { matchesHost, parseHostNames, type HostNames } from './host-pattern.ts';

/** What messages call the text of the action's input. */
export const KNOWN_HOSTS_INPUT = 'the input known-hosts';

/** What the known hosts say about the key that a host shows. Lines count from 1. */
export type HostKeyVerdict =
  | { readonly verdict: 'known' }
  /** No key of the host is known. `authority`: the line that trusts a certificate authority for it. */
  | {
      readonly verdict: 'unknown';
      readonly source: string;
      readonly authority: { readonly source: string; readonly line: number } | undefined;
    }
  /** Another key is known, on that line. */
  | { readonly verdict: 'changed'; readonly source: string; readonly line: number; readonly old: Buffer }
  /** The key itself is marked as not to be trusted. */
  | { readonly verdict: 'revoked'; readonly source: string; readonly line: number };

type Marker = 'none' | 'revoked' | 'cert-authority';

interface Entry {
  readonly source: string;
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
  #entries: readonly Entry[];
  #lines = 0;
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
      const entry = parseEntry(content, { source, line: index + 1 });
      if (entry === undefined) badLines.push(index + 1);
      else entries.push(entry);
    }
    const known = new KnownHosts(source, entries, badLines);
    known.#lines = text.split('\n').length - (/\n$|^$/.test(text) ? 1 : 0);
    return known;
  }

  /** What several texts say together; the first gives the name to what none of them knows. */
  static join(texts: readonly [KnownHosts, ...KnownHosts[]]): KnownHosts {
    const entries = texts.flatMap((one) => one.#entries);
    return new KnownHosts(texts[0].#source, entries, []);
  }

  /** Whether this host may be talked to when it shows this key (a blob as in RFC 4253, 6.6). */
  check(host: Endpoint, key: Buffer): HostKeyVerdict {
    const exact = this.#about(hostLabel(host));
    // OpenSSH takes the key of the host without a port for other ports too, as long as nothing is known for that port.
    const portless = this.#about(hostLabel({ ...host, port: 22 }));

    const same = [...exact, ...portless].filter((entry) => entry.key.equals(key));
    const revoked = same.find((entry) => entry.marker === 'revoked');
    if (revoked !== undefined) return { verdict: 'revoked', source: revoked.source, line: revoked.line };

    const own = exact.filter((entry) => entry.marker === 'none');
    if (own.some((entry) => entry.key.equals(key))) return { verdict: 'known' };
    const old = own.find((entry) => entry.type === keyType(key)) ?? own[0];
    if (old !== undefined) return { verdict: 'changed', source: old.source, line: old.line, old: old.key };
    if (same.some((entry) => entry.marker === 'none')) return { verdict: 'known' };

    const authority = [...exact, ...portless].find((entry) => entry.marker === 'cert-authority');
    return {
      verdict: 'unknown',
      source: this.#source,
      authority: authority && { source: authority.source, line: authority.line },
    };
  }

  /** Takes in a line that stands behind the others now. */
  add(content: string): void {
    const entry = parseEntry(content, { source: this.#source, line: ++this.#lines });
    if (entry !== undefined) this.#entries = [...this.#entries, entry];
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
 * The known hosts of a file. One that is missing knows no host.
 *
 * @throws UserError when the file is there but cannot be read
 */
export async function readKnownHosts(file: string): Promise<KnownHosts> {
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

function parseEntry(content: string, at: Pick<Entry, 'source' | 'line'>): Entry | undefined {
  const [, mark, field = '', type = '', base64 = ''] = LINE.exec(content) ?? [];
  const marker = MARKERS.get(mark);
  const names = parseHostNames(field);
  const key = Buffer.from(base64, 'base64');
  // The blob repeats the type: a line where they differ was put together wrongly.
  if (marker === undefined || names === undefined || keyType(key) !== type || !isKeyBlob(key)) return undefined;
  return { ...at, marker, names, type, key };
}
