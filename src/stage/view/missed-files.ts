import { resolve } from 'node:path/posix';
import type { Text } from '../../engine/ports.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { PartialView } from './partial-view.ts';
import type { Workspace } from '../look/workspace.ts';

/** Of the paths that end like a name that was searched for, so many may be meant; more would be a guess. */
const FEW = 3;

/** Only so much of what a job printed is looked at. */
const MOST_TEXT = 1 << 20;

/** Longer lines are no messages. */
const MOST_LINE = 2048;

/** A name is looked for in so many of the last parts of a line that colons separate. */
const MOST_PARTS = 6;

/** A tool's word for a file that is not there; the name is in front. */
const NOT_THERE = /^(.*?)(?:: cannot (?:stat|open))?:? ?\(?(?:\[errno 2\] )?no such file(?: or directory)?\)?\.?$/i;

/** The name alone, of what stands in front: `cannot stat 'x'`, `can't read x`. */
const VERB =
  /(?:cannot|can't|can not|could not|couldn't|unable to|failed to) (?:open|access|stat|read|find|load|cd to|execute|create symbolic link to)(?: linker script)?(?: file| include file| perl script| source file)? (.+?)(?: for (?:reading|input))?$/i;

const QUOTED = /(?<!\w)["'`]([^"'`]+)["']/g;

/** Whole messages. */
const MESSAGES = [
  // clang, tcc
  /'([^']+)' (?:file )?not found$/,
  // python, node
  /no such file or directory[,:] .*?'([^']+)'/i,
  // clang
  /no such file or directory: '([^']+)'/i,
  // perl
  /Can't locate (\S+) in @INC/,
  // node
  /Cannot find module '([^']+)'/,
  // gas
  /file not found: (.+)$/,
  // dash
  /: ([^:]*\/[^:]*): not found$/,
];

/** What a linker searches for. */
const LIBRARY = /cannot find -l(:?)([^\s:]+)/;

/** A name that a tool has looked for and not found. */
export interface Complaint {
  /** As the tool wrote it. */
  readonly name: Bytes;
  /** It was searched for in several directories: any path that ends so may be meant. */
  readonly isSearched: boolean;
}

/**
 * The files and links of the workspace that a job was not shown and of which its output says that they are not there.
 *
 * @param at the job's directory, relative to the workspace
 */
export function missedFiles(workspace: Workspace, view: PartialView, at: Bytes, output: readonly Text[]): Bytes[] {
  const isMissed = (path: Bytes): boolean => workspace.has(path) && !workspace.hasDirectory(path) && !view.shows(path);
  const missed = new Set<Bytes>();
  const searched: Bytes[] = [];
  for (const { name, isSearched } of complaints(beginning(output))) {
    const path = inWorkspace(workspace.root, at, name);
    if (path !== undefined && isMissed(path)) missed.add(path);
    else if (isSearched && !name.startsWith('/')) searched.push(`/${name}`);
  }
  if (searched.length === 0) return [...missed];
  const meant = new Map<Bytes, Bytes[]>();
  for (const path of workspace.below('')) {
    for (const name of searched) {
      if (`/${path}`.endsWith(name) && isMissed(path)) meant.set(name, [...(meant.get(name) ?? []), path]);
    }
  }
  for (const paths of meant.values()) if (paths.length <= FEW) for (const path of paths) missed.add(path);
  return [...missed];
}

/** Errors first: they tell more. Each descriptor has whole lines of its own. */
function beginning(output: readonly Text[]): Bytes {
  let text = '';
  for (const one of [2, 1]) {
    for (const { data } of output.filter(({ descriptor }) => descriptor === one)) {
      text += data.toString('latin1', 0, MOST_TEXT - text.length);
      if (text.length === MOST_TEXT) return text;
    }
    text += '\n';
  }
  return text;
}

/** A name as a tool in that directory writes it, relative to the workspace; undefined for what is outside. */
function inWorkspace(root: Bytes, at: Bytes, name: Bytes): Bytes | undefined {
  const full = resolve(root, at, name);
  return full.startsWith(`${root}/`) ? full.slice(root.length + 1) : undefined;
}

/** The names of which tools say in their output that they are not there, as far as that is said exactly. */
export function complaints(text: Bytes): Complaint[] {
  const found = new Map<Bytes, Complaint>();
  for (const line of text.split('\n')) {
    if (line.length > MOST_LINE) continue;
    for (const one of complaintsOf(plain(line))) found.set(`${one.isSearched} ${one.name}`, one);
  }
  return [...found.values()];
}

/** Without what differs from one language of the messages to the next: quotes in UTF-8. */
function plain(line: Bytes): Bytes {
  return line.replace(/\xe2\x80[\x98\x99]/g, "'").trimEnd();
}

function complaintsOf(line: Bytes): Complaint[] {
  const library = LIBRARY.exec(line);
  if (library?.[2] !== undefined) {
    const names = library[1] === ':' ? [library[2]] : [`lib${library[2]}.a`, `lib${library[2]}.so`];
    return names.map((name) => ({ name, isSearched: true }));
  }
  const names = [...MESSAGES.flatMap((message) => message.exec(line)?.[1] ?? []), ...namesBefore(line)];
  return names.map((name) => ({ name, isSearched: /\.(?:h|hh|hpp|hxx|inc|pm)$/.test(name) }));
}

/** `prog: x: No such file or directory` and the like: a name may contain a colon and a blank. */
function namesBefore(line: Bytes): Bytes[] {
  const before = NOT_THERE.exec(line)?.[1];
  const opened = before ?? (/(?:cannot|can't) open /i.test(line) ? line : undefined);
  if (opened === undefined) return [];
  const parts = opened.split(': ');
  const names = parts.slice(-MOST_PARTS).flatMap((_, at, { length }) => {
    const part = parts.slice(at - length).join(': ');
    return [VERB.exec(part)?.[1] ?? part, ...[...part.matchAll(QUOTED)].map((match) => match[1] ?? '')];
  });
  return names.filter((name) => name !== '');
}
