import { randomBytes } from 'node:crypto';
import { basename } from 'node:path/posix';
import type { HostChannels } from '../../ssh/channels.ts';
import { isStagingName } from '../staging-name.ts';
import { runScript } from './host-script.ts';
import type { Sweep, Swept } from './swept.ts';
import { messageOf } from '../../util/message-of.ts';

/** For a sweep beside a build. */
const LIMIT_S = 10;
const MOST = 20;
/** What it may take besides, to get there and for the last directory: it is not given up in the middle of that, in ms. */
const MARGIN_MS = 5000;

/** What it says when it is through. */
const END = 'end';
const WORDS = ['removed', 'used', 'young', 'parked', 'failed'] as const;

export interface SweepOptions {
  /** Seconds, by the host's clock: what is younger stays. */
  readonly staleAfter: number;
  /** What the names of this run's own staging directories begin with (stagingName), if it has any. */
  readonly keep?: string | undefined;
  /** Seconds, 10 unless given: after so many no further directory is begun. */
  readonly limit?: number;
  /** How many directories are removed at most, 20 unless given. */
  readonly most?: number;
  /** Says how large they are, which takes a walk through each. */
  readonly sizes?: boolean;
}

/**
 * Removes staging directories of runs that are gone from a host: those of this user in which no lane is alive, which do not
 * wait for the next run (`parked`) and are old enough. Never rejects.
 */
export async function sweepHost(channels: HostChannels, options: SweepOptions): Promise<Sweep> {
  const { staleAfter, keep, limit = LIMIT_S, most = MOST, sizes = false } = options;
  const nonce = randomBytes(8).toString('hex');
  const words = [nonce, String(staleAfter), keep === undefined ? '-' : basename(keep), String(limit), String(most)];
  try {
    const call = ['sweep', ...words, sizes ? '1' : '0'];
    const { status, stdout, stderr, late } = await runScript(channels, call, limit * 1000 + MARGIN_MS);
    const lines = stdout.split('\n').filter((line) => line.startsWith(`${nonce} `));
    const reports = lines.map((line) => line.slice(nonce.length + 1)).filter((line) => line !== END);
    const found = reports.flatMap((line) => readLine(line) ?? []);
    const ended = reports.length < lines.length;
    const trouble = late
      ? `it has not ended within ${limit + MARGIN_MS / 1000} s`
      : status !== 0 || !ended
        ? stderr || 'the command to look for them did not end well'
        : found.length < reports.length
          ? 'part of what it said about them cannot be read'
          : undefined;
    return { found, trouble };
  } catch (error) {
    return { found: [], trouble: messageOf(error) };
  }
}

/** `WORD NAME AGE KB WHY`; whoever answers there is not trusted with more than that. Undefined: it is something else. */
function readLine(line: string): Swept | undefined {
  const [, word, name, age, size, why] = /^(\S+) (\S+) (\d{1,12}|-) (\d{1,15}|-) (.*)$/s.exec(line) ?? [];
  const what = WORDS.find((one) => one === word);
  const path = `/tmp/${name}`;
  if (what === undefined || !isStagingName(path)) return undefined;
  return {
    path,
    what,
    age: age === '-' ? undefined : Number(age),
    bytes: size === '-' ? undefined : Number(size) * 1024,
    why: why === '' ? undefined : why,
  };
}
