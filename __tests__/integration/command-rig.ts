import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunnerLog } from '../rig/runner-log.ts';
import type { SshdRig } from '../rig/sshd-rig.ts';

const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
const COMMAND = join(ROOT, 'dist/cli/index.js');
/** Below jest's own limit, so that what it printed can be shown. */
const LIMIT_MS = 50_000;

/** How a command ended; what it printed as bytes in latin1. */
export interface CommandResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface CommandOptions {
  /** Below the workspace; default: the workspace. */
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A command that runs, in a process group of its own. */
export class RunningCommand {
  readonly result: Promise<CommandResult>;
  readonly #child: ChildProcess;
  readonly #files: readonly string[];

  constructor(child: ChildProcess, files: readonly string[]) {
    this.#child = child;
    this.#files = files;
    const begin = performance.now();
    this.result = new Promise((done, fail) => {
      const limit = setTimeout(() => {
        this.killAll();
        fail(new Error(`not ended after ${LIMIT_MS / 1000} s:\n${this.stdout}${this.stderr}`));
      }, LIMIT_MS);
      child.once('error', fail);
      child.once('exit', (status, signal) => {
        clearTimeout(limit);
        const seconds = (performance.now() - begin) / 1000;
        done({ status, signal, stdout: this.stdout, stderr: this.stderr, seconds });
      });
    });
    this.result.catch(() => undefined);
  }

  get stdout(): string {
    return readFileSync(this.#files[0] ?? '', 'latin1');
  }

  get stderr(): string {
    return readFileSync(this.#files[1] ?? '', 'latin1');
  }

  /** To the command's own process alone. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** As a terminal does it: to all that the command has started and that is still in its group. */
  signalGroup(name: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, name);
  }

  killAll(): void {
    try {
      this.signalGroup('SIGKILL');
    } catch {
      // It is gone.
    }
  }
}

/** A workspace and a home with ssh's files, in which the bundled command runs, and plain make beside it. */
export class CommandRig {
  readonly folder: string;
  readonly workspace: string;
  readonly home: string;
  /** TMPDIR. */
  readonly tmp: string;
  /** The matrix of the hosts. */
  readonly hostsFile: string;
  /** Every process below a command has it in its environment. */
  readonly trackingId = `command_${randomUUID()}`;
  path = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  readonly #running: RunningCommand[] = [];
  #count = 0;

  /** @param parent where its folder is made; default /var/tmp, which no test host shares */
  constructor(sshd: SshdRig | undefined, parent = '/var/tmp') {
    this.folder = realpathSync(mkdtempSync(join(parent, 'distmake-command-')));
    chmodSync(this.folder, 0o755);
    this.workspace = join(this.folder, 'workspace');
    this.home = join(this.folder, 'home');
    this.tmp = join(this.folder, 'tmp');
    this.hostsFile = join(this.folder, 'hosts');
    for (const directory of [this.workspace, join(this.home, '.ssh'), this.tmp])
      mkdirSync(directory, { recursive: true });
    if (sshd === undefined) return;
    writeFileSync(join(this.home, '.ssh/id_ed25519'), sshd.privateKey, { mode: 0o600 });
    writeFileSync(join(this.home, '.ssh/known_hosts'), sshd.knownHosts);
    writeFileSync(this.hostsFile, sshd.matrix);
  }

  static async use<T>(sshd: SshdRig | undefined, files: Files, body: (rig: CommandRig) => Promise<T>): Promise<T> {
    const rig = new CommandRig(sshd);
    try {
      rig.write(files);
      return await body(rig);
    } finally {
      rig.dispose();
    }
  }

  /** Files by path; a path that ends in `/` is a directory, one in `.sh` becomes executable. */
  write(files: Files): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.workspace, name);
      mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
      if (!name.endsWith('/')) writeFileSync(path, text, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
    }
  }

  read(name: string): string {
    return readFileSync(join(this.workspace, name), 'latin1');
  }

  /** What the workspace holds, sorted. */
  list(): string[] {
    return Object.keys(snapshot(this.workspace)).sort();
  }

  exists(name: string): boolean {
    return existsSync(join(this.workspace, name));
  }

