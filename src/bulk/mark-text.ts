import { constants } from 'node:os';
import { describeOutcome, type Outcome } from '../model/outcome.ts';
import type { Bytes } from '../util/bytes.ts';

/** A process. When it started, in the kernel's words, tells it from a later one with the same id. */
export interface Process {
  readonly pid: number;
  readonly born: string;
}

/** A run: its process, on its machine. */
export interface Owner extends Process {
  /** For people: two machines, or containers, may share a name. */
  readonly host: string;
  /** See machineIdentity. Empty: not known. */
  readonly machine: string;
}

/** What a mark says. */
export interface MarkText {
  readonly owner: Owner;
  /** The make that runs the recipe: it may outlive the run for as long as a line of it does. */
  readonly make: Process;
  /** What runs its present line here: it may outlive run and make. Undefined: it is not known. */
  readonly line: Process | undefined;
  readonly target: Bytes;
  readonly place: string;
  /** ms since 1970 */
  readonly start: number;
  /** What is to be removed if the run dies: the file, absolute, unless it is still as it was. */
  readonly file: Bytes | undefined;
  /** A stamp of the file before. */
  readonly was: string;
  /** How it failed; undefined: it is being made. */
  readonly outcome: Outcome | undefined;
}

/** A mark as text: lines `key=value`. */
export function formatMark({ owner, make, line, target, place, start, file, was }: MarkText): Bytes {
  const lines = {
    target,
    pid: owner.pid,
    born: owner.born,
    host: owner.host,
    machine: owner.machine,
    make: `${make.pid} ${make.born}`,
    place,
    start: new Date(start).toISOString(),
    ...(file !== undefined && { file, was }),
  };
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
  return text.join('') + (line ? formatLine(line) : '');
}

/** What is added to a mark when the next line of the recipe begins; of several the last one counts. */
export function formatLine({ pid, born }: Process): Bytes {
  return `line=${pid} ${born}\n`;
}

/** What is added to the mark of an item that has failed. */
export function formatFailure(outcome: Outcome, end: number): Bytes {
  const status = outcome.kind === 'exited' ? String(outcome.status) : describeOutcome(outcome);
  return `status=${status}\nend=${new Date(end).toISOString()}\n`;
}

/** @returns undefined when it is none, or not whole */
export function parseMark(text: Bytes): MarkText | undefined {
  const lines = text.split('\n');
  if (lines.pop() !== '') return undefined;
  const values = new Map<string, Bytes>();
  for (const line of lines) {
    const equals = line.indexOf('=');
    if (equals < 1) return undefined;
    values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const keys = ['target', 'pid', 'born', 'host', 'make', 'place', 'start'];
  const [target, pid, born, host, make, place, start] = keys.map((key) => values.get(key));
  const time = Date.parse(start ?? '');
  if (target === undefined || born === undefined || host === undefined || Number.isNaN(time)) return undefined;
  const runner = processIn(make);
  if (pid === undefined || !/^\d+$/.test(pid) || runner === undefined) return undefined;
  const status = values.get('status');
  return {
    owner: { host, machine: values.get('machine') ?? '', pid: Number(pid), born },
    make: runner,
    line: processIn(values.get('line')),
    target,
    place: place ?? '',
    start: time,
    file: values.get('file'),
    was: values.get('was') ?? '',
    outcome: status === undefined ? undefined : outcomeOf(status),
  };
}

function processIn(text: Bytes | undefined): Process | undefined {
  const [, pid, born = ''] = /^(\d+) (.*)$/.exec(text ?? '') ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), born };
}

function outcomeOf(status: string): Outcome {
  if (/^\d{1,3}$/.test(status)) return { kind: 'exited', status: Number(status) };
  const signal = Object.entries(constants.signals).find(([name]) => name === status)?.[1];
  return signal === undefined ? { kind: 'exited', status: 2 } : { kind: 'signaled', signal };
}
