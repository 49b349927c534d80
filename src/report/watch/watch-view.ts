import { progressLine } from '../progress/progress-line.ts';
import type { ProgressFigures } from '../progress/progress.ts';
import { clockText, sinceText } from './clock-text.ts';
import { paint, span, type Line, type Span } from './line.ts';
import { columnsFor, jobLines, jobsInRow, othersLine, placeLine } from './place-line.ts';
import { planRows } from './row-plan.ts';
import { keepEnd, widthOf } from '../text-width.ts';
import type { WatchedFailure, WatchState } from './watch-state.ts';

/** Room for the view. */
export interface ViewSize {
  readonly columns: number;
  /** At most so many lines. */
  readonly rows: number;
}

/**
 * The lines of the live region: none wider than the terminal, none with a control character but for colours, and no
 * more than there is room for.
 */
export function renderWatch(
  state: WatchState,
  { columns, rows }: ViewSize,
  colour: boolean,
  figures: ProgressFigures,
): string[] {
  return linesOf(state, columns, rows, figures).map((line) => paint(line, columns, colour));
}

function linesOf(state: WatchState, columns: number, rows: number, figures: ProgressFigures): readonly Line[] {
  if (rows < 1 || columns < 1) return [];
  if (state.end) return [[span(`ended after ${clockText(state.seconds)}, the hosts are being cleaned`)]];
  const { places, failures, seconds } = state;
  const plan = planRows(rows - 1, failures.length, places, jobsInRow(columns));
  const common = columnsFor(
    plan.places.map(({ place }) => place),
    columns,
  );
  return [
    headLine(state, columns, figures),
    ...failures.slice(0, plan.failures).map((failure) => failureLine(failure, columns, seconds)),
    ...plan.places.flatMap(({ place, jobs }) => [
      placeLine(place, common, seconds, jobs === 0),
      ...jobLines(place, columns, seconds, jobs),
    ]),
    ...(plan.others.length > 0 ? [othersLine(plan.others)] : []),
  ];
}

/** `[132/840] 12 hosts 64 jobs 31 s left  2 failed  queue 31  1:04`; what has no room is left out, from the end. */
function headLine(state: WatchState, columns: number, figures: ProgressFigures): Line {
  const parts: readonly Span[] = [
    span(progressLine(figures), 'bold'),
    ...(state.failed > 0 ? [span(`  ${state.failed} failed`, 'red')] : []),
    span(`  queue ${state.queue}`),
    span(`  ${clockText(state.seconds)}`),
  ];
  let room = columns;
  const end = parts.findIndex(({ text }) => (room -= widthOf(text)) < 0);
  // The first is cut rather than left out.
  return end < 0 ? parts : parts.slice(0, Math.max(1, end));
}

/** `failed  src/main.o on build1: status 1, 4 s ago`. */
function failureLine({ target, host, verdict, at }: WatchedFailure, columns: number, now: number): Line {
  const where = host === undefined ? '' : ` on ${host}`;
  const rest = `${where}: ${verdict}, ${sinceText(now - at)} ago`;
  const name = keepEnd(target, Math.max(12, columns - 'failed  '.length - widthOf(rest)));
  return [span('failed  ', 'red'), span(`${name}${rest}`)];
}
