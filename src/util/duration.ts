const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * A length of time as people write it: a whole number of seconds, or with a unit: `90s`, `10m`, `24h`, `7d`.
 *
 * @returns seconds; undefined when it is none
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * UNITS[(match[2] || 's') as keyof typeof UNITS];
}

/** The same the other way: in the largest unit of which it is a whole number, `24h`; seconds. */
export function durationText(seconds: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, one]) => seconds > 0 && seconds % one === 0) ?? ['s', 1];
  return `${seconds / size} ${unit}`;
}
