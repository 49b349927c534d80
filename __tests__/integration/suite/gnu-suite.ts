import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What came of one case of the suite. */
export interface CaseResult {
  /** `features/jobserver:34`: the script and the line in it. */
  readonly name: string;
  readonly passed: boolean;
  /** These for a failure only. */
  readonly command?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly status?: string;
}

export interface SuiteOptions {
  /** The source tree of GNU make whose suite it is. */
  readonly source: string;
  /** The plain make, by absolute path. */
  readonly make: string;
}

/** Where a case runs. */
export interface SuitePlace {
  /** All its files lie below. */
  readonly tests: string;
  /** First on PATH: `make` is the plain make at first, then its stand-in. */
  readonly bin: string;
  /** Holds a `make` that stays the plain one. */
  readonly real: string;
  readonly tmp: string;
}

/** What stands in for make in a run of the suite. */
export interface StandIn {
  /** The shell command that it is; arguments are added. */
  readonly command: (place: SuitePlace) => string;
  /** HOME */
  readonly home: string;
}

const DRIVER = fileURLToPath(new URL('driver.pl', import.meta.url));
/** One call of make that takes longer has failed, in seconds. */
const TIMEOUT_S = 40;

/** As configure writes it on Linux. */
const CONFIG_FLAGS = `%CONFIG_FLAGS = (
  AM_LDFLAGS => '-Wl,--export-dynamic', AR => 'ar', CC => 'gcc', CFLAGS => '-g -O2', CPP => 'gcc -E', CPPFLAGS => '',
  GUILE_CFLAGS => '', GUILE_LIBS => '', LDFLAGS => '', LIBS => '', USE_SYSTEM_GLOB => 'yes'
);
1;
`;

/** GNU make's own test suite, to be run with plain make and with a stand-in for it. */
export class GnuSuite {
  readonly #options: SuiteOptions;

  constructor(options: SuiteOptions) {
    this.#options = options;
  }

  /** All scripts, such as `features/jobserver`, sorted. */
  get scripts(): readonly string[] {
    const root = join(this.#options.source, 'tests/scripts');
    return readdirSync(root, { withFileTypes: true })
      .filter((folder) => folder.isDirectory())
      .flatMap((folder) => readdirSync(join(root, folder.name)).map((file) => `${folder.name}/${file}`))
      .filter((file) => !/\/\.|~$/.test(file))
      .sort();
  }

  /**
   * Runs scripts, each in a directory of its own.
   *
   * @param standIn undefined: plain make
   * @param atOnce how many at one time
   * @returns the results by the names of the cases
   */
  async run(
    scripts: readonly string[],
    standIn: StandIn | undefined,
    atOnce = 2,
  ): Promise<ReadonlyMap<string, CaseResult>> {
    const results = new Map<string, CaseResult>();
    // The long ones first: none of them is to be what is left at the end.
    const length = (script: string): number => statSync(join(this.#options.source, 'tests/scripts', script)).size;
    const waiting = [...scripts].sort((a, b) => length(b) - length(a));
    const work = async (): Promise<void> => {
      for (let script = waiting.shift(); script !== undefined; script = waiting.shift())
        for (const result of await this.#runScript(script, standIn)) results.set(result.name, result);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return results;
  }

  async #runScript(script: string, standIn: StandIn | undefined): Promise<readonly CaseResult[]> {
    // No test host shares it.
    const folder = mkdtempSync('/var/tmp/distmake-suite-');
    try {
      const place = this.#prepare(folder);
      const make = join(folder, 'stand-in');
      const text = `#!/bin/sh\nexec ${standIn?.command(place) ?? ''} "$@"\n`;
      if (standIn !== undefined) writeFileSync(make, text, { mode: 0o755 });
      const results = join(folder, 'results');
      writeFileSync(results, '');
      const said = await ended(['perl', DRIVER, script], place.tests, {
        PATH: `${place.bin}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
        HOME: standIn?.home ?? folder,
        TMPDIR: place.tmp,
        SUITE_RESULTS: results,
        SUITE_LINK: join(place.bin, 'make'),
        SUITE_MAKE: standIn === undefined ? '' : make,
        SUITE_TIMEOUT: String(TIMEOUT_S),
      });
      const lines = readFileSync(results, 'latin1').split('\n');
      const found = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as CaseResult);
      const whole = found.some(({ name }) => name === `${script}:script`);
      return whole ? found : [...found, { name: `${script}:script`, passed: false, got: said }];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** The parts of the source tree that the suite needs, where it finds them. */
  #prepare(folder: string): SuitePlace {
    const { source, make } = this.#options;
    const tree = join(folder, 'make');
    const tests = join(tree, 'tests');
    const [bin, real, tmp] = ['bin', 'real', 'tmp'].map((name) => join(folder, name)) as [string, string, string];
    for (const directory of [bin, real, tmp, tests, join(tree, 'src')]) mkdirSync(directory, { recursive: true });
    cpSync(join(source, 'src/gnumake.h'), join(tree, 'src/gnumake.h'));
    for (const file of ['run_make_tests.pl', 'test_driver.pl', 'thelp.pl'])
      cpSync(join(source, 'tests', file), join(tests, file));
    writeFileSync(join(tests, 'config-flags.pm'), CONFIG_FLAGS);
    // Elsewhere: they would be staged for each make.
    symlinkSync(join(source, 'tests/scripts'), join(tests, 'scripts'));
    for (const directory of [bin, real]) symlinkSync(make, join(directory, 'make'));
    return { tests, bin, real, tmp };
  }
}

/** Runs a program in a session of its own, to its end, and gives what it said. */
function ended(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (said += data.toString('latin1')));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      // What a case has left running holds the pipes.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve(said);
    });
  });
}
