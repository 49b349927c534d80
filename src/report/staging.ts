import type { BuildEvent } from '../model/event.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { cleanTitle } from './clean-text.ts';
import { formatBytes } from './format-bytes.ts';

type Event<Type extends BuildEvent['type']> = Extract<BuildEvent, { type: Type }>;

/** From here on it is worth saying what is big, and how to send less. */
const MUCH = 5e6;

/** What is unusual about how jobs run there; said once a host. */
const REMARKS: Record<Sandbox, string> = {
  overlay: '',
  // Jobs are slower there, and compilers' paths differ.
  tree: '; it forbids private mounts, so each slot has a copy of its own',
  shared: '; it works in the workspace itself',
};

/** `workspace: 1204 files (96 MB); third_party 71 MB (800 files), docs 12 MB (90 files)`. */
export function describeSurvey({ files, bytes, directories }: Event<'workspace-surveyed'>): string {
  const shown = bytes < MUCH ? [] : directories;
  const biggest = shown.map((one) => `${cleanTitle(one.path, 80)} ${formatBytes(one.bytes)} (${filesText(one.files)})`);
  const hint = biggest.length > 0 ? '. What no recipe on a host reads can stay here: input exclude' : '';
  return `workspace: ${filesText(files)} (${formatBytes(bytes)})${biggest.length > 0 ? `; ${biggest.join(', ')}` : ''}${hint}`;
}

/** `build1: staging, 1204 of 80000 files, 12 of 96 MB, 2.4 MB/s`. */
export function describeProgress({ host, seconds, files, bytes, of }: Event<'staging-progress'>): string {
  const rate = formatBytes(bytes / Math.max(seconds, 0.001));
  return `${host.name}: staging, ${files} of ${filesText(of.files)}, ${formatBytes(bytes)} of ${formatBytes(of.bytes)}, ${rate}/s`;
}

/** `build1: ready in 0.8 s, 120 files (1.2 MB)`. */
export function describeHostReady({ host, seconds, files, bytes, compressed, sandbox }: Event<'host-ready'>): string {
  const sent = compressed === undefined ? '' : `, compressed to ${formatBytes(compressed)}`;
  return `${host.name}: ready in ${seconds.toFixed(1)} s, ${filesText(files)} (${formatBytes(bytes)}${sent})${REMARKS[sandbox]}`;
}

function filesText(count: number): string {
  return `${count} ${count === 1 ? 'file' : 'files'}`;
}
