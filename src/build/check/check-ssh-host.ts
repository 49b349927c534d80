import { randomBytes } from 'node:crypto';
import { Baggage } from '../../engine/environment.ts';
import { HostPlace } from '../../engine/host-place.ts';
import type { Lane } from '../../engine/ports.ts';
import { RemoteHost } from '../../engine/remote-host.ts';
import { SubMakeArguments } from '../../engine/sub-make.ts';
import { TOOLS_TIMEOUT_MS } from '../../engine/toolchain-check.ts';
import { ShLane } from '../../lane/sh-lane.ts';
import type { Host } from '../../model/host.ts';
import type { HostReport } from '../../model/host-report.ts';
import type { Login } from '../../ssh/login.ts';
import { encode } from '../../util/bytes.ts';
import { hostSetup } from '../host-setup.ts';
import { SshLanes } from '../ssh-lanes.ts';
import { stagingDirectory } from '../staging-name.ts';
import type { CheckWorld } from './check-world.ts';
import { nothingOf, type Findings } from './findings.ts';
import { CLOCK_PROGRAM, factsProgram, readClock, readFacts, type ClockSample } from './host-questions.ts';
import { inTime } from './in-time.ts';
import { describeLogin } from './login-text.ts';
import { spaceRemarks } from './space-remarks.ts';
import { messageOf } from '../../util/message-of.ts';

/** How often each is tried: one may be held up. */
const ROUND_TRIPS = 5;
const CLOCK_SAMPLES = 3;

/**
 * Brings one ssh host up as a build does, but for the workspace, asks it a few things, and leaves nothing there. Never
 * rejects: what goes wrong is the report's problem, in the words that a build has for it.
 */
export async function checkSshHost(host: Host, login: Login, world: CheckWorld): Promise<HostReport> {
  const { tools, onHostUsed } = world;
  const lanes = new SshLanes(host, login, (directories) => onHostUsed(host, directories));
  const check = new SshHostCheck(host, lanes, world);
  const { findings } = check;
  try {
    Object.assign(findings, await describeLogin(host, login));
    await check.perform(login.timeout);
  } catch (error) {
    findings.problem = messageOf(error);
  }
  if (findings.problem !== undefined) tools.gone(host);
  check.close();
  for (const { directory, reason } of await lanes.clean()) {
    findings.remarks = [...findings.remarks, `${directory} could not be removed: ${reason}. Remove it there by hand`];
  }
  lanes.close();
  return findings;
}

class SshHostCheck {
  readonly findings: Findings;
  readonly #host: Host;
  readonly #world: CheckWorld;
  readonly #remote: RemoteHost;
  readonly #nonce = randomBytes(16).toString('hex');
  #lane: Lane | undefined;

