import type { Run } from './run.ts';
import { duration } from './words.ts';

const RESULT_WORDS = {
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  unfinished: 'not finished',
} as const;

/** What the page says first. */
export function heading(run: Run): string {
  const { result, outcome } = run.data;
  const how = (result === 'failed' || result === 'cancelled') && outcome !== '' ? ` (make: ${outcome})` : '';
  return `${RESULT_WORDS[result]} in ${duration(run.seconds)}${how}`;
}
