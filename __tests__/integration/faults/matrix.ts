/**
 * Every way in which a host may fail, at every moment of a run at which that makes a difference, and what then happens. Each cell
 * is a test on a real host (faults.test.ts), and a line of docs/faults.md.
 */

/** What breaks. */
export const FAULTS = {
  cut: 'the cable is pulled: packets vanish, nobody hears of it',
  'power off': 'the machine is gone',
  frozen: 'the machine hangs: its kernel acknowledges what it receives, no process runs',
  reset: 'the sessions of the ssh server are killed: the connection is reset',
  'lane killed': 'our own program on the host is killed, with SIGKILL',
  refused: 'nothing listens there',
  'half open': 'the connection is taken and never answered',
  slow: 'the connection is taken only after 4 seconds',
  rubbish: 'what answers is no ssh',
  'rubbish shell': 'the login shell prints random bytes',
  'rubbish perl': "a program named perl, first on the host's PATH, prints random bytes",
  'disk full': 'no byte more gets into /tmp',
  'disk small': '/tmp has less room than the workspace takes',
  'read-only': '/tmp cannot be written',
  'no fork': 'no process can be made',
  'hung job': 'a job there does not end: it takes longer than `job-timeout`',
  'silent job': "a job there does not end, and prints nothing for as long as the host's `stuck`",
  'clock ahead': "the host's clock is 5 hours ahead",
  'clock behind': "the host's clock is 5 hours behind",
} as const;

export type Fault = keyof typeof FAULTS;

/** When it breaks. */
export const PHASES = {
  connecting: 'before the run has reached the host',
  staging: 'while the workspace is being sent',
  idle: 'staged, and no job is there',
  running: 'two jobs run there',
  collecting: 'a job has ended, and what it wrote is on its way home',
  'cleaning up': 'all jobs are done, and the staging directory is to be removed',
} as const;

export type Phase = keyof typeof PHASES;

/** Where the jobs run that were there, or would have been. */
export type Where =
  /** On that host, as if nothing had happened. */
  | 'there'
  /** On the other host. */
  | 'elsewhere'
  /** On the runner. */
  | 'runner'
  /** On either of these. */
  | 'anywhere';

/** What becomes of the host. */
export type Fate =
  /** Nothing: it goes on. When all jobs are done, it does not matter any more. */
  | 'kept'
  /** It is tried again and again, in vain. */
  | 'benched'
  /** The fault is over after a moment: the host is taken back, and gets jobs again. */
  | 'back';

export interface Cell {
  readonly fault: Fault;
  readonly phase: Phase;
  readonly jobs: Where;
  readonly host: Fate;
  /** Words of the reason that is told, or of the end of a job; undefined: there is nothing to tell. */
  readonly says?: string;
  /** How soon it is noticed: by itself, or after `host-timeout` of silence. */
  readonly noticed?: 'at once' | 'host-timeout';
  /** Something stays on the host, until the next run there removes it. */
  readonly stays?: true;
  /** `host-timeout` in seconds; default 2, and 15 where the fault is to be noticed without it. */
  readonly timeout?: number;
  /** There is no other host. */
  readonly alone?: true;
  /** One of those that stand for the others in every run of the tests. */
  readonly always?: true;
}

const silent = { says: 'it has said nothing for', noticed: 'host-timeout' } as const;
const ended = { noticed: 'at once' } as const;

