import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

import type { Host } from '../model/host.ts';

const PATTERN = /^\/tmp\/make-[A-Za-z0-9.-]{1,64}-\d{14}-[0-9a-f]{12}-[0-9a-f]{12}$/;

/**
 * What the staging directories of this run begin with: `/tmp/make-SOURCEHOST-TIME-RANDOM` (B10). Nobody else has it, and
 * they are made exclusively.
 */
export function stagingName(now: Date): string {
  const source =
    hostname()
      .replace(/[^A-Za-z0-9.-]/g, '-')
      .slice(0, 64) || 'unnamed';
  const time = now.toISOString().replace(/\D/g, '').slice(0, 14);
  return `/tmp/make-${source}-${time}-${randomBytes(6).toString('hex')}`;
}

/**
 * The staging directory on one host: two names in a matrix, which may stand in one line of it, may be one machine.
 *
 * @param generation from 1: a host that was lost gets another when it is taken back, since the first may still be written to
 */
export function stagingDirectory(name: string, host: Host, generation = 1): string {
  const of = generation === 1 ? host.name : `${host.name}\n${generation}`;
  return `${name}-${createHash('sha256').update(of).digest('hex').slice(0, 12)}`;
}

/** Whether a name is one that {@link stagingDirectory} gives: nothing else is ever removed from a host. */
export function isStagingName(name: string): boolean {
  return PATTERN.test(name);
}
