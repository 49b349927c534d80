import * as v from 'valibot';
import { isMapping } from './yaml-plain.ts';

/*
 * Our own form of a matrix, in YAML or JSON: what the other formats can say can be said here. schema/hosts.schema.json
 * is made from this (scripts/schema.mjs). What a pattern cannot tell (addresses, commands) yaml-options.ts checks. A
 * message is the end of a sentence that begins with the key.
 */

// eslint-disable-next-line no-control-regex -- it is what must not be there
const LINE = /^[^\x00-\x1f\x7f]+$/;
// eslint-disable-next-line no-control-regex -- it is what must not be there
const LINES = /^[^\x00]*$/;
// eslint-disable-next-line no-control-regex -- it is what must not be there
const NAME = /^[^\s\x00-\x1f\x7f-]([^\x00-\x1f\x7f]{0,98}[^\s\x00-\x1f\x7f])?$/;

const BE_LINE = 'must be text on one line';
const line = v.pipe(v.string(BE_LINE), v.regex(LINE, BE_LINE));
const BE_LINES = 'must be text, without NUL characters';
const lines = v.pipe(v.string(BE_LINES), v.regex(LINES, BE_LINES));
const BE_NAME =
  'must be a name: up to 100 characters on one line, without a blank at either end, and without "-" in front';
const name = v.pipe(v.string(BE_NAME), v.regex(NAME, BE_NAME));