export const MATRIX: readonly Cell[] = [
  {
    fault: 'cut',
    phase: 'connecting',
    jobs: 'elsewhere',
    host: 'benched',
    says: 'did not answer within',
    noticed: 'host-timeout',
  },
  { fault: 'cut', phase: 'connecting', jobs: 'elsewhere', host: 'back', noticed: 'host-timeout' },
  { fault: 'cut', phase: 'staging', jobs: 'elsewhere', host: 'benched', ...silent, stays: true },
  { fault: 'cut', phase: 'idle', jobs: 'elsewhere', host: 'back', noticed: 'host-timeout' },
  { fault: 'cut', phase: 'running', jobs: 'elsewhere', host: 'benched', ...silent, stays: true },
  { fault: 'cut', phase: 'running', jobs: 'elsewhere', host: 'back', ...silent, always: true },
  { fault: 'cut', phase: 'running', jobs: 'runner', host: 'benched', ...silent, alone: true, stays: true },
  { fault: 'cut', phase: 'collecting', jobs: 'elsewhere', host: 'benched', ...silent, stays: true, always: true },
  { fault: 'cut', phase: 'cleaning up', jobs: 'there', host: 'kept', says: 'could not be removed', stays: true },

  { fault: 'power off', phase: 'staging', jobs: 'elsewhere', host: 'benched', ...silent },
  { fault: 'power off', phase: 'running', jobs: 'elsewhere', host: 'benched', ...silent },
  { fault: 'power off', phase: 'running', jobs: 'elsewhere', host: 'back', ...silent, always: true },
  { fault: 'power off', phase: 'running', jobs: 'runner', host: 'benched', ...silent, alone: true },
  { fault: 'power off', phase: 'collecting', jobs: 'elsewhere', host: 'back', ...silent },
  { fault: 'power off', phase: 'cleaning up', jobs: 'there', host: 'kept', says: 'could not be removed' },

  { fault: 'frozen', phase: 'connecting', jobs: 'elsewhere', host: 'back', noticed: 'host-timeout' },
  { fault: 'frozen', phase: 'staging', jobs: 'elsewhere', host: 'back', ...silent, always: true },
  { fault: 'frozen', phase: 'idle', jobs: 'elsewhere', host: 'back', noticed: 'host-timeout' },
  { fault: 'frozen', phase: 'running', jobs: 'elsewhere', host: 'benched', ...silent, stays: true },
  { fault: 'frozen', phase: 'running', jobs: 'elsewhere', host: 'back', ...silent, always: true },
  { fault: 'frozen', phase: 'collecting', jobs: 'elsewhere', host: 'back', ...silent },
  {
    fault: 'frozen',
    phase: 'cleaning up',
    jobs: 'there',
    host: 'kept',
    says: 'could not be removed',
    stays: true,
    always: true,
  },

  { fault: 'reset', phase: 'staging', jobs: 'elsewhere', host: 'back', ...ended },
  { fault: 'reset', phase: 'idle', jobs: 'elsewhere', host: 'back', ...ended },
  { fault: 'reset', phase: 'running', jobs: 'elsewhere', host: 'back', ...ended, always: true },
  { fault: 'reset', phase: 'collecting', jobs: 'elsewhere', host: 'back', ...ended },
  { fault: 'reset', phase: 'cleaning up', jobs: 'there', host: 'kept' },

  { fault: 'lane killed', phase: 'idle', jobs: 'elsewhere', host: 'back', ...ended },
  { fault: 'lane killed', phase: 'running', jobs: 'elsewhere', host: 'back', ...ended, always: true },
  { fault: 'lane killed', phase: 'collecting', jobs: 'elsewhere', host: 'back', ...ended },

  {
    fault: 'refused',
    phase: 'connecting',
    jobs: 'elsewhere',
    host: 'benched',
    says: 'nothing listens on port',
    ...ended,
  },
  {
    fault: 'refused',
    phase: 'connecting',
    jobs: 'elsewhere',
    host: 'back',
    says: 'nothing listens on port',
    ...ended,
    always: true,
  },
  {
    fault: 'refused',
    phase: 'connecting',
    jobs: 'runner',
    host: 'benched',
    says: 'nothing listens on port',
    ...ended,
    alone: true,
  },
  { fault: 'refused', phase: 'idle', jobs: 'there', host: 'kept' },

  { fault: 'half open', phase: 'connecting', jobs: 'elsewhere', host: 'back', noticed: 'host-timeout', always: true },
  { fault: 'slow', phase: 'connecting', jobs: 'there', host: 'kept', timeout: 15 },
  { fault: 'rubbish', phase: 'connecting', jobs: 'elsewhere', host: 'benched', ...ended, always: true },
  { fault: 'rubbish', phase: 'connecting', jobs: 'elsewhere', host: 'back', ...ended },
  { fault: 'rubbish shell', phase: 'connecting', jobs: 'elsewhere', host: 'benched', ...ended },
  { fault: 'rubbish perl', phase: 'connecting', jobs: 'elsewhere', host: 'benched', says: 'no lane sends', ...ended },

  { fault: 'disk small', phase: 'staging', jobs: 'elsewhere', host: 'benched', says: 'No space left', ...ended },
  { fault: 'disk full', phase: 'connecting', jobs: 'elsewhere', host: 'back', says: 'No space left', ...ended },
  {
    fault: 'disk full',
    phase: 'running',
    jobs: 'elsewhere',
    host: 'back',
    says: 'no space left',
    ...ended,
    always: true,
  },
  { fault: 'disk full', phase: 'cleaning up', jobs: 'there', host: 'kept' },
  { fault: 'read-only', phase: 'connecting', jobs: 'elsewhere', host: 'back', says: 'Read-only', ...ended },
  { fault: 'no fork', phase: 'connecting', jobs: 'elsewhere', host: 'back', ...ended },
  { fault: 'no fork', phase: 'running', jobs: 'anywhere', host: 'benched', ...ended, stays: true, always: true },

  { fault: 'hung job', phase: 'running', jobs: 'elsewhere', host: 'kept', says: 'timed-out time', always: true },
  { fault: 'silent job', phase: 'running', jobs: 'elsewhere', host: 'kept', says: 'timed-out silence' },

  { fault: 'clock ahead', phase: 'connecting', jobs: 'there', host: 'kept' },
  { fault: 'clock behind', phase: 'connecting', jobs: 'there', host: 'kept', always: true },
];

/** A cell in one line, the same for no other. */
export function nameOf({ fault, phase, jobs, host, alone }: Cell): string {
  const whose = alone ? ', no other host' : '';
  return `${fault}, ${phase}${whose}: host ${host}, jobs ${jobs === 'runner' ? 'on the runner' : jobs}`;
}
