import { basename } from 'node:path';
import type { Host } from '../../model/host.ts';
import type { HostReport } from '../../model/host-report.ts';
import { describe, settingsOf } from '../../ssh/host-settings.ts';
import type { Login } from '../../ssh/login.ts';

/**
 * Where and with what one logs in to a host; as much of it as can be said. What is wrong with it shows when it is reached.
 */
export async function describeLogin(host: Host, login: Login): Promise<Pick<HostReport, 'login' | 'by'>> {
  // What the ssh configuration says is that program's own business.
  if (host.transport !== undefined) return { login: describe(host), by: basename(host.transport[0] ?? '') };
  let place: string | undefined;
  try {
    const settings = settingsOf(host, login.config, login.home);
    const { username: user, endpoint } = settings;
    place = describe({ ...endpoint, user });
    const { tried } = await login.keyRing.planFor(settings);
    return { login: place, by: tried.length === 0 ? 'no key' : tried.map((one) => shortened(one, login)).join(', ') };
  } catch {
    return { login: place, by: undefined };
  }
}

/** Without its fingerprint, which stands where a login is refused. */
function shortened(key: string, { home }: Login): string {
  const name = key.replace(/ \(SHA256:[^)]*\)$/, '');
  return name.startsWith(`${home}/`) ? `~${name.slice(home.length)}` : name;
}
