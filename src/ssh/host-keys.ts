import { closeSync, mkdirSync, openSync, readSync, fstatSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { fingerprint, hashedLine, keyType, knownHostsLine } from './host-key.ts';
import { describeRefusal } from './host-key-refusal.ts';
import { usualKnownHosts, type HostSettings } from './host-settings.ts';
import { KNOWN_HOSTS_INPUT, KnownHosts, readKnownHosts } from './known-hosts.ts';
import type { Notices } from './notices.ts';

/** The word, alone on a line of the input known-hosts, that accepts keys which are not known. */
export const ACCEPT_NEW = 'accept-new';

/** What the known hosts say of one host. */
export interface HostKeyCheck {
  /** Types of the keys that are known for it. */
  readonly types: readonly string[];
  /** Why a key of it is refused, for people; undefined: it may be talked to. */
  readonly refuse: (key: Buffer) => string | undefined;
}

interface HostKeysOptions {
  /** The input known-hosts. */
  readonly input: string | undefined;
  readonly home: string;
  readonly notices: Notices;
}

/**
 * The keys by which hosts are known: the input's; without it, or with `accept-new` in it, those of the user's and the
 * machine's files. Each file is read once in a run.
 */
export class HostKeys {
  readonly #input: KnownHosts | undefined;
  readonly #acceptNew: boolean;
  readonly #home: string;
  readonly #notices: Notices;
  readonly #files = new Map<string, Promise<KnownHosts>>();

  constructor({ input, home, notices }: HostKeysOptions) {
    const lines = (input ?? '').split('\n');
    this.#acceptNew = lines.some((line) => line.trim() === ACCEPT_NEW);
    // An empty line in its place keeps the numbers of the others.
    const rest = lines.map((line) => (line.trim() === ACCEPT_NEW ? '' : line)).join('\n');
    this.#input = rest.trim() === '' ? undefined : KnownHosts.parse(rest, KNOWN_HOSTS_INPUT);
    this.#home = home;
    this.#notices = notices;
  }

  /**
   * Reads the usual file ahead.
   *
   * @throws UserError when it cannot be read
   */
  async load(): Promise<void> {
    if (this.#filesCount) await this.#read(usualKnownHosts(this.#home).user[0] ?? '');
  }

  /** @throws UserError when a file that the configuration names cannot be read */
  async forHost(settings: HostSettings): Promise<HostKeyCheck> {
    const usual = usualKnownHosts(this.#home);
    const own = settings.userKnownHosts ?? usual.user;
    const files = this.#filesCount ? [...own, ...(settings.globalKnownHosts ?? usual.global)] : [];
    const read = await Promise.all(files.map((file) => this.#read(file)));
    const [first = KnownHosts.parse('', KNOWN_HOSTS_INPUT), ...more] = this.#input ? [this.#input, ...read] : read;
    // Joined again for each key: others may have been accepted meanwhile.
    const known = (): KnownHosts => KnownHosts.join([first, ...more]);
    return {
      types: known().keyTypesFor(settings.keyName),
      refuse: (key) => {
        const verdict = known().check(settings.keyName, key);
        if (verdict.verdict === 'known') return undefined;
        const accept = this.#acceptNew || (settings.acceptNew && this.#input === undefined);
        if (verdict.verdict !== 'unknown' || !accept) return describeRefusal(verdict, settings.keyName, key);
        this.#accept(settings, key, read[0], own[0]);
        return undefined;
      },
    };
  }

  /** The input alone counts, unless it says that more hosts are welcome. */
  get #filesCount(): boolean {
    return this.#input === undefined || this.#acceptNew;
  }

  #read(file: string): Promise<KnownHosts> {
    let known = this.#files.get(file);
    if (known === undefined) this.#files.set(file, (known = readKnownHosts(file)));
    return known;
  }

  /** From here on this host must show this key, in this run even where the file cannot be written. */
  #accept(settings: HostSettings, key: Buffer, known: KnownHosts | undefined, file: string | undefined): void {
    const line = knownHostsLine(settings.keyName, key);
    (known ?? this.#input)?.add(line);
    let place = 'it is not kept: the configuration names no file for it';
    if (file !== undefined) {
      try {
        append(file, settings.hashKnownHosts ? hashedLine(settings.keyName, key) : line);
        place = `it now stands in ${file}`;
      } catch (error) {
        place = `it could not be written to ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
      }
    }
    const shown = `${keyType(key) ?? 'a key of no known type'} ${fingerprint(key)}`;
    this.#notices.add(`${settings.name}: its host key was not known and is accepted: ${shown}; ${place}.`);
  }
}

/** One line more, in one write: other runs may do the same. */
function append(file: string, line: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const descriptor = openSync(file, 'a+', 0o600);
  try {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    const whole = size === 0 || readSync(descriptor, last, 0, 1, size - 1) === 0 || last[0] === 10;
    writeSync(descriptor, `${whole ? '' : '\n'}${line}\n`);
  } finally {
    closeSync(descriptor);
  }
}
