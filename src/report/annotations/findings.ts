import type { Bytes } from '../../util/bytes.ts';
import type { Diagnostic, Severity } from './diagnostic.ts';
import type { Located } from './locator.ts';

/** Findings of one rank that are kept: of those that cannot be shown any more only the number counts. */
const KEPT = 100;

/** Something that may become an annotation. */
export interface Finding {
  readonly severity: Severity;
  /** How useful it is among those of its severity: 0 is most. */
  readonly rank: number;
  readonly place: Located | undefined;
  /** Undefined: the text is all there is. */
  readonly diagnostic: Diagnostic | undefined;
  readonly message: Bytes;
  readonly title: string | undefined;
  /** A sentence on the target, for the end of the text. */
  readonly remark: string;
}

/** A finding and how often it was made. */
export interface Counted {
  readonly finding: Finding;
  readonly times: number;
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'notice'];

/** What was found in a run. The same one (file, line, column, text) is kept once, as the most useful that it was. */
export class Findings {
  readonly #found = new Map<string, { finding: Finding; times: number }>();
  readonly #kept = new Map<string, number>();
  readonly #leftOut: Record<Severity, number> = { error: 0, warning: 0, notice: 0 };

  /** @param times that it was made */
  add(finding: Finding, times = 1): void {
    const key = keyOf(finding);
    const same = this.#found.get(key);
    if (same) {
      same.times += times;
      if (order(finding) < order(same.finding)) same.finding = finding;
      return;
    }
    const shelf = `${order(finding)}`;
    const kept = this.#kept.get(shelf) ?? 0;
    if (kept >= KEPT) {
      this.leaveOut(finding.severity, times);
      return;
    }
    this.#kept.set(shelf, kept + 1);
    this.#found.set(key, { finding, times });
  }

  /** So many more were made, which are not kept. */
  leaveOut(severity: Severity, times: number): void {
    this.#leftOut[severity] += times;
  }

  /** Whether there is one of that severity. */
  has(severity: Severity): boolean {
    return [...this.#found.values()].some(({ finding }) => finding.severity === severity);
  }

  /** The most useful ones of a severity, in that order, and how many there are besides. */
  best(severity: Severity, most: number): { readonly best: readonly Counted[]; readonly more: number } {
    const all = [...this.#found.values()]
      .filter(({ finding }) => finding.severity === severity)
      .sort((a, b) => a.finding.rank - b.finding.rank);
    return { best: all.slice(0, most), more: Math.max(0, all.length - most) + this.#leftOut[severity] };
  }
}

function order({ severity, rank }: Finding): number {
  return SEVERITIES.indexOf(severity) * 100 + rank;
}

function keyOf({ place, diagnostic, message, remark }: Finding): string {
  // Quotes are those of the locale, and that of a host is not that of the runner. They are UTF-8, byte by byte.
  const text = message.replace(/\xe2\x80[\x98\x99]|`/g, "'");
  if (place && diagnostic) return `${place.file}:${place.line ?? ''}:${place.column ?? ''}:${text}`;
  return diagnostic ? text : `\n${remark}\n${text}`;
}
