import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Lane, LaneRequest, LaneSetup, LaneSink } from '../../../src/engine/ports.ts';
import { LANE_COMMAND } from '../../../src/lane/bootstrap.ts';
import type { LaneStream } from '../../../src/lane/lane-stream.ts';
import { PerlLane } from '../../../src/lane/perl-lane.ts';
import { perlProgram } from '../../../src/lane/perl-program.ts';
import { ShLane } from '../../../src/lane/sh-lane.ts';
import type { Entry, Output } from '../../../src/model/entry.ts';
import type { LoadAverages } from '../../../src/model/load.ts';
import type { Sandbox } from '../../../src/model/sandbox.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { GatheringStream } from '../../../src/ssh/gathering-stream.ts';
import { assetPath } from '../../../src/util/asset.ts';
import { bytesOf, type Bytes } from '../../../src/util/bytes.ts';

const NOBODY = 65534;

export const NOW = BigInt(Date.now()) * 1_000_000n;

/** An output with its content read. */
export type Came =
  Exclude<Output, { kind: 'file' }> | (Omit<Extract<Output, { kind: 'file' }>, 'content'> & { text: Bytes });

export interface Ran {
  /** False: all places were taken. */
  readonly ran: boolean;
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly load: LoadAverages | undefined;
  readonly stdout: Bytes;
  readonly stderr: Bytes;
  readonly outputs: readonly Came[];
}

/** What a lane is opened on: a kind of lane, and the tools of a host. */
export interface Variant {
  readonly name: string;
  readonly kind: 'perl' | 'sh';
  readonly sandbox: Sandbox;
  /** Absolute path of the program that is `sh` there. */
  readonly shell: string;
  /** As nobody, where this process is root. */
  readonly unprivileged?: boolean;
  /** Fills a directory that is all of PATH there; else PATH is the one of this process. */
  readonly tools?: (directory: string) => void;
}

export function file(path: Bytes, text: Bytes, mode = 0o644, time = NOW): Entry {
  const content = Buffer.from(text, 'latin1');
  return { kind: 'file', path, mode, time, size: content.length, content };
}

/** How else a lane is opened. */
export interface Around {
  /** A command in front of the shell's, which it executes: `unshare -m`. */
  readonly prefix?: readonly string[];
  /** Runs before the lane, in its shell; given the rig's directory. */
  readonly before?: (directory: string) => string;
  /** Where files of the host's owner (`dmake.conf`, `distmake.conf`) and the places (`slots`) are; else in the rig's directory. */
  readonly owner?: string;
  /** Changes the text of the lane's program. */
  readonly edit?: (program: string) => string;
  /** Stands between the two ends. */
  readonly link?: (stream: Duplex) => Duplex;
}

/** A lane on a local shell, in a staging directory of its own. */
export class LaneRig {
  readonly directory: string;
  readonly process: ChildProcess;
  readonly lane: Lane;

  private constructor(directory: string, process: ChildProcess, lane: Lane) {
    this.directory = directory;
    this.process = process;
    this.lane = lane;
  }

