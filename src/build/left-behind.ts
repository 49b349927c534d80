import { durationText } from '../util/duration.ts';

/**
 * That a staging directory is still on a host, and what becomes of it, for people.
 *
 * @param host its name
 * @param staleAfter Settings.staleAfter, seconds
 */
export function leftBehind(host: string, directory: string, reason: string, staleAfter: number): string {
  return (
    `${host}: ${directory} could not be removed: ${reason}${/[.?!]$/.test(reason) ? '' : '.'} ` +
    `The next run there removes it when it is ${durationText(staleAfter)} old; until then it can be removed with distmake --clean, or by hand`
  );
}
