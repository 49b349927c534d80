import { cleanTitle, withoutColours } from '../clean-text.ts';

/** What a bar stands for; each has a colour of Mermaid's own. */
export type BarKind = 'usual' | 'missed' | 'again' | 'failed' | 'staging';

export interface Bar {
  /** Empty: the bar has no text. */
  readonly text: string;
  readonly kind: BarKind;
  /** Seconds since the start of the run. */
  readonly from: number;
  readonly to: number;
}

export interface GanttSection {
  readonly name: string;
  readonly bars: readonly Bar[];
}

/** What Mermaid calls the kinds: it has four states of a task, and two of them can be mixed. */
const STATES: Readonly<Record<BarKind, string>> = {
  usual: '',
  missed: 'active, ',
  again: 'done, crit, ',
  failed: 'crit, ',
  staging: 'done, ',
};

/** Colours that can be told apart by all people, on light and on dark pages; all others are those of the page's theme. */
const COLOURS: Readonly<Record<string, string>> = {
  taskBkgColor: '#2f6eb5',
  taskBorderColor: '#7fb0e8',
  taskTextColor: '#ffffff',
  activeTaskBkgColor: '#e8a93a',
  activeTaskBorderColor: '#b97f14',
  taskTextDarkColor: '#111111',
  doneTaskBkgColor: '#c3c9d0',
  doneTaskBorderColor: '#8b949e',
  critBkgColor: '#c93a2b',
  critBorderColor: '#e5534b',
  sectionBkgColor: '#808890',
  sectionBkgColor2: '#808890',
  altSectionBkgColor: '#00000000',
  gridColor: '#9aa4ae',
};

/** The axis is drawn in one of these; Mermaid has no zone for times, seconds since 1970 mean the same everywhere. */
const UNITS = [
  { seconds: 0.001, format: '%Q ms', milliseconds: 1, upTo: 2 },
  { seconds: 1, format: '%s s', milliseconds: 1000, upTo: 600 },
  { seconds: 60, format: '%s min', milliseconds: 1000, upTo: 36_000 },
  { seconds: 3600, format: '%s h', milliseconds: 1000, upTo: Infinity },
] as const;

/** Intervals between the numbers of the axis, in its milliseconds. */
const TICKS: readonly (readonly [number, string])[] = [
  [1, '1millisecond'],
  [10, '10millisecond'],
  [100, '100millisecond'],
  [200, '200millisecond'],
  [1000, '1second'],
  [2000, '2second'],
  [5000, '5second'],
  [10_000, '10second'],
  [30_000, '30second'],
  [60_000, '1minute'],
];
const MOST_TICKS = 12;

const NAME_LIMIT = 26;
const TEXT_LIMIT = 48;
/** Of a letter at the left, in pixels. */
const LETTER = 7;

/** Words that begin a line of another kind: a text must not begin so. */
const KEYWORD =
  /^(?:gantt|date|section|title|click|call|href|topaxis|inclusive|exclude|include|today|week|tick|axis|acc|vert|mon|tue|wed|thu|fri|sat|sun|\d{4}-)/i;

/**
 * A gantt diagram in Mermaid's language, fenced for Markdown.
 *
 * @param seconds what the axis has to show
 * @param packed bars of a section that do not overlap share a row; otherwise each has a row of its own
 */
export function gantt(
  sections: readonly GanttSection[],
  { seconds, packed }: { readonly seconds: number; readonly packed: boolean },
): string {
  const unit = UNITS.find(({ upTo }) => seconds <= upTo) ?? UNITS[3];
  const scale = unit.milliseconds / unit.seconds;
  const widest = Math.max(...sections.map(({ name }) => ganttText(name, NAME_LIMIT).length));
  return [
    '```mermaid',
    '---',
    ...(packed ? ['displayMode: compact'] : []),
    `config: { gantt: { leftPadding: ${40 + widest * LETTER}, barHeight: 18 }, themeVariables: ${JSON.stringify(COLOURS)} }`,
    '---',
    'gantt',
    'dateFormat x',
    `axisFormat ${unit.format}`,
    `tickInterval ${tickInterval(seconds * scale, unit.milliseconds)}`,
    'todayMarker off',
    ...sections.flatMap(({ name, bars }) => [
      `section ${ganttText(name, NAME_LIMIT)}`,
      ...bars.map(({ text, kind, from, to }) => {
        const start = Math.round(from * scale);
        return `${ganttText(text, TEXT_LIMIT)} :${STATES[kind]}${start}, ${Math.max(start + 1, Math.round(to * scale))}`;
      }),
    ]),
    '```',
  ].join('\n');
}

/**
 * Untrusted text as Mermaid takes it for a name in all of its versions: what has a meaning in some context becomes a dot,
 * a colon a sign that looks like one. The end of a long one is kept, which tells more of a path. Never empty.
 */
export function ganttText(text: string, limit: number): string {
  const plain = [...withoutColours(cleanTitle(text, 1000)).normalize('NFC')]
    .map((one) => (one === ':' ? '\u2236' : /[\p{L}\p{N} ._/+=@~()[\]-]/u.test(one) ? one : '\u00b7'))
    .join('')
    .trim();
  const letters = [...plain];
  const short = letters.length > limit ? `\u2026${letters.slice(letters.length - limit + 1).join('')}` : plain;
  if (short === '') return '\u200b';
  return KEYWORD.test(short) ? `./${short}` : short;
}

/** @param least shorter ones would show a number twice */
function tickInterval(span: number, least: number): string {
  return TICKS.find(([length]) => length >= least && span / length <= MOST_TICKS)?.[1] ?? '1minute';
}
