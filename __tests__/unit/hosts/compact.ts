import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';
import type { Matrix } from '../../../src/model/matrix.ts';
import { UserError } from '../../../src/util/user-error.ts';

/** A host without what is as everywhere: what a test has to say of it. */
export function compactHost(host: Host): Record<string, unknown> {
  const usual: Record<string, unknown> = {
    ...HOST_DEFAULTS,
    user: undefined,
    port: undefined,
    slots: undefined,
    local: false,
  };
  const said = Object.entries(host).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key]));
  return Object.fromEntries(said);
}

/** A matrix as plain data: groups name their hosts with their lines. */
export function compactMatrix(matrix: Matrix): Record<string, unknown> {
  const names = (hosts: readonly Host[]): string[] => hosts.map(({ name, line }) => `${name} (${line})`);
  return {
    ...matrix,
    hosts: matrix.hosts.map(compactHost),
    groups: matrix.groups.map(({ name, hosts }) => [name, ...names(hosts)]),
    ungrouped: names(matrix.ungrouped),
  };
}

/** The message of the UserError that a call throws; anything else is thrown on. */
export function failure(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return 'no error';
}
