import { type Bytes } from '../util/bytes.ts';

/** The tool on the host that made a listing: they print times and modes differently. */
export type ListingTool = 'find' | 'stat' | 'bsd';

export interface ListedFile {
  readonly kind: 'file';
  readonly path: Bytes;
  /** With setuid, setgid and sticky bits. */
  readonly mode: number;
  readonly time: bigint;
  readonly size: number;
  readonly timeIsSet: boolean;
}

/** What lane.sh reports of a path; contents of files and targets of links come apart, in this order. */
export type Listed =
  | ListedFile
  | { readonly kind: 'link'; readonly path: Bytes; readonly time: bigint; readonly size: number }
  | { readonly kind: 'directory'; readonly path: Bytes; readonly mode: number }
  | { readonly kind: 'removed' | 'unknown' | 'special'; readonly path: Bytes };

interface Attributes {
  readonly mode: number;
  readonly size: number;
  readonly time: bigint;
}

const SECOND = 1_000_000_000n;
const LONGEST_PATH = 4096;
const END = '//.\n';

/**
 * Reads a report of lane.sh: records `//KIND [ATTRIBUTES] ./PATH\n`, and `//.` behind the last. A path can contain line
 * ends, but never `//`.
 *
 * @throws Error for what is no such report, and for one that has been cut off
 */
export function parseListing(text: Bytes, tool: ListingTool): Listed[] {
  const listed: Listed[] = [];
  let began = 0n;
  let ended = 0n;
  if (!text.startsWith('//') || !text.endsWith(END) || (text !== END && !text.endsWith(`\n${END}`))) {
    throw new Error('unexpected listing');
  }
  if (text === END) return listed;
  for (const record of text.slice(2, -END.length - 1).split('\n//')) {
    const kind = record[0];
    const at = record.indexOf(' ./');
    const attributes = record.slice(2, Math.max(2, at));
    const path = record.slice(at + 3);
    if (kind === 'B') began = parseAttributes(record.slice(2), tool).time;
    else if (kind === 'E') ended = parseAttributes(record.slice(2), tool).time;
    else if (at < 0 || path.length > LONGEST_PATH) throw new Error('unexpected listing');
    else if (kind === 'F') {
      const file = parseAttributes(attributes, tool);
      listed.push({ kind: 'file', path, ...file, timeIsSet: file.time < began || file.time > ended + SECOND });
    } else if (kind === 'L') {
      const { time, size } = parseAttributes(attributes, tool);
      if (size > LONGEST_PATH) throw new Error('unexpected listing');
      listed.push({ kind: 'link', path, time, size });
    } else if (kind === 'D') {
      listed.push({ kind: 'directory', path, mode: parseAttributes(attributes, tool).mode & 0o777 });
    } else if (kind === 'X') listed.push({ kind: 'removed', path });
    else if (kind === 'U') listed.push({ kind: 'unknown', path });
    else if (kind === 'S') listed.push({ kind: 'special', path });
    else throw new Error('unexpected listing');
  }
  return listed;
}

function parseAttributes(text: string, tool: ListingTool): Attributes {
  const [type = '', , size = '', first = '', second = ''] = text.split(' ');
  const mode = (tool === 'find' ? parseInt(type.slice(1), 8) : parseInt(type, 16)) & 0o7777;
  const time = tool === 'stat' ? parseDate(first, second) : parseSeconds(first);
  const digits = /^\d+$/.test(size) && Number.isSafeInteger(Number(size));
  if (!/^\w+$/.test(type) || !digits || time === undefined) throw new Error('unexpected listing');
  return { mode, size: Number(size), time: time > 0n ? time : 0n };
}

/** `1700000000.1234567890`: GNU find has a tenth digit. */
function parseSeconds(text: string): bigint | undefined {
  const match = /^(-?\d+)(?:\.(\d{1,10}))?$/.exec(text);
  return match ? BigInt(match[1] ?? '') * SECOND + parseFraction(match[2]) : undefined;
}

/** `2023-11-14 22:13:20.123456789`, in UTC. */
function parseDate(day: string, clock: string): bigint | undefined {
  const [whole = '', fraction] = clock.split('.');
  const milliseconds = Date.parse(`${day}T${whole}Z`);
  return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1_000_000n + parseFraction(fraction);
}

function parseFraction(digits = ''): bigint {
  return /^\d*$/.test(digits) ? BigInt(digits.slice(0, 9).padEnd(9, '0')) : 0n;
}
