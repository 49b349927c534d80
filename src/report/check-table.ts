import type { HostReport } from '../model/host-report.ts';
import { cleanTitle, withoutColours } from './clean-text.ts';
import { formatBytes } from './format-bytes.ts';
import { textTable } from './text-table.ts';
import { widthOf } from './text-width.ts';

/** Longest text of one cell, and of one line below the table, in characters. */
const CELL_LIMIT = 60;
const LINE_LIMIT = 2000;

export interface CheckTableOptions {
  /** Of the terminal: where the table is wider, each host has lines of its own. Undefined: as many as it takes. */
  readonly columns?: number | undefined;
  /** Of hosts whose check was stopped before it was known whether they take jobs. */
  readonly isOpen?: (report: HostReport) => boolean;
}

/** Column titles, and what stands below them; undefined: it is not known. One that tells nothing of any host is left out. */
const COLUMNS: readonly (readonly [title: string, cell: (report: HostReport) => string | undefined])[] = [
  ['host', ({ host }) => host.name],
  ['jobs', ({ problem }) => (problem === undefined ? 'yes' : 'no')],
  ['login', ({ login }) => login],
  ['by', ({ by }) => by],
  ['sandbox', sandboxText],
  ['slots', slotsText],
  ['tools', ({ tools }) => tools],
  ['make', ({ make }) => make],
  ['cc', ({ cc }) => cc],
  ['round trip', roundTripText],
  ['clock', clockText],
  ['free', ({ free }) => free && formatBytes(free.bytes)],
  ['load', ({ load }) => load?.[0].toFixed(2)],
];

/**
 * What a check has found, for people: a line of a table for each host, below it why hosts take no jobs and what else there is
 * to know, then how many can be used. Names and whatever hosts said are made harmless for a terminal; a workflow's log has to
 * guard it all the same. Ends with a newline.
 *
 * @param isPublic where a host with a name of its own is, and with what one gets in there, is not told
 */
export function checkTable(
  found: readonly HostReport[],
  isPublic = false,
  { columns: room = Infinity, isOpen = () => false }: CheckTableOptions = {},
): string {
  const reports = isPublic ? found.map(withoutLogin) : found;
  const columns = COLUMNS.filter(([, cell], at) => at === 0 || reports.some((report) => tells(cell(report), report)));
  const rows = [
    columns.map(([title]) => title),
    ...reports.map((report) =>
      columns.map(([title, cell]) =>
        harmless((title === 'jobs' && isOpen(report) ? '?' : cell(report)) ?? '-', CELL_LIMIT),
      ),
    ),
  ];
  const notes = reports.flatMap((report) => [
    ...problemOf(report, isOpen(report)),
    ...report.remarks.map((remark) => `${report.host.name}: ${remark}`),
  ]);
  const usable = reports.filter(({ problem }) => problem === undefined).length;
  const verdict = `${usable} of ${reports.length} ${reports.length === 1 ? 'host' : 'hosts'} can take jobs`;
  const open = reports.filter(isOpen).length;
  const table = textTable(rows);
  const isWide = table.some((line) => widthOf(line) > room);
  const paragraphs = [
    ...(isWide ? blocks(rows) : [table]),
    notes.map((note) => harmless(note, LINE_LIMIT)),
    [open > 0 ? `${verdict}, of ${open} it is not known` : verdict],
  ];
  return paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** A paragraph for each host, a line for each thing that is known of it. */
function blocks([titles = [], ...rows]: readonly (readonly string[])[]): string[][] {
  return rows.map((cells) => titles.map((title, at) => `${title}: ${cells[at]}`).filter((_, at) => cells[at] !== '-'));
}

function problemOf({ host, problem }: HostReport, isOpen: boolean): readonly string[] {
  if (problem === undefined) return [];
  return [isOpen ? `${host.name}: ${problem}` : `${host.name} takes no jobs: ${problem}`];
}

function withoutLogin(report: HostReport): HostReport {
  const { name, address } = report.host;
  return { ...report, by: undefined, login: name.includes(address) ? report.login : undefined };
}

/** A host is often called by its login. */
function tells(cell: string | undefined, { host }: HostReport): boolean {
  return cell !== undefined && cell !== host.name;
}

function sandboxText({ sandbox, withoutPerl }: HostReport): string | undefined {
  return sandbox && withoutPerl ? `${sandbox}, no perl` : sandbox;
}

function roundTripText({ roundTrip }: HostReport): string | undefined {
  if (roundTrip === undefined) return undefined;
  return `${roundTrip < 10 ? roundTrip.toFixed(1) : Math.round(roundTrip)} ms`;
}

/** `4`, with what else bears on it: `2 (8 processors, its owner allows 2)`. */
function slotsText({ slots, processors, cap }: HostReport): string | undefined {
  if (slots === undefined || processors === undefined) return undefined;
  const count = `${processors} ${processors === 1 ? 'processor' : 'processors'}`;
  return `${slots} (${count}${cap === undefined ? '' : `, its owner allows ${cap}`})`;
}

/** `+0.3 s ± 0.01`: as many digits as it is sure of. */
function clockText({ clock }: HostReport): string | undefined {
  if (!clock) return undefined;
  const { offset, within } = clock;
  const digits = within < 0.01 ? 3 : within < 0.1 ? 2 : 1;
  // Not "-0.00".
  const shown = Number(offset.toFixed(digits)) + 0;
  return `${shown < 0 ? '' : '+'}${shown.toFixed(digits)} s ± ${Math.max(within, 10 ** -digits).toFixed(digits)}`;
}

function harmless(text: string, limit: number): string {
  return withoutColours(cleanTitle(text, limit));
}
