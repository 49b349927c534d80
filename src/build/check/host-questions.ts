import type { Answer } from '../../engine/ports.ts';
import type { HostReport } from '../../model/host-report.ts';
import { decode, type Bytes } from '../../util/bytes.ts';

/** What {@link factsProgram} finds out. */
export type AnsweredFacts = Pick<HostReport, 'make' | 'cc' | 'free'>;

const VERSION = /\d+(?:\.\d+)+/g;

/** Of df(1) in its POSIX format, blocks or inodes: all, used, free, share. A file system may have no count of inodes. */
const FREE = /\s(\d{1,18})\s+(\d{1,18})\s+(-?\d{1,18})\s+(?:\d{1,3}%|-)\s/;

/**
 * A program for sh that tells the versions of make and cc, and what is free in the current directory's file system.
 *
 * @param nonce a word of letters and digits that no command knows
 */
export function factsProgram(nonce: string): string {
  const first = (command: string): string => `${command} 2>/dev/null </dev/null | sed 1q`;
  const df = (flags: string): string => `df ${flags} . 2>/dev/null </dev/null | sed -n '1p;$p'`;
  const line = (name: string, command: string): string =>
    `printf '%s\\n' "${nonce} ${name} $(${command} | tr '\\n' ' ')"\n`;
  return [
    line('make', first('make --version')),
    line('cc', first('cc --version')),
    line('blocks', df('-Pk')),
    line('inodes', df('-Pi')),
  ].join('');
}

/** Reads what `factsProgram` printed, as far as it came and makes sense. */
export function readFacts({ stdout }: Pick<Answer, 'stdout'>, nonce: string): AnsweredFacts {
  const said = (name: string): string => {
    const begin = `${nonce} ${name} `;
    const found = stdout.split('\n').find((one) => one.startsWith(begin));
    return decode(found?.slice(begin.length) ?? '');
  };
  const blocks = FREE.exec(said('blocks'))?.[3];
  // Elsewhere -i adds columns to those of the blocks.
  const inodes = /inodes/i.test(said('inodes')) ? FREE.exec(said('inodes')) : undefined;
  const files = inodes && Number(inodes[1]) > 0 ? Math.max(0, Number(inodes[3])) : undefined;
  return {
    make: said('make').match(VERSION)?.[0],
    // "cc (Debian 12.2.0-14+deb12u1) 12.2.0": the last one is the compiler's own.
    cc: said('cc').match(VERSION)?.at(-1),
    free: blocks === undefined ? undefined : { bytes: Math.max(0, Number(blocks)) * 1024, files },
  };
}

/** Seconds since 1970, as exactly as its date(1) has them. */
export const CLOCK_PROGRAM = 'date +%s.%N';

/** One answer to {@link CLOCK_PROGRAM}, and the runner's own clock before and after, in ms. */
export interface ClockSample {
  readonly stdout: Bytes;
  readonly before: number;
  readonly after: number;
}

/**
 * How far a host's clock is from the runner's, by the sample that leaves the least doubt: the host has read its clock at some
 * moment between the runner's two readings.
 */
export function readClock(samples: readonly ClockSample[]): HostReport['clock'] {
  const found = samples.flatMap(({ stdout, before, after }) => {
    const [, seconds, fraction] = /^(\d{1,12})(?:\.(\d{9}))?/.exec(stdout) ?? [];
    if (seconds === undefined) return [];
    const there = Number(seconds) + (fraction === undefined ? 0 : Number(`0.${fraction}`));
    const least = there - after / 1000;
    // Without a fraction it may be a second later.
    const most = there + (fraction === undefined ? 1 : 0) - before / 1000;
    return [{ offset: (least + most) / 2, within: Math.abs(most - least) / 2 }];
  });
  return found.sort((a, b) => a.within - b.within)[0];
}