  constructor(host: Host, lanes: SshLanes, world: CheckWorld) {
    const { settings, environment, stage, token } = world;
    this.#host = host;
    this.#world = world;
    this.findings = nothingOf(host);
    this.#remote = new RemoteHost({
      host,
      opener: {
        open: async (setup) => (this.#lane = await lanes.open(setup)),
        discard: (directory) => lanes.discard(directory),
      },
      stage,
      baggage: new Baggage(environment, []),
      stagingOf: () => encode(stagingDirectory(world.staging, host)),
      setup: hostSetup(host, settings.setup),
      sandbox: settings.staging === 'none' ? 'shared' : 'overlay',
      partial: settings.staging === 'declared',
      token,
      patience: host.timeout ?? settings.hostTimeout,
      merge: false,
      subMakeArguments: new SubMakeArguments([], []),
    });
  }

  /**
   * @param timeout ms that the login may take, unless the matrix says otherwise
   * @throws Error with the reason why it takes no jobs
   */
  async perform(timeout: number): Promise<void> {
    const { tools, limits, settings } = this.#world;
    tools.checkArch(this.#host);
    const most = limits.start + (this.#host.timeout === undefined ? timeout : this.#host.timeout * 1000);
    await this.#inTime(
      this.#remote.start(),
      most,
      `it was not up within ${most / 1000} s: its start-up command or its set-up lines take long, or hang`,
    );
    this.#heard();
    this.findings.roundTrip = await this.#roundTrip();
    await this.#askFacts();
    this.findings.clock = await this.#askClock();
    this.findings.remarks = [...this.findings.remarks, ...spaceRemarks(this.findings, await this.#world.survey)];
    if (settings.toolchain?.length === 0) {
      this.findings.tools = 'not compared';
      return;
    }
    this.findings.tools = 'differ';
    // It has a limit of its own, and says more then; but it waits for a place for as long as the host's owner has none.
    const limit = TOOLS_TIMEOUT_MS * 2;
    await this.#inTime(
      tools.check(this.#remote),
      limit,
      `its tools were not compared within ${limit / 1000} s: a command hangs there, or jobs of others have all places of its owner`,
    );
    this.findings.tools = 'same';
  }

  close(): void {
    this.#remote.close();
  }

  /** What it has said while it came up. */
  #heard(): void {
    const lane = this.#lane;
    if (!lane) return;
    const place = new HostPlace(this.#host, 'jobs');
    place.ready(lane.facts);
    Object.assign(this.findings, {
      sandbox: lane.sandbox,
      withoutPerl: lane instanceof ShLane,
      slots: place.slots,
      processors: lane.facts.processors,
      cap: lane.facts.cap,
      load: lane.facts.load,
    });
  }

  /** The median, in ms. */
  async #roundTrip(): Promise<number | undefined> {
    const times: number[] = [];
    for (let n = 0; n < ROUND_TRIPS; n++) {
      const begin = performance.now();
      const asked: Promise<unknown> = this.#lane?.load() ?? Promise.resolve();
      await this.#answer('a question for its load', asked);
      times.push(performance.now() - begin);
    }
    return times.sort((a, b) => a - b)[Math.floor(ROUND_TRIPS / 2)];
  }

  async #askFacts(): Promise<void> {
    Object.assign(this.findings, readFacts({ stdout: await this.#ask(factsProgram(this.#nonce)) }, this.#nonce));
  }

  async #askClock(): Promise<HostReport['clock']> {
    const samples: ClockSample[] = [];
    for (let n = 0; n < CLOCK_SAMPLES; n++) {
      const before = Date.now();
      const stdout = await this.#ask(CLOCK_PROGRAM);
      samples.push({ stdout, before, after: Date.now() });
    }
    return readClock(samples);
  }

  async #ask(program: string): Promise<string> {
    const { limits, signal } = this.#world;
    const late = AbortSignal.timeout(limits.question);
    const began = `${this.#nonce} began\n`;
    const asked = this.#remote.ask(`echo '${this.#nonce} began'\n${program}`, AbortSignal.any([late, signal]));
    const { stdout, outcome } = await this.#answer('a command for sh', asked);
    if (!stdout.startsWith(began) && outcome.kind === 'cancelled' && this.findings.cap !== undefined) {
      throw new Error(
        `all places that its owner allows (max_jobs: ${this.findings.cap}) were taken by jobs of others for ` +
          `${limits.question / 1000} s: it could not be asked anything. Jobs go there when one is free; try again then`,
      );
    }
    return stdout.startsWith(began) ? stdout.slice(began.length) : stdout;
  }

  /** Twice the time: what is killed because it takes too long may still tell what it had by then. */
  #answer<T>(what: string, work: Promise<T>): Promise<T> {
    const { question } = this.#world.limits;
    return this.#inTime(
      work,
      question * 2,
      `it is up, but ${what} did not end there within ${(question * 2) / 1000} s`,
    );
  }

  #inTime<T>(work: Promise<T>, ms: number, late: string): Promise<T> {
    return inTime(work, ms, late, this.#world.signal);
  }
}
