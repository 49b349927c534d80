import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How one run of a job at a place ended. */
export interface Run {
  readonly target: string;
  readonly place: string;
  /** `exited 0`, `timed-out time 3`. */
  readonly outcome: string;
  readonly again: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What was told of a host: ready, or lost with the reason. */
export interface Turn {
  readonly host: string;
  readonly type: 'host-ready' | 'host-lost';
  readonly reason: string;
  readonly benched: boolean;
  readonly returned: boolean;
  readonly at: number;
}

type Line = Readonly<Record<string, unknown>> & { readonly type: string; readonly time: number };

/** events.ndjson of a run that may still be under way. What is told reaches the file half a second later. */
export class EventLog {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** What was told of the hosts, in order. */
  turns(): readonly Turn[] {
    const { lines, started } = this.#read();
    return lines.flatMap((line) =>
      line.type === 'host-ready' || line.type === 'host-lost'
        ? [
            {
              host: String(line['host']),
              type: line.type,
              reason: typeof line['reason'] === 'string' ? line['reason'] : '',
              benched: line['benched'] === true,
              returned: line['returned'] === true,
              at: started + line.time * 1000,
            },
          ]
        : [],
    );
  }

  /** Every end of a job, in order. */
  runs(): readonly Run[] {
    const { lines, started } = this.#read();
    const targets = new Map<unknown, string>();
    const jobs = new Map<unknown, string>();
    const runs: Run[] = [];
    for (const line of lines) {
      if (line.type === 'recipe') targets.set(line['recipe'], String(line['target']));
      if (line.type === 'job') jobs.set(line['job'], targets.get(line['recipe']) ?? '');
      if (line.type !== 'job-finished') continue;
      runs.push({
        target: jobs.get(line['job']) ?? '',
        place: String(line['place']),
        outcome: Object.values(line['outcome'] as object).join(' '),
        again: line['again'] === true,
        at: started + line.time * 1000,
      });
    }
    return runs;
  }

  /** When the first job that ended at that place was on its way home, in milliseconds since 1970. */
  collecting(place: string): number | undefined {
    const { lines, started } = this.#read();
    const line = lines.find((one) => one.type === 'job-collecting' && one['place'] === place);
    return line && started + line.time * 1000;
  }

  /** When the run began, in milliseconds since 1970; 0: it has not. */
  get started(): number {
    return this.#read().started;
  }

  /** What was said to people, and no error of the build. */
  messages(): readonly string[] {
    return this.#read().lines.flatMap((line) => (line.type === 'message' ? [String(line['text'])] : []));
  }

  /** Waits for what a host is told of; false: it has not come within that time. */
  async told(what: (turn: Turn) => boolean, seconds: number): Promise<boolean> {
    const end = performance.now() + seconds * 1000;
    while (!this.turns().some(what)) {
      if (performance.now() > end) return false;
      await sleep(50);
    }
    return true;
  }

  #read(): { lines: readonly Line[]; started: number } {
    if (!existsSync(this.#file)) return { lines: [], started: 0 };
    const texts = readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
    const lines = texts.map((text) => JSON.parse(text) as Line);
    const first = lines.find(({ type }) => type === 'run-started');
    return { lines, started: first === undefined ? 0 : Date.parse(String(first['started'])) - first.time * 1000 };
  }
}
