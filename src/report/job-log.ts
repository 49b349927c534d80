import type { Place } from '../model/event.ts';
import type { Job } from '../model/job.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import type { PlaceReason } from '../model/place-reason.ts';
import { decode, type Bytes } from '../util/bytes.ts';

/** One time a job ran somewhere; a job that is run again has several. */
export interface Leg {
  readonly place: Place;
  /** Undefined where nobody has said it. */
  readonly reason: PlaceReason | undefined;
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly again: boolean;
}

export const NOWHERE = Symbol('nowhere');

/** What a job printed; `file` has all of a long output. */
export interface JobText {
  readonly echo: Bytes;
  readonly output: Bytes;
  readonly file?: string | undefined;
}

export interface JobLog {
  readonly job: Job;
  /** Where it was sent last. */
  place: Place | typeof NOWHERE;
  /** Why it is there. */
  reason: PlaceReason | undefined;
  readonly legs: Leg[];
  text: JobText | undefined;
  /** make's words on its failure, which make ignored: they stand behind its text. */
  remark: Bytes;
  printed: boolean;
  /** Some of its text has not been shown. */
  leftOut: boolean;
}

/** The end that counts; undefined: it has not ended, or runs again. */
export function final(log: JobLog): Leg | undefined {
  const last = log.legs.at(-1);
  return last?.again === true ? undefined : last;
}

/** The first failure of these that is final. */
export function badEnd(logs: readonly JobLog[]): Outcome | undefined {
  return logs.map((log) => final(log)?.outcome).find((end) => end && end.kind !== 'cancelled' && !succeeded(end));
}

/** Why a job was not run where it ended: no host was left for it, and the runner was not to take it. It has said so. */
export function refusalOf(log: JobLog): string | undefined {
  const end = final(log);
  if (end === undefined || end.place !== undefined || log.place === undefined || succeeded(end.outcome))
    return undefined;
  const [, why] = /^distmake: (.+)\n/.exec(log.text?.output ?? '') ?? [];
  return why && `${log.legs.length > 1 ? 'did not run again' : 'ran nowhere'}: ${decode(why)}`;
}

/** The files that have all of what these printed. */
export function filesOf(logs: readonly JobLog[]): readonly string[] {
  return logs.map((log) => log.text?.file).filter((file) => file !== undefined);
}

/** make's echo of the command and the output, each with an end of line. */
export function joined(text: JobLog['text']): Bytes {
  if (text === undefined) return '';
  const echo = text.echo === '' || text.echo.endsWith('\n') ? text.echo : text.echo + '\n';
  return echo + withNewline(text.output);
}

function withNewline(text: Bytes): Bytes {
  return text === '' || text.endsWith('\n') ? text : text + '\n';
}
