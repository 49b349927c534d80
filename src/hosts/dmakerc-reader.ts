import { HOST_DEFAULTS, type Host } from '../model/host.ts';
import { identity, isRunner, parseAddress, type Runner } from './address.ts';
import { readAttributes, type Attributes } from './dmakerc-attributes.ts';
import type { Token } from './dmakerc-tokens.ts';
import type { GroupDefinition, GroupMember } from './group-resolver.ts';
import type { Problems } from './problems.ts';
import { shown } from './shown.ts';

/*
 * Sun dmake's .dmakerc, from the manuals ("Distributed Make (dmake)"), section "Runtime Configuration File". Newlines
 * are blanks, except that a quote ends on its line. User and port are additions, and "#" where a word could begin, not
 * on lines of its own alone.
 *
 *   matrix     = { entry | group }
 *   group      = "group" name "{" { entry | "group" name } "}"
 *   entry      = [ "host" ] name [ "{" [ attribute { "," attribute } ] "}" ]
 *   attribute  = "jobs" "=" number | "path" "=" text | "rsh" "=" text
 *   name, text = word | '"' { any character but '"' and newline } '"'
 *   word       = { any character but blank, newline, and one of {}=,"; not "#" first }
 *
 * "group" and "host" are names when quoted. A host may be in several groups, and say something else of itself in each,
 * as exactly one group is used.
 */
export class DmakercReader {
  readonly #tokens: readonly Token[];
  readonly #problems: Problems;
  readonly #runner: Runner | undefined;
  #at = 0;
  /** The same host with the same attributes is the same object in all groups. */
  readonly #hosts = new Map<string, Host>();
  readonly #ungrouped = new Map<string, Host>();
  readonly groups: GroupDefinition[] = [];

  /** @param tokens the last of them is `end` */
  constructor(tokens: readonly Token[], problems: Problems, runner: Runner | undefined) {
    this.#tokens = tokens;
    this.#problems = problems;
    this.#runner = runner;
  }

  /** All hosts in file order. */
  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  /** Those outside of all groups. */
  get ungrouped(): readonly Host[] {
    return [...this.#ungrouped.values()];
  }

  read(): void {
    for (let token = this.#peek(); token.kind !== 'end'; token = this.#peek()) {
      if (isWord(token, 'group')) this.#group();
      else this.#addUngrouped(token, this.#entry());
    }
  }

  #addUngrouped({ place }: Token, host: Host | undefined): void {
    if (host === undefined) return;
    const before = this.#ungrouped.get(identity(host));
    if (before === undefined) this.#ungrouped.set(identity(host), host);
    else this.#problems.add(place, `${shown(host.name)} is there twice, first on line ${before.line}: leave one out`);
  }

  #group(): void {
    const { place } = this.#next();
    const name = this.#name('group');
    if (name === undefined) return;
    const open = this.#peek();
    if (open.kind !== '{') {
      this.#problems.add(open.place, `"{" with the members of group ${shown(name.text)} is missing here`);
      return;
    }
    this.#next();
    const members: GroupMember[] = [];
    for (let token = this.#peek(); token.kind !== '}'; token = this.#peek()) {
      if (token.kind === 'end') {
        this.#problems.add(open.place, `"{" of group ${shown(name.text)} is never closed`);
        break;
      }
      const member = isWord(token, 'group') ? this.#reference() : this.#hostMember(token);
      if (member !== undefined) members.push(member);
    }
    this.#next();
    if (members.length === 0) this.#problems.add(place, `group ${shown(name.text)} has no members`);
    this.groups.push({ name: name.text, place: name.place, members });
  }

  #hostMember({ place }: Token): GroupMember | undefined {
    const host = this.#entry();
    return host && { host, place };
  }

  #reference(): GroupMember | undefined {
    this.#next();
    const name = this.#name('group');
    if (name === undefined) return undefined;
    const open = this.#peek();
    if (open.kind !== '{') return { group: name.text, place: name.place };
    const way = `give group ${shown(name.text)} its members outside of this group, and only its name here`;
    this.#problems.add(open.place, `a group cannot be defined in a group: ${way}`);
    this.#skipBraces();
    return undefined;
  }

  #entry(): Host | undefined {
    if (isWord(this.#peek(), 'host')) this.#next();
    const name = this.#name('host');
    if (name === undefined) return undefined;
    const attributes = this.#peek().kind === '{' ? this.#attributes() : {};
    if (name.kind === 'word' && /^[+-]?\d+$/.test(name.text)) {
      this.#problems.add(
        name.place,
        `a number stands where a host should: jobs are written "{ jobs = ${name.text.slice(0, 9)} }"`,
      );
      return undefined;
    }
    const address = parseAddress(name.text);
    if ('problem' in address) {
      this.#problems.add(name.place, address.problem);
      return undefined;
    }
    const local = isRunner(address.value, this.#runner);
    const { jobs = DEFAULT_JOBS, path = '', rsh } = attributes;
    const host = {
      ...HOST_DEFAULTS,
      ...address.value,
      name: name.text,
      slots: jobs,
      local,
      line: name.place.line,
      path,
      // dmake does not go through rsh to the machine that it runs on.
      transport: local ? undefined : rsh,
      needsOwnersFile: true,
    };
    const key = JSON.stringify([identity(host), name.text, jobs, path, host.transport]);
    const same = this.#hosts.get(key) ?? host;
    this.#hosts.set(key, same);
    return same;
  }

  #attributes(): Attributes {
    const { attributes, next } = readAttributes(this.#tokens, this.#at, this.#problems);
    this.#at = next;
    return attributes;
  }

  /** Takes a name, or says that it is missing and passes over what stands there. */
  #name(of: 'group' | 'host'): Token | undefined {
    const token = this.#peek();
    if ((token.kind === 'word' && !isWord(token, 'group') && !isWord(token, 'host')) || token.kind === 'quoted') {
      if (token.text !== '') return this.#next();
      this.#problems.add(token.place, `the name of a ${of} is empty`);
    } else {
      const found = token.kind === 'end' ? 'the end' : shown(token.text);
      this.#problems.add(token.place, `the name of a ${of} should stand here, not ${found}`);
    }
    // A keyword begins something that can be read.
    if (token.kind === '{') this.#skipBraces();
    else if (token.kind !== 'end' && token.kind !== 'word') this.#next();
    return undefined;
  }

  #skipBraces(): void {
    while (this.#peek().kind !== '}' && this.#peek().kind !== 'end') this.#next();
    if (this.#peek().kind === '}') this.#next();
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  /** Never goes beyond the end. */
  #next(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at++;
    return token;
  }
}

const END: Token = { kind: 'end', text: '', place: { line: 1, column: 1 } };

/** What dmake gives a host that does not say (D4). */
const DEFAULT_JOBS = 2;

function isWord(token: Token, text: string): boolean {
  return token.kind === 'word' && token.text === text;
}