  /** Puts the workspace back to what `tree` holds, with its times. */
  restore(tree: string): void {
    execFileSync('rm', ['-rf', this.workspace]);
    execFileSync('cp', ['-a', tree, this.workspace]);
  }

  /** Keeps a copy of the workspace as it is. */
  save(name: string): string {
    const copy = join(this.folder, name);
    execFileSync('cp', ['-a', this.workspace, copy]);
    return copy;
  }

  /** Runs the command to its end. */
  run(words: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.start(words, options).result;
  }

  start(words: readonly string[], options: CommandOptions = {}): RunningCommand {
    if (!existsSync(COMMAND)) throw new Error(`${COMMAND} is not there: npm run build makes it`);
    return this.#start(process.execPath, [COMMAND, ...words], options);
  }

  /** The command with the hosts of the rig, whose log tells what ran where. */
  async runFolded(words: readonly string[], options: CommandOptions = {}): Promise<CommandResult & { log: RunnerLog }> {
    const result = await this.run(['-c', this.hostsFile, '--log', 'fold', ...words], options);
    return { ...result, log: new RunnerLog(result.stdout) };
  }

  /** What plain make does. */
  make(words: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.#start('make', words, options).result;
  }

  /** A folder with everything that PATH has but compilers. */
  withoutCompilers(): string {
    const folder = join(this.folder, 'bin');
    mkdirSync(folder);
    for (const directory of this.path.split(':').filter((one) => existsSync(one))) {
      for (const name of readdirSync(directory)) {
        if (/^(.*-)?(cc|gcc|c89|c99|clang|tcc|g\+\+|c\+\+|cpp)(-.*)?$/.test(name) || existsSync(join(folder, name)))
          continue;
        try {
          symlinkSync(join(directory, name), join(folder, name));
        } catch {
          // A link that leads nowhere has been made already.
        }
      }
    }
    return folder;
  }

  /** Processes on this machine that a command of the rig has started and that still run. */
  processes(): string[] {
    const found: string[] = [];
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(this.trackingId)) continue;
        found.push(`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()}`);
      } catch {
        // It has ended meanwhile.
      }
    }
    return found;
  }

  dispose(): void {
    for (const running of this.#running) running.killAll();
    execFileSync('rm', ['-rf', this.folder]);
  }

  #start(
    file: string,
    words: readonly string[],
    { directory = '.', environment = {} }: CommandOptions,
  ): RunningCommand {
    // Files, not node's own pipes: those are sockets, which a recipe cannot open by name.
    const files = ['out', 'err'].map((name) => join(this.folder, `${name}${this.#count}`));
    this.#count++;
    const descriptors = files.map((path) => openSync(path, 'a'));
    const child = spawn(file, words, {
      cwd: join(this.workspace, directory),
      env: {
        PATH: this.path,
        LC_ALL: 'C',
        HOME: this.home,
        TMPDIR: this.tmp,
        DISTMAKE_TEST_RUN: this.trackingId,
        ...environment,
      },
      stdio: ['ignore', ...descriptors],
      detached: true,
    });
    for (const descriptor of descriptors) closeSync(descriptor);
    const running = new RunningCommand(child, files);
    this.#running.push(running);
    return running;
  }
}

export type Files = Readonly<Record<string, string | Buffer>>;

/** Every path below a directory with type, mode and content. Names are bytes in latin1. */
export function snapshot(directory: string, leaveOut: RegExp = /^$/): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (at: Buffer, prefix: string): void => {
    for (const name of readdirSync(at, { encoding: 'buffer' })) {
      const full = Buffer.concat([at, Buffer.from('/'), name]);
      const path = prefix + name.toString('latin1');
      if (leaveOut.test(path)) continue;
      const stats = lstatSync(full);
      const mode = (stats.mode & 0o7777).toString(8);
      if (stats.isSymbolicLink()) found[path] = `-> ${readlinkSync(full, 'latin1')}`;
      else if (stats.isDirectory()) {
        found[path] = `${mode} directory`;
        walk(full, `${path}/`);
      } else found[path] = `${mode} ${createHash('sha1').update(readFileSync(full)).digest('hex')}`;
    }
  };
  walk(Buffer.from(directory), '');
  return found;
}
