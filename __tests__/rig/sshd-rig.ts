import type { HostSpec, NamespaceHost, SshHostsOptions } from './ssh-hosts.mjs';
import { INTERFACE_PREFIX, SshHosts, TEST_USER } from './ssh-hosts.mjs';

export { INTERFACE_PREFIX, TEST_USER };
export type { HostSpec, NamespaceHost };

/**
 * Real OpenSSH hosts for a test, each a machine of its own as far as ssh, processes, /tmp and homes go; compilers are
 * shared. `await using rig = await SshdRig.start({hosts: [{name: 'a', user: 'root'}]})`, or call {@link dispose}.
 */
export class SshdRig {
  readonly #hosts: SshHosts;

  private constructor(hosts: SshHosts) {
    this.#hosts = hosts;
  }

  /** Boots all hosts side by side. Throws (never skips) where root, namespaces or a program are missing. */
  static async start(options: SshHostsOptions): Promise<SshdRig> {
    return new SshdRig(await SshHosts.start(options));
  }

  /** One line a host: `user@address:port slots`. */
  get matrix(): string {
    return this.#hosts.matrix;
  }

  /** OpenSSH format, no passphrase; logs in on all hosts. */
  get privateKey(): string {
    return this.#hosts.privateKey;
  }

  /** The same key as a file for OpenSSH's own client (mode 0600). */
  get privateKeyFile(): string {
    return this.#hosts.privateKeyFile;
  }

  /** One line a host. */
  get knownHosts(): string {
    return this.#hosts.knownHosts;
  }

  get hosts(): readonly NamespaceHost[] {
    return this.#hosts.hosts;
  }

  host(name: string): NamespaceHost {
    return this.#hosts.host(name);
  }

  /** Runs a shell command on the host as root, past ssh; its stdout. Throws when it fails, unless `check` is false. */
  exec(name: string, command: string, options: { readonly check?: boolean } = {}): string {
    return this.host(name).exec(command, options);
  }

  /** Power off. */
  async kill(name: string): Promise<void> {
    await this.host(name).kill();
  }

  /** New connections are refused, those that stand go on. */
  stopListening(name: string): void {
    this.host(name).stopListening();
  }

  /** sshd's log. */
  log(name: string): string {
    return this.host(name).log();
  }

  /** Ends all hosts and removes everything. */
  async dispose(): Promise<void> {
    await this.#hosts.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}
