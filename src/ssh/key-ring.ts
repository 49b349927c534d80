import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import { LeftOut } from '../engine/left-out.ts';
import { ChosenKeys, keysOf } from './agent-keys.ts';
import { fingerprint } from './host-key.ts';
import type { HostSettings, NamedFile } from './host-settings.ts';
import { readIdentity, readPublicHalf } from './identity-file.ts';
import { entryOf, USUAL_FILES, type Credentials, type PrivateKey } from './keys.ts';
import type { Notices } from './notices.ts';

/** How to log in to one host. */
export interface LoginPlan {
  /** In the order to try them. Each counts against the server's MaxAuthTries, so nothing is tried twice. */
  readonly methods: AnyAuthMethod[];
  /** The same for people. */
  readonly tried: readonly string[];
  /** Certificates that belong to its keys, which ssh2 cannot show. */
  readonly certificates: readonly string[];
}

export interface KeyRingOptions {
  /** The keys of the input, or what lies in the usual places. */
  readonly credentials: Credentials;
  /** The keys were given as an input: they alone count, but for hosts to which the matrix gives one of their own. */
  readonly given: boolean;
  readonly passphrase: string | undefined;
  /** Value of SSH_AUTH_SOCK. */
  readonly agentSocket: string | undefined;
  readonly home: string;
  readonly notices: Notices;
}

/** Keys that count for one host. */
interface Choice {
  readonly keys: readonly PrivateKey[];
  /** Public halves (RFC 4253, 6.6) that the agent is asked for first. */
  readonly wanted: readonly Buffer[];
  /** Files of the keys. */
  readonly files: readonly string[];
}

/** The keys for each host. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  /** Sockets of agents that have not answered: to ask again would take the same time again. */
  readonly #silent = new Set<string>();

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  /** Rejects with a LeftOut: the key that the matrix names for this host cannot be used. */
  async planFor(settings: HostSettings): Promise<LoginPlan> {
    const { credentials, given, home } = this.#options;
    if (settings.identity !== undefined) return this.#ownKey(settings, settings.identity);
    if (given) return plan(settings, undefined, { keys: credentials.keys, wanted: [], files: [] }, []);
    const socket = settings.agent === 'none' ? undefined : (settings.agent ?? credentials.agent);
    const choice = settings.identities
      ? await this.#named(settings.identities, socket !== undefined)
      : await this.#usual(home, settings.identitiesOnly);
    const held = await this.#agentKeys(socket);
    const first = choice.wanted.flatMap((blob) => held.find((key) => key.getPublicSSH().equals(blob)) ?? []);
    const rest = settings.identitiesOnly ? [] : held.filter((key) => !first.includes(key));
    return plan(settings, socket, choice, [...new Set([...first, ...rest])]);
  }

  /** The one key that the matrix names; from the agent when the file alone does not open. */
  async #ownKey(settings: HostSettings, file: string): Promise<LoginPlan> {
    const identity = await readIdentity(file, this.#options.passphrase);
    switch (identity.kind) {
      case 'key':
        return plan(settings, undefined, { keys: [entryOf(identity.key, file)], wanted: [], files: [file] }, []);
      case 'missing':
        throw new LeftOut(`its key ${file}, which the matrix names as its identity, is not there`);
      case 'unusable':
        throw new LeftOut(`its key ${file}, which the matrix names as its identity, ${identity.problem}`);
      case 'locked': {
        const socket = settings.agent === 'none' ? undefined : (settings.agent ?? this.#options.agentSocket);
        const blob = await readPublicHalf(file);
        const held = (await this.#agentKeys(socket)).filter((key) => blob?.equals(key.getPublicSSH()));
        if (held.length > 0) return plan(settings, socket, { keys: [], wanted: [], files: [file] }, held);
        throw new LeftOut(`its key ${file}, which the matrix names as its identity, ${identity.problem}`);
      }
    }
  }

  /** What the configuration names. Keys that cannot be used are told of and passed over, as ssh does it. */
  async #named(files: readonly NamedFile[], agent: boolean): Promise<Choice> {
    const keys: PrivateKey[] = [];
    const wanted: Buffer[] = [];
    for (const { file, line } of files) {
      const identity = await readIdentity(file, this.#options.passphrase);
      const where = `${file}, which ${line.file} names on line ${line.line}`;
      if (identity.kind === 'key') {
        keys.push(entryOf(identity.key, file));
        wanted.push(identity.key.getPublicSSH());
        continue;
      }
      const blob = await readPublicHalf(file);
      if (blob !== undefined) wanted.push(blob);
      if (identity.kind === 'missing') {
        if (blob === undefined) this.#options.notices.add(`The key ${where}, is not there.`);
      } else if (!(agent && identity.kind === 'locked')) {
        this.#options.notices.add(`The key ${where}, is passed over: it ${identity.problem}.`);
      }
    }
    return { keys, wanted, files: files.map(({ file }) => file) };
  }

  async #usual(home: string, onlyThose: boolean): Promise<Choice> {
    const { keys } = this.#options.credentials;
    const files = USUAL_FILES.map((name) => join(home, '.ssh', name));
    const halves = onlyThose ? await Promise.all(files.map(readPublicHalf)) : [];
    const wanted = [...keys.map(({ key }) => key.getPublicSSH()), ...halves.flatMap((blob) => blob ?? [])];
    return { keys, wanted: onlyThose ? wanted : [], files };
  }

  async #agentKeys(socket: string | undefined): Promise<readonly ParsedKey[]> {
    if (socket === undefined || socket === '' || this.#silent.has(socket)) return [];
    try {
      return await keysOf(socket);
    } catch (error) {
      this.#silent.add(socket);
      this.#options.notices.add(`The ssh agent at ${socket} does not answer: ${(error as Error).message}.`);
      return [];
    }
  }
}

async function plan(
  { username, certificates }: HostSettings,
  socket: string | undefined,
  { keys, files }: Choice,
  held: readonly ParsedKey[],
): Promise<LoginPlan> {
  const each = new Map(keys.map((key) => [key.fingerprint, key]));
  for (const key of held) each.delete(fingerprint(key.getPublicSSH()));
  const others = [...each.values()];
  // One by one: so it can be told how many were refused.
  const agents = socket === undefined ? [] : held.map((key) => new ChosenKeys(socket, [key]));
  return {
    methods: [
      ...agents.map((agent) => ({ type: 'agent' as const, username, agent })),
      ...others.map(({ key }) => ({ type: 'publickey' as const, username, key })),
    ],
    tried: [
      ...(agents.length === 0 ? [] : [`the ssh agent (${held.length} ${held.length === 1 ? 'key' : 'keys'})`]),
      ...others.map(({ source, fingerprint }) => `${source} (${fingerprint})`),
    ],
    certificates: [...certificates, ...(await present(files.map((file) => `${file}-cert.pub`)))],
  };
}

async function present(files: readonly string[]): Promise<string[]> {
  const there = await Promise.all(
    files.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.filter((_, index) => there[index]);
}