  static async open(
    variant: Variant,
    given: Partial<LaneSetup> | ((directory: string) => Partial<LaneSetup>) = {},
    around: Around | string = {},
  ): Promise<LaneRig> {
    const directory = mkdtempSync(join(tmpdir(), 'lane-rig-'));
    const setup = typeof given === 'function' ? given(directory) : given;
    const {
      prefix = [],
      before = () => '',
      link,
      owner = directory,
      edit = (text: string) => text,
    } = typeof around === 'string' ? { before: () => around } : around;
    chmodSync(directory, 0o755);
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    symlinkSync(variant.shell, join(bin, 'sh'));
    variant.tools?.(bin);
    const drop = variant.unprivileged === true && process.getuid?.() === 0;
    if (drop) chownSync(directory, NOBODY, NOBODY);
    const PATH = variant.tools ? bin : `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
    const [program = '', ...words] = [...prefix, join(bin, 'sh'), '-c', before(directory) + LANE_COMMAND];
    const child = spawn(program, words, {
      env: {
        ...process.env,
        PATH,
        SSH_CONNECTION: '1 2 3 4',
        SSH_ODD: 'a\nSSH_X=b',
        HOSTS_OWN: 'yes',
        TMPDIR: '/nowhere',
        TEMP: '/nowhere',
      },
      cwd: '/',
      ...(drop ? { uid: NOBODY, gid: NOBODY } : {}),
    });
    // As over ssh: that the other end reads no more is no reason to lose what it has said.
    const pipes = new GatheringStream(child.stdout, child.stdin, () => {
      child.stdin.destroy();
      child.stdout.destroy();
    });
    const stream = (link ? link(pipes) : pipes) as unknown as { stderr: unknown };
    stream.stderr = child.stderr;
    const full: LaneSetup = {
      staging: join(directory, 'staging'),
      workspace: '/distmake-lane-test/work space',
      number: 1,
      create: true,
      sandbox: variant.sandbox,
      partial: false,
      token: undefined,
      setup: '',
      startup: '',
      ownersFile: 'optional',
      patience: 15,
      ...setup,
    };
    try {
      const open = variant.kind === 'perl' ? PerlLane : ShLane;
      const source = variant.kind === 'perl' ? perlProgram() : readFileSync(assetPath('lane.sh'), 'utf8');
      const moved = edit(source)
        .replaceAll('/etc/opt/SPROdmake/', `${owner}/`)
        .replaceAll('/etc/distmake', `${owner}/distmake`)
        .replaceAll('/tmp/.distmake-slots', `${owner}/slots`);
      return new LaneRig(directory, child, await open.open(stream as LaneStream, moved, full));
    } catch (error) {
      child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** The tree as this process sees it. */
  get tree(): string {
    if (this.lane.sandbox === 'shared') return this.lane.treePath;
    return join(this.directory, this.lane.sandbox === 'overlay' ? 'staging/tree' : 'staging/l1/tree');
  }

  /** Process ids, of a lane in perl. */
  get ids(): { readonly guardian: number; readonly lane: number } {
    const [guardian = 0, lane = 0] = readFileSync(join(this.directory, 'staging/l1/pid'), 'latin1')
      .split(' ')
      .map(Number);
    return { guardian, lane };
  }

  #recipes = 1000;

  /** @param watch told besides */
  async run(
    command: Bytes,
    more: Partial<LaneRequest> = {},
    signal = new AbortController().signal,
    watch: Pick<Partial<LaneSink>, 'onText' | 'onLife'> = {},
  ): Promise<Ran> {
    const texts: Record<1 | 2, Bytes> = { 1: '', 2: '' };
    const outputs: Came[] = [];
    let outcome: Outcome = { kind: 'host-lost', reason: 'no end came' };
    let seconds = -1;
    let load: LoadAverages | undefined;
    const ran = await this.lane.run(
      {
        entries: [],
        directory: '',
        path: '',
        argv: ['sh', '-c', command],
        environment: [],
        umask: 0o022,
        recipe: this.#recipes++,
        visible: undefined,
        merge: false,
        keep: undefined,
        ...more,
      },
      {
        onApplied: () => undefined,
        onText: (descriptor, data) => {
          texts[descriptor] += bytesOf(data);
          watch.onText?.(descriptor, data);
        },
        ...(watch.onLife ? { onLife: watch.onLife } : {}),
        onEnd: (result, time, averages) => {
          outcome = result;
          seconds = time;
          load = averages;
        },
        onOutput: async (output) => {
          if (output.kind !== 'file') {
            outputs.push(output);
            return;
          }
          const { content, ...rest } = output;
          const pieces: Buffer[] = [];
          if (Buffer.isBuffer(content)) pieces.push(content);
          else for await (const piece of content) pieces.push(piece);
          outputs.push({ ...rest, text: bytesOf(Buffer.concat(pieces)) });
        },
      },
      signal,
    );
    return { ran, outcome, seconds, load, stdout: texts[1], stderr: texts[2], outputs };
  }

  /** Closes the lane and waits until its process has gone. */
  async close(): Promise<void> {
    const gone = this.process.exitCode ?? this.process.signalCode;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.lane.close();
    if (gone === null) await ended;
  }

  async dispose(): Promise<void> {
    await this.close();
    // An overlay's work directory has no rights at all.
    execFileSync('chmod', ['-R', 'u+rwx', this.directory]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Process ids of those whose command line contains `word`. */
export function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(word);
    } catch {
      return false;
    }
  });
}

/** Until `check` holds; fails after a few seconds. */
export async function eventually(check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not come about');
}

/** Links to programs of this machine. */
export function linkTools(directory: string, names: readonly string[]): void {
  const path = (process.env['PATH'] ?? '').split(delimiter);
  for (const name of names) {
    const found = path.find((part) => {
      try {
        return readdirSync(part).includes(name);
      } catch {
        return false;
      }
    });
    if (found === undefined) throw new Error(`${name} is not installed`);
    symlinkSync(join(found, name), join(directory, name));
  }
}
