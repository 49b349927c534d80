import { formatBytes } from '../format-bytes.ts';
import type { ProgressFigures } from './progress.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * `[132/840] 12 hosts 64 jobs 31 s left`. `[132/840+]`: sub-makes will add to the total; `[132]`: it is not known;
 * `9 of 12 hosts`: the others are not there yet, or no longer. Holds nothing but figures: no name of anybody.
 */
export function progressLine({ done, total, grows, hosts, jobs, secondsLeft, begun }: ProgressFigures): string {
  const { ready, all, staging } = hosts;
  const which = ready === all ? counted(all, 'host') : `${ready} of ${counted(all, 'host')}`;
  if (!begun && all > 0) {
    const bytes = staging ? `, ${formatBytes(staging.done)} of ${formatBytes(staging.bytes)} sent` : '';
    return `staging: ${which} ready${bytes}`;
  }
  const of = total === undefined ? '' : `/${total}${grows ? '+' : ''}`;
  const left = secondsLeft === undefined ? '' : ` ${timeLeft(secondsLeft)}`;
  return `[${done}${of}]${all > 0 ? ` ${which}` : ''} ${counted(jobs, 'job')}${left}`;
}

/** `31 s left`, `4 min left`, `2 h 10 min left`: no more digits than an estimate is good for. */
function timeLeft(seconds: number): string {
  if (seconds < 99.5) return `${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 99.5 * MINUTE) return `${Math.round(seconds / MINUTE)} min left`;
  const tens = Math.round(seconds / (10 * MINUTE));
  const minutes = (tens % 6) * 10;
  return `${Math.floor((tens * 10 * MINUTE) / HOUR)} h${minutes > 0 ? ` ${minutes} min` : ''} left`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