/** A whole number. The type is what valibot makes of it, which has no shorter name. */
function whole(least: number, most: number) {
  const message = `must be a whole number from ${least} to ${most}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
}

const BE_SPEED = 'must be a number from 1 to 50';
const BE_LABEL = 'must be a word without blanks and commas';
// eslint-disable-next-line no-control-regex -- it is what must not be there
const label = v.pipe(v.string(BE_LABEL), v.regex(/^[^\s,\x00-\x1f\x7f]+$/, BE_LABEL));
const BE_VARIABLE = 'must be the name of a variable';
const variable = v.pipe(v.string(BE_VARIABLE), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, BE_VARIABLE));
const BE_VALUE = 'must be text, a number, true or false';
const value = v.union([lines, v.number(BE_VALUE), v.boolean(BE_VALUE)], BE_VALUE);
const BE_ARCH = 'must be a word such as amd64';
const BE_MEMORY = 'must be bytes, or text with K, M or G behind the number such as 4G';
const BE_PARALLEL = 'must be a number of jobs such as 4, or a part of the slots such as /2';

/** Runs before a schema of a mapping: valibot takes a list for an object with the keys 0, 1, …. */
function noList(message: string) {
  return v.pipe(v.unknown(), v.check(isMapping, message));
}

/** Descriptions are what editors show. */
function described<Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.optional(v.pipe(schema, v.description(description)));
}

const BE_ENVIRONMENT = 'must be a mapping of variables to values';

/** What may be said of each host, and of all of them. */
const options = {
  slots: described(whole(1, 9999), 'Jobs that it may run at one time. Left out: as many as it has processors.'),
  path: described(
    v.union([line, v.array(line, 'must be a list of directories')], 'must be directories, as a list or with colons'),
    "Directories that come first on its jobs' PATH: a list, or text with colons between them. Absolute.",
  ),
  jump: described(
    v.union([v.string(), v.array(v.string(), 'must be a list of hosts')], 'must be hosts, as a list or with commas'),
    'Hosts to go through to reach it, in order, each [user@]name[:port]: a list, or text with commas between them; ' +
      '"none" for a direct way. Left out: what the ssh configuration says.',
  ),
  identity: described(line, 'File with a private key for it; "~/" is the home directory.'),
  environment: described(
    v.pipe(noList(BE_ENVIRONMENT), v.record(variable, value, BE_ENVIRONMENT)),
    'Variables of its jobs. The values are kept out of the log.',
  ),
  speed: described(
    v.pipe(v.number(BE_SPEED), v.minValue(1, BE_SPEED), v.maxValue(50, BE_SPEED)),
    'How fast it is among the others: 1 to 50.',
  ),
  labels: described(v.array(label, 'must be a list of words'), 'Words for what it is or has.'),
  transport: described(
    v.union([line, v.array(line, 'must be a list of words')], 'must be a command, as text or as a list of words'),
    'Program and first arguments that give a byte stream to it instead of ssh of our own.',
  ),
  setup: described(lines, 'Lines for sh before its jobs; what they assign is exported.'),
  startup: described(lines, 'Command for sh that is run there once and first. If it fails, the host is left out.'),
  chroot: described(line, 'Directory there that everything runs in as if it were "/"; "/" for none.'),
  timeout: described(whole(1, 9_999_999), 'Seconds until it is given up when it does not answer.'),
  arch: described(
    v.pipe(v.string(BE_ARCH), v.regex(/^[A-Za-z0-9_.-]+$/, BE_ARCH)),
    'Its processor. A host whose processor differs from that of the runner is left out.',
  ),
  stuck: described(whole(0, 9_999_999), 'Seconds without output after which a job counts as stuck; 0 for never.'),
  memory: described(
    v.union(
      [whole(0, Number.MAX_SAFE_INTEGER), v.pipe(v.string(BE_MEMORY), v.regex(/^[0-9]{1,12}[KMGkmg]?$/, BE_MEMORY))],
      BE_MEMORY,
    ),
    'Memory that its jobs may fill: bytes, or text with K, M or G behind the number; 0 for all there is.',
  ),
  parallel: described(
    v.union([whole(1, 9999), v.pipe(v.string(BE_PARALLEL), v.regex(/^\/[1-9][0-9]{0,3}$/, BE_PARALLEL))], BE_PARALLEL),
    'Slots that one job may take: a number, or "/2" for half of them.',
  ),
  'needs-owners-file': described(
    v.boolean('must be true or false'),
    'Whether it takes no jobs unless its owner has put a file there that caps them.',
  ),
};

const BE_HOST = 'must be "[user@]name[:port]", with " N" behind it for its jobs, or a mapping that has "address"';
const hostEntries = {
  address: v.pipe(
    v.string('must be "[user@]name[:port]"'),
    v.description('Where it is: [user@]name[:port], an IPv6 address in brackets. "localhost" is the runner itself.'),
  ),
  name: described(name, 'What logs and groups call it. Left out: its address.'),
  groups: described(
    v.union([name, v.array(name, 'must be a list of groups')], 'must be a group or a list of groups'),
    'Groups that it is in.',
  ),
  ...options,
};
const hostText = v.pipe(v.string(BE_HOST), v.description('[user@]name[:port], and behind a blank its number of jobs.'));
const host = v.union([hostText, v.pipe(noList(BE_HOST), v.strictObject(hostEntries, BE_HOST))], BE_HOST);
const hosts = v.array(host, 'must be a list of hosts');

const members = v.nullable(v.array(name, 'must be a list of names of hosts and groups'));
const BE_GROUP = 'must be a name, or a mapping that has "name" and "members"';
const groupEntries = { name, members: v.optional(members) };
const group = v.pipe(noList(BE_GROUP), v.strictObject(groupEntries, BE_GROUP));
const BE_GROUPS = 'must be a mapping of names to members, or a list';
const groups = v.union(
  [v.pipe(noList(BE_GROUPS), v.record(name, members, BE_GROUPS)), v.array(v.union([name, group], BE_GROUP), BE_GROUPS)],
  BE_GROUPS,
);

const BE_DEFAULTS = 'must be a mapping';
const BE_MATRIX = 'must be a mapping with "hosts" in it, or a list of hosts';
const matrixEntries = {
  $schema: described(line, 'Where this schema is: for editors, without effect.'),
  hosts: v.pipe(hosts, v.description('The hosts.')),
  groups: described(
    groups,
    'Groups of hosts, each with the names of its hosts and of groups in it. The first is used where none is chosen.',
  ),
  defaults: described(
    v.pipe(noList(BE_DEFAULTS), v.strictObject(options, BE_DEFAULTS)),
    'What holds for all hosts that do not say otherwise.',
  ),
  'make-arguments': described(line, 'Arguments for each make that a recipe calls.'),
};

/** The whole of it as a mapping. */
export const MATRIX = v.pipe(noList(BE_MATRIX), v.strictObject(matrixEntries, BE_MATRIX));

/** A matrix may also be the list of its hosts alone. */
export const MATRIX_OR_HOSTS = v.pipe(
  v.union([MATRIX, hosts]),
  v.title('Host matrix of distmake'),
  v.description('The hosts on which recipes run, in YAML or JSON.'),
);

export type MatrixInput = v.InferOutput<typeof MATRIX>;
export type HostInput = Exclude<MatrixInput['hosts'][number], string>;
export type OptionsInput = NonNullable<MatrixInput['defaults']>;

/** The keys that are known, for "did you mean". */
export const KEYS = {
  matrix: Object.keys(matrixEntries),
  host: Object.keys(hostEntries),
  defaults: Object.keys(options),
  group: Object.keys(groupEntries),
};
