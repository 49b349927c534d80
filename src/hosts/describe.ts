import { stringify } from 'yaml';
import { HOST_DEFAULTS, type Host } from '../model/host.ts';
import type { HostGroup } from '../model/matrix.ts';
import { formatAddress } from './address.ts';

/** Stands for what is not shown. */
const HIDDEN = '(hidden)';

/**
 * Hosts as YAML in our own form (yaml-schema.ts), so that it can be read again; what is as everywhere is left out. The
 * values of variables are hidden, and so is set-up, which may assign some.
 *
 * @param groups those of their groups that are to be shown too; a group shows the hosts that are among `hosts`
 * @param makeArguments Matrix.makeArguments
 */
export function describeMatrix(hosts: readonly Host[], groups: readonly HostGroup[] = [], makeArguments = ''): string {
  const among = new Set(hosts.map((host) => host.name));
  const shown = groups
    .map(
      ({ name, hosts: members }) =>
        [name, members.map((host) => host.name).filter((member) => among.has(member))] as const,
    )
    .filter(([, members]) => members.length > 0);
  return stringify(
    {
      hosts: hosts.map(describe),
      ...(shown.length === 0 ? {} : { groups: new Map(shown) }),
      ...(makeArguments === '' ? {} : { 'make-arguments': makeArguments }),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

function describe(host: Host): Record<string, unknown> {
  const address = host.local ? 'localhost' : formatAddress(host);
  const options: readonly (readonly [name: string, value: unknown, usual: unknown])[] = [
    ['name', host.name, address],
    ['slots', host.slots, undefined],
    ['path', host.path, HOST_DEFAULTS.path],
    ['jump', host.jump?.map(formatAddress), undefined],
    ['identity', host.identity, undefined],
    ['environment', hidden(host.environment), undefined],
    ['speed', host.speed, HOST_DEFAULTS.speed],
    ['labels', host.labels.length === 0 ? undefined : host.labels, undefined],
    ['transport', host.transport, undefined],
    ['setup', host.setup === '' ? '' : HIDDEN, HOST_DEFAULTS.setup],
    ['startup', host.startup, HOST_DEFAULTS.startup],
    ['chroot', host.chroot, undefined],
    ['timeout', host.timeout, undefined],
    ['arch', host.arch, undefined],
    ['stuck', host.stuck, undefined],
    ['memory', host.memory, undefined],
    ['parallel', host.parallel, undefined],
    ['needs-owners-file', host.needsOwnersFile, HOST_DEFAULTS.needsOwnersFile],
  ];
  const said = options.filter(([, value, usual]) => value !== usual);
  return Object.fromEntries([['address', address], ...said.map(([name, value]) => [name, value] as const)]);
}

function hidden(environment: Host['environment']): Record<string, string> | undefined {
  const names = Object.keys(environment);
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, HIDDEN]));
}
