import type { Host } from '../../model/host.ts';
import type { HostReport } from '../../model/host-report.ts';

/** What is known of a host by now. */
export type Findings = { -readonly [Name in keyof HostReport]: HostReport[Name] };

export function nothingOf(host: Host): Findings {
  return {
    host,
    problem: undefined,
    remarks: [],
    login: undefined,
    by: undefined,
    sandbox: undefined,
    withoutPerl: false,
    slots: undefined,
    processors: undefined,
    cap: undefined,
    load: undefined,
    tools: undefined,
    make: undefined,
    cc: undefined,
    roundTrip: undefined,
    clock: undefined,
    free: undefined,
  };
}
