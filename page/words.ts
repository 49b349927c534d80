/** Durations for people: `840 ms`, `12.4 s`, `3 min 05 s`, `1 h 02 min`. */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** A moment of the run, as exact as marks so far apart need it: `12.4 s`, `3:05`. */
export function moment(seconds: number, step: number): string {
  const digits = step >= 1 ? 0 : Math.min(3, Math.ceil(-Math.log10(step) - 1e-9));
  if (seconds < 60) return `${seconds.toFixed(digits)} s`;
  const minutes = Math.floor(seconds / 60 + 1e-9);
  const rest = Math.max(0, seconds - minutes * 60).toFixed(digits);
  return `${minutes}:${digits > 0 ? rest.padStart(3 + digits, '0') : rest.padStart(2, '0')}`;
}

export function percent(share: number): string {
  if (share > 0 && share < 0.005) return '<1 %';
  return `${Math.round(share * 100)} %`;
}

/** `1 job`, `20 000 jobs`. */
export function number(count: number, one = '', many = `${one}s`): string {
  const digits = String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return one === '' ? digits : `${digits} ${count === 1 ? one : many}`;
}
