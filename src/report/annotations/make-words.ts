import type { Bytes } from '../../util/bytes.ts';
import type { Spot } from './diagnostic.ts';
import { spotOf } from './grammar.ts';

/** What make itself says, with the level of the make that says so (MAKELEVEL; 0 is the outermost). */
export type MakeWords = { readonly level: number } & (
  | { readonly kind: 'enters'; readonly directory: Bytes }
  | { readonly kind: 'leaves' }
  /** A recipe failed. Spot: where the makefile has the line. */
  | { readonly kind: 'verdict'; readonly target: Bytes; readonly end: Bytes; readonly spot: Spot | undefined }
  | { readonly kind: 'error' | 'warning'; readonly text: Bytes }
  /** What no one needs to be told of. */
  | { readonly kind: 'other' }
);

/** `make`, `/usr/bin/gmake-4.4`, `make[2]`. */
const SAYS = /^(?:[^\s:[\]]*\/)?[\w.-]*make[\w.-]*(?:\[(\d{1,4})\])?: (.+)$/s;
/** Any quotes: make is translated. They are UTF-8, byte by byte. */
const QUOTED = /^(?:[`'"]|\xe2\x80[\x98\x9c]|\xc2\xab)?(.*?)(?:['"]|\xe2\x80[\x99\x9d]|\xc2\xbb)?$/s;
const VERDICT =
  /^\[(?:(.+):(\d{1,9}): |<builtin>: )?(.+)\] (Error \d+|[A-Z][\w /]*(?: \(core dumped\))?)(?: shuffle=\S+)?$/s;
/** Lines longer than this are not make's own. */
const LONGEST = 1024;
/** Consequences of something that was said before, or of the end of the run. */
const CONSEQUENCE = /^(?:Waiting for |wait: |Deleting |Interrupt|Terminated|\[.*\] (?:Interrupt|Terminated|Hangup))/;

/** Reads a line without its end; undefined: it is not of make. `FILE:LINE: *** TEXT` is read by {@link readMakefileError}. */
export function readMakeWords(line: Bytes): MakeWords | undefined {
  const [, number, said = ''] = line.length <= LONGEST && line.includes('make') ? (SAYS.exec(line) ?? []) : [];
  if (said === '') return undefined;
  const level = Number(number ?? 0);
  const [, way, name = ''] = /^(Entering|Leaving) directory (.+)$/s.exec(said) ?? [];
  if (way !== undefined) {
    if (way === 'Leaving') return { level, kind: 'leaves' };
    return { level, kind: 'enters', directory: QUOTED.exec(name)?.[1] ?? name };
  }
  if (/^Circular .* dependency dropped\.$/s.test(said)) return { level, kind: 'warning', text: said };
  if (said.startsWith('warning: ')) return { level, kind: 'warning', text: said.slice('warning: '.length).trimStart() };
  if (!said.startsWith('*** ')) return undefined;
  const text = said.slice('*** '.length);
  if (CONSEQUENCE.test(text)) return { level, kind: 'other' };
  const [, file, row, target, end] = VERDICT.exec(text) ?? [];
  if (target === undefined || end === undefined) return { level, kind: 'error', text };
  return { level, kind: 'verdict', target, end, spot: file === undefined ? undefined : spotOf(file, row, undefined) };
}

/** `Makefile:3: *** missing separator.  Stop.`, `$(error …)`. */
export function readMakefileError(line: Bytes): { readonly spot: Spot; readonly text: Bytes } | undefined {
  if (!line.includes(': *** ')) return undefined;
  const [, file, row, text] = /^([^\s:][^:]*):(\d{1,9}): \*\*\* (.+)$/s.exec(line) ?? [];
  return file === undefined || text === undefined ? undefined : { spot: spotOf(file, row, undefined), text };
}

/** Whether a file's name is one that makefiles have. */
export function isMakefile(file: Bytes): boolean {
  return /(?:^|\/)(?:GNUmakefile[^/]*|[Mm]akefile[^/]*|[^/]*\.(?:mk|mak|make))$/.test(file);
}
