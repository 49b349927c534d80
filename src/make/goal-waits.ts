import { WAIT } from '../model/marks.ts';
import type { Bytes } from '../util/bytes.ts';
import { changeArguments } from './arguments.ts';
import { segmentsOf } from './mark-rules.ts';
import { makeIntent } from './make-intent.ts';

/** Whether `.WAIT` stands among the goals of a make (D15): no GNU make knows it there. @param words without argv[0] */
export function hasGoalWaits(words: readonly Bytes[]): boolean {
  return words.includes(WAIT) && makeIntent(words).goals.includes(WAIT);
}

/** The goals of a make, in the segments between which `.WAIT` stands. @param words without argv[0] */
export function goalSegments(words: readonly Bytes[]): readonly (readonly Bytes[])[] {
  return segmentsOf(makeIntent(words).goals);
}

/** Make's arguments without `.WAIT` among the goals; what it means becomes lines for the makefile when that is parsed. */
export function withoutGoalWaits(words: readonly Bytes[]): readonly Bytes[] {
  return hasGoalWaits(words) ? changeArguments(words, (a) => a.kind === 'goal' && a.text === WAIT, []) : words;
}
