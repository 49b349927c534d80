/** `0:09`, `1:04`, `1:02:03`. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number: number): string => String(number).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** `9 s`, from a minute on `1:04`. */
export function sinceText(seconds: number): string {
  return seconds < 60 ? `${Math.max(0, Math.floor(seconds))} s` : clockText(seconds);
}
