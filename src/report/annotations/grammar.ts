import type { Bytes } from '../../util/bytes.ts';
import type { Spot } from './diagnostic.ts';

/** What one line of output says. Files are as the tool names them. */
export type Saying =
  /** `FILE:LINE:COLUMN: error: TEXT`; without a place `PROGRAM: error: TEXT`. */
  | {
      readonly kind: 'problem';
      readonly severity: 'error' | 'warning';
      readonly spot: Spot | undefined;
      readonly text: Bytes;
      readonly weak?: boolean;
    }
  | { readonly kind: 'note'; readonly spot: Spot | undefined; readonly text: Bytes }
  /** `In file included from FILE:LINE`, and gcc's further lines `from FILE:LINE`. */
  | { readonly kind: 'included'; readonly spot: Spot; readonly further: boolean }
  /** `FILE: In function …`: whether it is an instantiation, whose `required from` follows. */
  | { readonly kind: 'inside'; readonly file: Bytes; readonly instantiation: boolean }
  | { readonly kind: 'required'; readonly spot: Spot }
  /** `b.o: in function …`: what the linker says next is of that object. */
  | { readonly kind: 'object'; readonly object: Bytes }
  /** `FILE:LINE: TEXT`, with nothing that tells what it is: `$(warning)`, if the file is a makefile. */
  | { readonly kind: 'remark'; readonly spot: Spot; readonly text: Bytes };

const LINKER = /^(?:\S*[/-])?(?:ld|ld64|gold|lld|mold)(?:\.\w+)?: /;
/** bison says LINE.COLUMN-COLUMN. */
const PLACE = /^([^\s:"][^:]*):(\d{1,9})(?:[:.](\d{1,9})(?:-[\d.]{1,19})?)?:(?: (.*))?$/s;
const KIND =
  /^((?:fatal )?error|fatal|warning|note|remark|info|sorry, unimplemented|internal compiler error)(?: ?#\d+)?: (.+)$/is;
const REQUIRED = /^ {2}(?:recursively )?required (?:from|by|for) |^ {2}in .{1,3}constexpr.{1,3} expansion of /;
const PROGRAM = /^([\w./+-]+): ((?:fatal )?error|warning|internal compiler error): (.+)$/is;
const INSIDE = /^([^\s:][^:]*): (?:(In (?:instantiation|substitution) of )|In |At |Assembler messages)/;
const INCLUDED = /^(?:In file included| {10,})( from|from) ([^\s:][^:]*):(\d{1,9})(?::(\d{1,9}))?[:,]?$/;
const SECTION = /^(.*?):?\(\.[\w.$+-]{1,200}\): (.+)$/s;
const UNLINKED =
  /^(?:undefined reference to |multiple definition of |more undefined references to )|^cannot (?:find|open) |: (?:undefined reference to |multiple definition of |undefined symbol|relocation )|^relocation .* against |DSO missing/;
/** What a driver says when a program that it has started has said why. */
const WEAK = /^(?:ld returned \d|linker command failed|.* command failed with exit code)/;

/** Reads a line of a compiler or a linker; undefined: it says nothing of the kind. */
export function readLine(line: Bytes): Saying | undefined {
  if (!line.includes(':')) return undefined;
  const included = INCLUDED.exec(line);
  if (included) {
    const [, word = '', file = '', row, column] = included;
    return { kind: 'included', spot: spotOf(file, row, column), further: word === 'from' };
  }
  const linker = LINKER.exec(line)?.[0];
  const text = linker === undefined ? line : line.slice(linker.length);
  return (
    readPlaced(text) ??
    readSection(text) ??
    (linker === undefined ? undefined : readLinker(text, line)) ??
    readProgram(line)
  );
}

function readPlaced(line: Bytes): Saying | undefined {
  const [, file, row, column, rest = ''] = PLACE.exec(line) ?? [];
  if (file === undefined) {
    const inside = INSIDE.exec(line);
    if (inside?.[1] !== undefined) return { kind: 'inside', file: inside[1], instantiation: inside[2] !== undefined };
    const object = / in function .+:$/.test(line) ? /^(.+?): in function /.exec(line)?.[1] : undefined;
    return object === undefined ? undefined : { kind: 'object', object: /\(([^()]+)\)$/.exec(object)?.[1] ?? object };
  }
  const spot = spotOf(file, row, column);
  const [, kind = '', text = ''] = KIND.exec(rest) ?? [];
  if (kind !== '') return problem(kind.toLowerCase(), spot, text);
  if (REQUIRED.test(rest)) return { kind: 'required', spot };
  if (UNLINKED.test(rest)) return { kind: 'problem', severity: 'error', spot, text: rest };
  return rest === '' ? undefined : { kind: 'remark', spot, text: rest };
}

/** `b.c:(.text+0x1): undefined reference to …`. */
function readSection(line: Bytes): Saying | undefined {
  const [, file, text] = SECTION.exec(line) ?? [];
  if (file === undefined || text === undefined || !UNLINKED.test(text)) return undefined;
  const spot = file === '' ? undefined : spotOf(file, undefined, undefined);
  return { kind: 'problem', severity: 'error', spot, text };
}

function readLinker(text: Bytes, line: Bytes): Saying | undefined {
  const [, kind = '', said = ''] = KIND.exec(text) ?? [];
  if (kind !== '') return problem(kind.toLowerCase(), undefined, said, line);
  if (!UNLINKED.test(text)) return undefined;
  return { kind: 'problem', severity: 'error', spot: undefined, text };
}

function readProgram(line: Bytes): Saying | undefined {
  const [, program = '', kind = '', text = ''] = PROGRAM.exec(line) ?? [];
  if (program === '') return undefined;
  return problem(
    kind.toLowerCase(),
    program.includes('.') ? spotOf(program, undefined, undefined) : undefined,
    text,
    line,
  );
}

/** @param whole what to show where there is no place to point at: the line with the name of the program */
function problem(kind: string, spot: Spot | undefined, text: Bytes, whole = text): Saying {
  if (kind === 'note' || kind === 'remark' || kind === 'info') return { kind: 'note', spot, text };
  if (kind === 'warning') return { kind: 'problem', severity: 'warning', spot, text: spot ? text : whole };
  const plain =
    kind.endsWith('error') && !kind.startsWith('internal') ? text : kind === 'fatal' ? text : `${kind}: ${text}`;
  return { kind: 'problem', severity: 'error', spot, text: whole === text ? plain : whole, weak: WEAK.test(text) };
}

/** Compilers say 0 where they have no number. A column of no line is none. */
export function spotOf(file: Bytes, line: string | undefined, column: string | undefined): Spot {
  const row = Number(line ?? 0) || undefined;
  return { file, line: row, column: row && (Number(column ?? 0) || undefined) };
}
