import { unexpanded } from './dpb-expansion.ts';
import { meant, type Problems } from './problems.ts';
import { shown } from './shown.ts';
import { parseSeconds } from './values.ts';
import type { Warnings } from './warnings.ts';

/** What a DPB file says of all its hosts. The last of two equal parameters counts, as in DPB. */
export interface Parameters {
  /** STARTUP, not yet expanded (E15). */
  startup?: string;
  /** CONNECTION_TIMEOUT in seconds, for hosts that do not say `timeout`. */
  connectionTimeout?: number | undefined;
  /** STUCK_TIMEOUT in seconds, for hosts that do not say `stuck`; 0: never. */
  stuckTimeout?: number | undefined;
}

/** Known to dpb(1) and DPB/Config.pm, and of no effect here. */
const WITHOUT_EFFECT = [
  ...['ALWAYS_CLEAN', 'BUILD_USER', 'COLOR', 'CONTROL', 'DIRMODE', 'DISPLAY_TIMEOUT', 'DONT_BUILD_ONCE'],
  ...['DONT_CLEAN_LOCKS', 'DROPPRIV', 'FETCH_CMD', 'FETCH_JOBS', 'FETCH_TIMEOUT', 'FETCH_USER', 'HISTORY_ONLY'],
  ...['LISTING_EXTRA', 'LOCKDIR', 'LOGDIR', 'LOG_USER', 'MIRROR', 'NEVER_CLEAN', 'NO_BUILD_STATS', 'NO_CURSOR'],
  ...['PORT_USER', 'RECORD', 'ROACH', 'SMALL_TIME', 'STATS_BACKLOG', 'STATS_USED', 'SYSLOG', 'TESTS', 'WANTSIZE'],
];
const NAMES = ['STARTUP', 'CONNECTION_TIMEOUT', 'STUCK_TIMEOUT', ...WITHOUT_EFFECT];

/**
 * Reads a line if it is a parameter.
 *
 * @param clean without comment and blanks at its end
 * @param parameters takes its value
 * @returns whether it is one
 */
export function readParameter(
  clean: string,
  line: number,
  parameters: Parameters,
  problems: Problems,
  warnings: Warnings,
): boolean {
  const match = /^([ \t]*)([A-Z_]+)=([ \t]*)(.*)$/.exec(clean);
  if (match === null) return false;
  const [, indent = '', name = '', gap = '', value = ''] = match;
  const place = { line, column: indent.length + 1 };
  const valuePlace = { line, column: place.column + name.length + 1 + gap.length };
  const seconds = (least: number): number | undefined => {
    const reading = parseSeconds(value, least);
    if ('value' in reading) return reading.value;
    problems.add(valuePlace, `${name} ${reading.problem}`);
    return undefined;
  };
  if (name === 'STARTUP') {
    parameters.startup = value;
    for (const one of unexpanded(value)) warnings.add(valuePlace, () => `STARTUP: ${one} means nothing here and stays`);
  } else if (name === 'CONNECTION_TIMEOUT') parameters.connectionTimeout = seconds(1);
  else if (name === 'STUCK_TIMEOUT') parameters.stuckTimeout = seconds(0);
  else if (!WITHOUT_EFFECT.includes(name)) {
    warnings.add(place, () => `there is no parameter ${shown(name)}, it is passed over${meant(name, NAMES)}`);
  }
  return true;
}
