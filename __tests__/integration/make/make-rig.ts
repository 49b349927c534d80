import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { MakeCall, ParseCall, ShellCall, ShimCalls } from '../../../src/engine/ports.ts';
import { Broker } from '../../../src/make/broker.ts';
import { ownEnvironment } from '../../../src/make/environment.ts';
import { SubMakeArguments } from '../../../src/engine/sub-make.ts';
import { MakeWrapper } from '../../../src/make/make-wrapper.ts';
import { startMake } from '../../../src/make/make-process.ts';
import type { ProgramProcess } from '../../../src/make/program-process.ts';
import { plainCall, type PlainCall } from '../../../src/make/plain-call.ts';
import { findMake, makeNames, type RealMake } from '../../../src/make/real-make.ts';
import { RunDirectory } from '../../../src/make/run-directory.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { encode, type Bytes } from '../../../src/util/bytes.ts';

export const ASSETS = fileURLToPath(new URL('../../../src/assets', import.meta.url));

export type Transport = 'compiled' | 'script';
export const TRANSPORTS: readonly Transport[] = ['compiled', 'script'];

export interface Seen extends PlainCall {
  readonly call: ShellCall;
}

/** A directory with makefiles, and a run that does every job on the spot, unless told otherwise. */
export class MakeRig {
  readonly directory: string;
  readonly seen: Seen[] = [];
  readonly parses: ParseCall[] = [];
  readonly makes: MakeCall[] = [];
  onShell: (seen: Seen) => void | Promise<void> = MakeRig.runLocally;
  onParse: (call: ParseCall) => void | Promise<void> = (call) => call.answer();

  readonly run: RunDirectory;
  readonly make: RealMake;
  broker!: Broker;

  private constructor(directory: string, run: RunDirectory, make: RealMake) {
    this.directory = directory;
    this.run = run;
    this.make = make;
  }

  static async create(
    transport: Transport,
    files: Record<string, string> = {},
    { make = 'make', prerequisites = false, interval = 10_000 } = {},
  ): Promise<MakeRig> {
    const directory = mkdtempSync(join(tmpdir(), 'make-rig-'));
    const path = process.env['PATH'] ?? '';
    const real = await findMake(make, path);
    const run = await RunDirectory.create({
      assets: ASSETS,
      makeNames: makeNames(real, path),
      shim: transport === 'script' ? 'script' : 'compiled-if-possible',
      prerequisites,
      interval,
    });
    const rig = new MakeRig(directory, run, real);
    const wrapper = new MakeWrapper({
      run,
      make: real,
      subMakeArguments: new SubMakeArguments([], []),
      first: undefined,
      onObstacle: () => undefined,
    });
    const calls: ShimCalls = {
      onShell: (call) => {
        const seen = { ...plainCall(call, run), call };
        rig.seen.push(seen);
        void rig.onShell(seen);
      },
      onMake: (call) => {
        rig.makes.push(call);
        void wrapper.answer(call);
      },
      onParse: (call) => {
        rig.parses.push(call);
        void rig.onParse(call);
      },
    };
    rig.broker = await Broker.listen(run, calls);
    rig.write(files);
    return rig;
  }

  static async runLocally(this: void, { call, argv, changes }: Seen): Promise<void> {
    call.exit(await call.runLocally(argv, changes));
  }

  write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }

  async start(
    words: readonly Bytes[],
    options: { directory?: Bytes; environment?: readonly Bytes[]; window?: number; take?: (data: Buffer) => void } = {},
  ): Promise<ProgramProcess> {
    return startMake({
      run: this.run,
      broker: this.broker,
      make: this.make,
      arguments: words,
      directory: options.directory ?? encode(this.directory),
      environment: options.environment ?? baseEnvironment(),
      window: options.window ?? 1,
      output: options.take ?? (() => undefined),
    });
  }

  async runMake(
    words: readonly Bytes[],
    options: { directory?: Bytes; environment?: readonly Bytes[]; window?: number } = {},
  ): Promise<{ outcome: Outcome; output: string }> {
    let output = '';
    const make = await this.start(words, { ...options, take: (data) => (output += data.toString('latin1')) });
    return { outcome: await make.ended, output };
  }

  /** The same by the real make alone. */
  plainMake(
    words: readonly string[],
    options: { directory?: string; environment?: readonly Bytes[]; window?: number } = {},
  ): { outcome: Outcome; output: string } {
    const environment = (options.environment ?? baseEnvironment()).map((entry) => /^([^=]*)=([^]*)$/.exec(entry) ?? []);
    const flags = [`-j${options.window ?? 1}`, '-O', '--no-print-directory'];
    const { status, stdout } = spawnSync('sh', ['-c', '"$@" 2>&1', 'sh', 'make', ...flags, ...words], {
      cwd: options.directory ?? this.directory,
      env: Object.fromEntries(environment.map(([, name, value]) => [name, value])),
      encoding: 'latin1',
      // A socket would make bash read its start-up files.
      stdio: ['inherit', 'pipe', 'inherit'],
    });
    return { outcome: { kind: 'exited', status: status ?? -1 }, output: stdout };
  }

  /** Output with the user's shells where make itself printed our paths. */
  restored(result: { outcome: Outcome; output: string }): { outcome: Outcome; output: string } {
    return { ...result, output: this.run.shells.restore(result.output) };
  }

  async close(): Promise<void> {
    await this.broker.close();
    await this.run.remove();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** This process's environment without what jest or a make around us put in. */
export function baseEnvironment(): readonly Bytes[] {
  return ownEnvironment().filter((entry) => !/^(MAKE|MFLAGS|NODE_|JEST|npm_)/.test(entry));
}
