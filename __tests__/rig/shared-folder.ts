import { randomUUID } from 'node:crypto';
import { runAsRoot } from './as-root.mjs';

/**
 * A folder that this machine and all test hosts see at the same path, as on a shared file system: what hosts have of their
 * own is /tmp, /var/tmp, /home and the like. Everybody may make things in it.
 */
export class SharedFolder {
  readonly path = `/srv/distmake-test-${randomUUID()}`;

  constructor() {
    runAsRoot(['mkdir', '-p', '-m', '777', this.path]);
  }

  dispose(): void {
    runAsRoot(['rm', '-rf', this.path]);
  }
}
