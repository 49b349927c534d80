import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { loadLogin, type LoginInputs } from '../../src/build/login.ts';
import { SshLanes } from '../../src/build/ssh-lanes.ts';
import { stagingDirectory, stagingName } from '../../src/build/staging-name.ts';
import type { Lane, LaneRequest, LaneSetup, LaneSink } from '../../src/engine/ports.ts';
import { HOST_DEFAULTS, type Host } from '../../src/model/host.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import { Connection } from '../../src/ssh/connection.ts';
import type { Login } from '../../src/ssh/login.ts';
import type { NamespaceHost, SshdRig } from '../rig/sshd-rig.ts';

/** A host of the matrix with what is said of it. */
export function matrixHost(more: Partial<Host> & { readonly address: string }): Host {
  const usual = { name: more.address, user: undefined, port: undefined, slots: 4, line: 1, local: false };
  return { ...HOST_DEFAULTS, ...usual, ...more };
}

/** A host of the rig as a matrix names it. */
export function hostOf({ login, address, port }: NamespaceHost): Host {
  return matrixHost({ address, port, user: login });
}

/** What a command there prints, to its end. */
export async function read(channel: Readable): Promise<string> {
  let text = '';
  channel.on('data', (data: Buffer) => (text += data.toString()));
  await new Promise((done) => channel.once('close', done));
  return text;
}

/** Why a connection does not come up. */
export async function reason(host: Host, login: Login): Promise<string> {
  try {
    (await Connection.open(host, login)).close();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it came up');
}

/** Runs one shell command on a lane. */
export async function runOn(
  target: Lane,
  command: string,
  environment: readonly string[] = [],
): Promise<{ outcome: Outcome; text: string }> {
  const request: LaneRequest = {
    entries: [],
    directory: '',
    path: '',
    argv: ['/bin/sh', '-c', command],
    environment,
    umask: 0o022,
    recipe: 1,
    visible: undefined,
    merge: true,
    keep: undefined,
  };
  let outcome: Outcome = { kind: 'cancelled' };
  let text = '';
  const sink: LaneSink = {
    onApplied: () => undefined,
    onText: (_, data) => void (text += data.toString('latin1')),
    onEnd: (end) => void (outcome = end),
    onOutput: () => undefined,
  };
  await target.run(request, sink, new AbortController().signal);
  return { outcome, text };
}

/** What a lane of a test is set up with. */
export function laneSetup(): LaneSetup {
  return {
    staging: stagingDirectory(stagingName(new Date()), matrixHost({ address: 'h' })),
    workspace: '/var/tmp/distmake-workspace',
    number: 1,
    create: true,
    sandbox: 'overlay',
    partial: false,
    token: undefined,
    setup: '',
    startup: '',
    ownersFile: 'optional',
    patience: 15,
  };
}

/** A home directory of a user who logs in to the hosts of a rig, and what was opened in it. */
export class SshUser {
  readonly home: string;
  readonly #sshd: SshdRig;
  readonly #closers: (() => void)[] = [];

  constructor(sshd: SshdRig) {
    this.#sshd = sshd;
    this.home = mkdtempSync(join(tmpdir(), 'distmake-ssh-user-'));
    mkdirSync(join(this.home, '.ssh'), { mode: 0o700 });
    writeFileSync(join(this.home, '.ssh/farm'), sshd.privateKey, { mode: 0o600 });
  }

  /** Writes ~/.ssh/config. */
  configure(text: string): void {
    writeFileSync(join(this.home, '.ssh/config'), text, { mode: 0o600 });
  }

  path(name: string): string {
    return join(this.home, name);
  }

  /** Without an input for it: the rig's key by its file, the rig's known hosts as the input. */
  login(inputs: Partial<LoginInputs> = {}): Promise<Login> {
    const usual = { sshPrivateKey: undefined, sshPassphrase: undefined, knownHosts: this.#sshd.knownHosts };
    const place = { home: this.home, systemFolder: this.home, agentSocket: undefined, timeout: 5000 };
    return loadLogin({ ...usual, ...place, ...inputs });
  }

  /** Lets it go after the test, the last first. */
  after(close: () => void): void {
    this.#closers.push(close);
  }

  async lanes(host: Host, login?: Login): Promise<SshLanes> {
    const lanes = new SshLanes(host, login ?? (await this.login()), () => undefined);
    this.after(() => lanes.close());
    return lanes;
  }

  /** A key that no host knows; `words` for ssh-keygen. */
  makeKey(name: string, words: readonly string[] = []): { file: string; text: string; fingerprint: string } {
    const file = this.path(name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file, ...words]);
    const fingerprint = execFileSync('ssh-keygen', ['-lf', `${file}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? '';
    return { file, text: readFileSync(file, 'utf8'), fingerprint };
  }

  close(): void {
    for (const close of this.#closers.splice(0).reverse()) close();
  }

  dispose(): void {
    this.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}
