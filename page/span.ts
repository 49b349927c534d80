/** The part of the run that a picture shows, in seconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Shortest part that is shown, in seconds. */
const SHORTEST = 0.01;

/** Nearer (factor below 1) or farther, while `at` stays where it is. Never beyond the run. */
export function zoomed(span: Span, factor: number, at: number, whole: number): Span {
  const length = Math.min(whole, Math.max(SHORTEST, (span.to - span.from) * factor));
  const share = (at - span.from) / (span.to - span.from);
  return kept(at - share * length, length, whole);
}

/** Moved by so many seconds, as far as the run goes. */
export function moved(span: Span, by: number, whole: number): Span {
  return kept(span.from + by, span.to - span.from, whole);
}

/** Moved, and widened if need be, so that a part is in sight. */
export function showing(span: Span, part: Span, whole: number): Span {
  const length = span.to - span.from;
  if (part.from >= span.from && part.to <= span.to) return span;
  const needed = Math.min(whole, Math.max(length, (part.to - part.from) * 1.2));
  return kept((part.from + part.to - needed) / 2, needed, whole);
}

/** Round distances between marks of an axis: 1, 2 or 5 times a power of ten; above a minute whole parts of an hour. */
export function tickStep(length: number, marks: number): number {
  const least = length / Math.max(1, marks);
  const minutes = [60, 120, 300, 600, 900, 1800, 3600].find((step) => step >= least);
  if (least > 50 && minutes !== undefined) return minutes;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((one) => power * one >= least) ?? 10);
}

function kept(from: number, length: number, whole: number): Span {
  const start = Math.max(0, Math.min(from, whole - length));
  return { from: start, to: start + length };
}
